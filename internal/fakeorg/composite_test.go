package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// statuses are the codes of the answers within a composite one.
func statuses(t *testing.T, all any, key string) []string {
	t.Helper()
	var got []string
	for _, a := range all.([]any) {
		got = append(got, fmt.Sprint(a.(map[string]any)[key]))
	}
	return got
}

func TestComposite(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	body := `{"compositeRequest":[
		{"method":"POST","url":"/services/data/v66.0/sobjects/Account","referenceId":"made","body":{"Name":"A"}},
		{"method":"POST","url":"/services/data/v66.0/sobjects/Contact","referenceId":"child","body":{"LastName":"C","AccountId":"@{made.id}"}},
		{"method":"GET","url":"/services/data/v66.0/query?q=SELECT+Id+FROM+Account+WHERE+Name='A'","referenceId":"found"},
		{"method":"GET","url":"/services/data/v66.0/sobjects/Account/@{found.records[0].Id}","referenceId":"read"},
		{"method":"GET","url":"/services/data/v66.0/sobjects/Account/@{nothing.id}","referenceId":"lost"},
		{"method":"DELETE","url":"/services/data/v66.0/sobjects/Account/@{made.id}","referenceId":"gone"}]}`
	before := c.org.Requests()
	got := c.ok("POST", data+"/composite", body)["compositeResponse"]
	if want := "[201 201 200 200 400 204]"; fmt.Sprint(statuses(t, got, "httpStatusCode")) != want {
		t.Errorf("got %v", got)
	}
	after := c.org.Requests()
	if after["composite"] != 1 || after["record"] != before["record"] {
		t.Errorf("six subrequests are one call: %v", after)
	}
	many := `{"compositeRequest":[` + strings.Repeat(`{"method":"GET","url":"/x","referenceId":"x"},`, 25) +
		`{"method":"GET","url":"/x","referenceId":"x"}]}`
	c.do("POST", data+"/composite", many).refused(t, 400, "LIMIT_EXCEEDED")
	c.do("POST", data+"/composite", "[").refused(t, 400, "JSON_PARSER_ERROR")
}

// What is about objects is one call together, as the guide has it ("all sObject
// resources"); queries are five at most.
func TestCompositeOfObjects(t *testing.T) {
	c := serve(t, fakeorg.Options{NotInComposite: []string{"deleted"}}, generated(100))
	part := func(path string) string {
		return `{"method":"GET","url":"` + data + path + `","referenceId":"x"}`
	}
	now := c.org.Clock().Now()
	times := "?start=" + now.Add(-time.Hour).Format("2006-01-02T15:04:05Z") + "&end=" +
		now.Format("2006-01-02T15:04:05Z")
	body := func(parts ...string) string { return `{"compositeRequest":[` + strings.Join(parts, ",") + `]}` }
	before := c.org.Requests()
	got := c.ok("POST", data+"/composite",
		body(part("/sobjects/Account/describe"), part("/sobjects/Account/updated/"+times),
			part("/sobjects/Account/deleted"+times), part("/limits"), part("/sobjects/Nope/describe"),
			part("/queryAll?q=SELECT+COUNT()+FROM+Account")))["compositeResponse"]
	if want := "[200 200 400 400 404 200]"; fmt.Sprint(statuses(t, got, "httpStatusCode")) != want {
		t.Errorf("got %v", got)
	}
	if after := c.org.Requests(); after["composite"] != 1 || after["describe"] != before["describe"] ||
		after["updated"] != before["updated"] {
		t.Errorf("six subrequests are one call: %v", after)
	}
	query := part("/query?q=SELECT+Id+FROM+Account+LIMIT+1")
	c.ok("POST", data+"/composite", body(query, query, query, query, query))
	c.do("POST", data+"/composite", body(query, query, query, query, query, query)).refused(t, 400, "LIMIT_EXCEEDED")
	c.do("POST", data+"/composite",
		body(`{"method":"GET","url":"`+data+`/query","referenceId":"x","httpHeaders":{"accept":"x"}}`)).refused(t, 400,
		"INVALID_HEADER")
}

func TestCompositeAllOrNone(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for _, ok := range []bool{false, true} {
		second := `{"Site":"no name"}`
		if ok {
			second = `{"Name":"whole"}`
		}
		body := `{"allOrNone":true,"compositeRequest":[
			{"method":"POST","url":"/services/data/v66.0/sobjects/Account","referenceId":"a","body":{"Name":"whole"}},
			{"method":"POST","url":"/services/data/v66.0/sobjects/Account","referenceId":"b","body":` + second + `}]}`
		got := fmt.Sprint(c.ok("POST", data+"/composite", body))
		found := len(c.query(queryPath("SELECT Id FROM Account WHERE Name = 'whole'")))
		if ok && found != 2 || !ok && (found != 0 || !strings.Contains(got, "PROCESSING_HALTED")) {
			t.Errorf("%v: %d records, %s", ok, found, got)
		}
	}
}

func TestCompositeBatch(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	body :=
		`{"haltOnError":%v,"batchRequests":[{"method":"GET","url":"v66.0/limits"},{"method":"GET","url":"v66.0/nothing"},
		{"method":"PATCH","url":"v66.0/sobjects/Account/` + first + `","richInput":{"Name":"Batched"}}]}`
	got := c.ok("POST", data+"/composite/batch", fmt.Sprintf(body, true))
	if want := "[200 404 412]"; fmt.Sprint(statuses(t, got["results"], "statusCode")) != want ||
		got["hasErrors"] != true {
		t.Errorf("got %v", got)
	}
	got = c.ok("POST", data+"/composite/batch", fmt.Sprintf(body, false))
	if want := "[200 404 204]"; fmt.Sprint(statuses(t, got["results"], "statusCode")) != want {
		t.Errorf("got %v", got)
	}
	if got := c.org.Requests()["limits"]; got != 2 {
		t.Errorf("each part of a batch is a call: %d", got)
	}
}

// list posts a collection and decodes its results.
func (c *client) list(method, path, body string) []map[string]any {
	c.t.Helper()
	a := c.do(method, path, body)
	var got []map[string]any
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.StatusCode != 200 {
		c.t.Fatalf("%s %s: %d %s", method, path, a.StatusCode, a.body)
	}
	return got
}

func TestCollections(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	at := data + "/composite/sobjects"
	records :=
		`"records":[{"attributes":{"type":"Account"},"Name":"one"},{"attributes":{"type":"Account"}},{"attributes":{"type":"Nope"}},{"Name":"typeless"}]`
	made := c.list("POST", at, `{`+records+`}`)
	if made[0]["success"] != true || made[1]["success"] != false || made[2]["success"] != false ||
		made[3]["success"] != false {
		t.Errorf("made %v", made)
	}
	none := c.list("POST", at, `{"allOrNone":true,`+records+`}`)
	if none[0]["success"] != false || !strings.Contains(fmt.Sprint(none[0]), "ALL_OR_NONE_OPERATION_ROLLED_BACK") {
		t.Errorf("all or none: %v", none)
	}
	if got := c.query(queryPath("SELECT Id FROM Account WHERE Name = 'one'")); len(got) != 1 {
		t.Errorf("%v", got)
	}
	id := made[0]["id"].(string)
	changed := c.list("PATCH", at,
		`{"records":[{"attributes":{"type":"Account"},"id":"`+id+`","Name":"two"},{"attributes":{"type":"Account"},"id":"x"}]}`)
	if changed[0]["success"] != true || changed[1]["success"] != false {
		t.Errorf("changed %v", changed)
	}
	read := c.list("POST", at+"/Account", `{"ids":["`+id+`","001Ho0000009999IAA"],"fields":["Name"]}`)
	if read[0]["Name"] != "two" || read[1] != nil {
		t.Errorf("read %v", read)
	}
	if read := c.list("GET", at+"/Account?fields=Name,Site&ids="+id, ""); read[0]["Name"] != "two" {
		t.Errorf("read %v", read)
	}
	c.do("GET", at+"/Account?fields=Nope&ids="+id, "").refused(t, 400, "INVALID_FIELD")
	upserted := c.list("PATCH", at+"/Invoice__c/Number__c",
		`{"records":[{"attributes":{"type":"Invoice__c"},"Number__c":"N00000001"},{"attributes":{"type":"Invoice__c"},"Number__c":"new"}]}`)
	if upserted[0]["created"] != false || upserted[1]["created"] != true {
		t.Errorf("upserted %v", upserted)
	}
	gone := c.list("DELETE", at+"?ids="+id+","+id, "")
	if gone[0]["success"] != true || gone[1]["success"] != false {
		t.Errorf("gone %v", gone)
	}
	many := strings.TrimSuffix(strings.Repeat(`{"attributes":{"type":"Account"}},`, 201), ",")
	c.do("POST", at, `{"records":[`+many+`]}`).refused(t, 400, "LIMIT_EXCEEDED")
	c.do("DELETE", at+"?ids="+strings.Repeat("x,", 201), "").refused(t, 400, "LIMIT_EXCEEDED")
	c.do("GET", at+"/Account?fields=Id&ids="+strings.Repeat("x,", 2001), "").refused(t, 400, "LIMIT_EXCEEDED")
}

func TestTree(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	tree := `{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"root","Contacts":{"records":[
		{"attributes":{"type":"Contact","referenceId":"c1"},"LastName":"leaf"},{"attributes":{"type":"Contact","referenceId":"c2"}%s}]}}]}`
	got := c.ok("POST", data+"/composite/tree/Account", fmt.Sprintf(tree, `,"LastName":"leaf"`))
	if got["hasErrors"] != false || len(got["results"].([]any)) != 3 {
		t.Errorf("got %v", got)
	}
	if got := c.query(queryPath("SELECT Id FROM Contact WHERE Account.Name = 'root'")); len(got) != 2 {
		t.Errorf("%v", got)
	}
	a := c.do("POST", data+"/composite/tree/Account", fmt.Sprintf(tree, ""))
	if a.StatusCode != 400 || !strings.Contains(a.body, `"referenceId":"c2"`) ||
		!strings.Contains(a.body, "REQUIRED_FIELD_MISSING") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	if got := c.query(queryPath("SELECT Id FROM Account WHERE Name = 'root'")); len(got) != 1 {
		t.Errorf("half a tree: %v", got)
	}
	c.do("POST", data+"/composite/tree/Account", `{"records":[5]}`).refused(t, 400, "JSON_PARSER_ERROR")
}

func TestExternalIDs(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	at := data + "/sobjects/Invoice__c/Number__c/"
	made := c.ok("PATCH", at+"mine", `{"Notes__c":"a"}`)
	again := c.ok("PATCH", at+"mine", `{"Notes__c":"b"}`)
	if made["created"] != true || again["created"] != false || made["id"] != again["id"] {
		t.Errorf("%v, then %v", made, again)
	}
	if r := c.get(at + "mine?fields=Notes__c"); r["Notes__c"] != "b" {
		t.Errorf("%v", r)
	}
	c.do("POST", data+"/sobjects/Invoice__c", `{"Number__c":"mine"}`).refused(t, 400, "DUPLICATE_VALUE")
	linked := c.ok("POST", data+"/sobjects/Task",
		`{"Status":"Completed","Priority":"Low","Who":{"Id":"003Ho0000000001IAA"}}`)["id"].(string)
	if r := c.get(data + "/sobjects/Task/" + linked); r["WhoId"] != "003Ho0000000001IAA" {
		t.Errorf("%v", r)
	}
	c.do("POST", data+"/sobjects/Task",
		`{"Status":"Completed","Priority":"Low","Who":{"Id":"003Ho0000009999IAA"}}`).refused(t, 400, "INVALID_FIELD")
	c.ok("DELETE", at+"mine", "")
	c.do("GET", at+"mine", "").refused(t, 404, "NOT_FOUND")
	c.do("GET", data+"/sobjects/Account/Name/x", "").refused(t, 404, "NOT_FOUND")
	c.do("PATCH", data+"/sobjects/Account/Name/x", "{}").refused(t, 404, "NOT_FOUND")
	// Two records with one key, where the field isn't kept unique.
	fine(t, c.org.Drift("a0IHo0000000001MAA", "Number__c", "N00000002"))
	a := c.do("GET", at+"N00000002", "")
	if a.StatusCode != 300 {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
}

func TestBytesOfARecord(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	fine(t, c.org.AddObject("Paper__c", "a0P", fakeorg.Field{Name: "Body__c", Type: "base64"}))
	id := c.ok("POST", data+"/sobjects/Paper__c", `{"Body__c":"AP8K"}`)["id"].(string)
	at, _ := c.get(data + "/sobjects/Paper__c/" + id)["Body__c"].(string)
	if a := c.do("GET", at, ""); a.body != "\x00\xff\n" || a.StatusCode != 200 {
		t.Errorf("%s: %d %q", at, a.StatusCode, a.body)
	}
	c.do("GET", data+"/sobjects/Paper__c/"+id+"/Nope", "").refused(t, 404, "NOT_FOUND")
	c.do("POST", data+"/jobs/query", `{"operation":"query","query":"SELECT Body__c FROM Paper__c"}`).refused(t, 400,
		"FEATURENOTENABLED")
}

func TestLayoutsCountsAndPlans(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	all := c.get(data + "/sobjects/Account/describe/layouts")
	mapping := all["recordTypeMappings"].([]any)[0].(map[string]any)
	one := c.get(data + "/sobjects/Account/describe/layouts/" + mapping["recordTypeId"].(string))
	if len(all["layouts"].([]any)) != 1 || one["detailLayoutSections"] == nil {
		t.Errorf("%v", one)
	}
	c.get(data + "/sobjects/Account/describe/compactLayouts")
	c.do("GET", data+"/sobjects/Organization/describe/layouts", "").refused(t, 404, "NOT_FOUND")
	fine(t, c.org.Delete(first))
	counts := c.get(data + "/limits/recordCount?sObjects=Account,Contact")
	if got := fmt.Sprint(counts["sObjects"]); got != "[map[count:23 name:Account] map[count:29 name:Contact]]" {
		t.Errorf("%s", got)
	}
	if len(c.get(data + "/limits/recordCount")["sObjects"].([]any)) < 8 {
		t.Error("not all objects are counted")
	}
	tasks := func() any { return c.get(data + "/limits/recordCount?sObjects=Task,Nothing__c")["sObjects"] }
	before := fmt.Sprint(tasks())
	task := c.get(data + "/query?q=SELECT+Id+FROM+Task+LIMIT+1")["records"].([]any)[0].(map[string]any)["Id"].(string)
	fine(t, c.org.Archive(task))
	if after := fmt.Sprint(tasks()); before != "[map[count:14 name:Task]]" || after != "[map[count:13 name:Task]]" {
		t.Errorf("tasks before one is archived %s, and then %s", before, after)
	}
	fine(t, c.org.AddStandard("LoginHistory"))
	if got := fmt.Sprint(c.get(data + "/limits/recordCount?sObjects=LoginHistory")["sObjects"]); got != "[]" {
		t.Errorf("a history is counted: %s", got)
	}
	for soql, want := range map[string]string{"SELECT+Id+FROM+Account": "TableScan",
		"SELECT+Id+FROM+Account+WHERE+Id>'001Ho0000000001'": "Index"} {
		plan := c.get(data + "/query?explain=" + soql)["plans"].([]any)[0].(map[string]any)
		if plan["leadingOperationType"] != want {
			t.Errorf("%s: %v", soql, plan)
		}
	}
	c.do("GET", data+"/query?explain=nonsense", "").refused(t, 400, "MALFORMED_QUERY")
}

// Old clients log in by SOAP, and can't send PATCH.
func TestOldClients(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	login := c.org.Credentials()
	envelope := func(header, body string) string {
		return `<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Header>` +
			header + `</e:Header><e:Body>` + body + `</e:Body></e:Envelope>`
	}
	enter := func(password string) string {
		return envelope("",
			`<n:login xmlns:n="urn:partner.soap.sforce.com"><n:username>`+login.Username+`</n:username><n:password>`+password+`</n:password></n:login>`)
	}
	a := c.do("POST", "/services/Soap/u/60.0", enter(login.Password), "Content-Type", "text/xml")
	_, rest, _ := strings.Cut(a.body, "<sessionId>")
	token, _, ok := strings.Cut(rest, "</sessionId>")
	if !ok || !strings.Contains(a.body, "<serverUrl>"+c.url+"/services/Soap/u/60.0/00D") {
		t.Fatal(a.body)
	}
	// The namespace stands on the envelope: there are clients that look for <loginResponse> as it is.
	if !strings.Contains(a.body, ` xmlns="urn:partner.soap.sforce.com"`) || !strings.Contains(a.body,
		"<soapenv:Body><loginResponse><result>") {
		t.Error(a.body)
	}
	c.token = token
	c.get(data + "/limits")
	for body, want := range map[string]string{
		enter("wrong"):                        "INVALID_LOGIN",
		"nonsense":                            "no SOAP envelope",
		envelope("", "<getServerTimestamp/>"): "INVALID_SESSION_ID",
		envelope("<SessionHeader><sessionId>"+token+"</sessionId></SessionHeader>",
			"<sing/>"): "No operation available",
		envelope("<SessionHeader><sessionId>"+token+"</sessionId></SessionHeader>", "<getUserInfo/>"): "<userName>" +
			login.Username,
	} {
		if a := c.do("POST", "/services/Soap/u/60.0", body); !strings.Contains(a.body, want) {
			t.Errorf("%s is not in %s", want, a.body)
		}
	}
	if a := c.do("POST", "/services/Soap/u/65.0", enter(login.Password)); !strings.Contains(a.body,
		"UNSUPPORTED_API_VERSION") {
		t.Error(a.body)
	}
	c.ok("POST", data+"/sobjects/Account/"+first+"?_HttpMethod=PATCH", `{"Name":"patched"}`)
	if r := c.get(data + "/sobjects/Account/" + first); r["Name"] != "patched" {
		t.Errorf("%v", r["Name"])
	}
	c.do("POST", data+"/sobjects/Account", "not packed", "Content-Encoding", "gzip").refused(t, 400, "INVALID_REQUEST")
}
