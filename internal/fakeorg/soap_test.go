package fakeorg_test

import (
	"encoding/xml"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// soap calls an operation of the partner API with the client's session.
func (c *client) soap(header, body string) answer {
	c.t.Helper()
	return c.do("POST", "/services/Soap/u/60.0", `<?xml version="1.0"?>`+
		`<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns="urn:partner.soap.sforce.com">`+
		`<e:Header>`+
		`<SessionHeader><sessionId>`+c.token+`</sessionId></SessionHeader>`+header+`</e:Header><e:Body>`+body+
		`</e:Body></e:Envelope>`, "Content-Type", "text/xml", "Authorization", "")
}

// A soapPage is what query and queryMore answer, read with the namespaces that
// a typed client insists on.
type soapPage struct {
	XMLName xml.Name `xml:"http://schemas.xmlsoap.org/soap/envelope/ Envelope"`
	Limit   int      `xml:"Header>LimitInfoHeader>limitInfo>limit"`
	Body    struct {
		Inside struct {
			XMLName xml.Name
			Done    bool   `xml:"urn:partner.soap.sforce.com result>done"`
			Locator string `xml:"result>queryLocator"`
			Size    int    `xml:"result>size"`
			Records []struct {
				Type string   `xml:"urn:sobject.partner.soap.sforce.com type"`
				ID   []string `xml:"urn:sobject.partner.soap.sforce.com Id"`
			} `xml:"result>records"`
		} `xml:",any"`
	} `xml:"Body"`
}

func (c *client) soapQuery(header, body string) soapPage {
	c.t.Helper()
	a := c.soap(header, body)
	var page soapPage
	if err := xml.Unmarshal([]byte(a.body), &page); err != nil || a.StatusCode != 200 {
		c.t.Fatalf("%d %v: %s", a.StatusCode, err, a.body)
	}
	return page
}

func TestSoapQueryAndQueryMore(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(2000))
	count, err := strconv.Atoi(fmt.Sprint(c.get(queryPath("SELECT COUNT() FROM Contact"))["totalSize"]))
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]int{
		"": 500, "<QueryOptions><batchSize>200</batchSize></QueryOptions>": 200,
		"<QueryOptions><batchSize>1</batchSize></QueryOptions>": 200,
	} {
		seen := map[string]bool{}
		page := c.soapQuery(header, `<query><queryString>SELECT Id, LastName FROM Contact</queryString></query>`)
		name := "queryResponse"
		for {
			got := page.Body.Inside
			if got.XMLName.Local != name || got.XMLName.Space != "urn:partner.soap.sforce.com" || got.Size != count ||
				page.Limit != 100_000 {
				t.Fatalf("%v, size %d, limit %d", got.XMLName, got.Size, page.Limit)
			}
			for _, r := range got.Records {
				if r.Type != "Contact" || len(r.ID) != 2 || r.ID[0] != r.ID[1] || seen[r.ID[0]] {
					t.Fatalf("%+v", r)
				}
				seen[r.ID[0]] = true
			}
			if got.Done {
				break
			}
			if len(got.Records) != want || got.Locator == "" {
				t.Fatalf("%d records, locator %q", len(got.Records), got.Locator)
			}
			page = c.soapQuery(header, "<queryMore><queryLocator>"+got.Locator+"</queryLocator></queryMore>")
			name = "queryMoreResponse"
		}
		if len(seen) != count || count <= 500 {
			t.Errorf("%d records of %d", len(seen), count)
		}
	}
	if got := c.org.Requests()["soap"]; got < 5 {
		t.Errorf("%d SOAP requests are counted", got)
	}
}

// What the records of an answer look like.
func TestSoapRecords(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	c.ok("POST", data+"/sobjects/Account", `{"Name":"A & <B>\r\n","BillingCity":"Rome","NumberOfEmployees":7}`)
	made := c.query(queryPath("SELECT Id FROM Account WHERE NumberOfEmployees = 7 AND BillingCity = 'Rome'"))
	id := made[0]["Id"].(string)
	c.ok("POST", data+"/sobjects/Contact", `{"LastName":"One","AccountId":"`+id+`"}`)
	const null, record = ` xsi:nil="true"/>`, `<records xsi:type="sf:sObject">`
	const end = `<done>true</done><queryLocator` + null
	for list, want := range map[string]string{
		"Name, Site, Owner.Name, CreatedDate": record + `<sf:type>Account</sf:type><sf:Id` + null +
			`<sf:Name>A &amp; &lt;B&gt;&#xD;&#xA;</sf:Name><sf:Site` + null +
			`<sf:Owner xsi:type="sf:sObject"><sf:type>User</sf:type><sf:Id` + null + `<sf:Name>`,
		"CreatedDate, NumberOfEmployees": `<sf:CreatedDate>2026-03-14T15:09:26.000Z</sf:CreatedDate>` +
			`<sf:NumberOfEmployees>7</sf:NumberOfEmployees></records>`,
		"BillingAddress": `<sf:BillingAddress xsi:type="address"><city>Rome</city>`,
		"(SELECT LastName FROM Contacts)": `<sf:Contacts xsi:type="QueryResult">` + end + record +
			`<sf:type>Contact</sf:type><sf:Id` + null + `<sf:LastName>One</sf:LastName></records>` +
			`<size>1</size></sf:Contacts>`,
		"COUNT(Id) n": `<sf:type>AggregateResult</sf:type><sf:Id` + null + `<sf:n>1</sf:n>`,
		"COUNT()":     end + `<size>1</size>`,
	} {
		soql := "SELECT " + list + " FROM Account WHERE Id = '" + id + "'"
		if got := c.soap("", "<query><queryString>"+soql+"</queryString></query>").body; !strings.Contains(got, want) {
			t.Errorf("%s: %s\nis not in\n%s", soql, want, got)
		}
	}
	c.ok("DELETE", data+"/sobjects/Account/"+id, "")
	for operation, want := range map[string]int{"query": 0, "queryAll": 1} {
		statement := "<queryString>SELECT Id FROM Account WHERE Id = '" + id + "'</queryString>"
		page := c.soapQuery("", "<"+operation+">"+statement+"</"+operation+">")
		if page.Body.Inside.Size != want {
			t.Errorf("%s finds %d", operation, page.Body.Inside.Size)
		}
	}
}

func TestSoapFaults(t *testing.T) {
	c := serve(t, fakeorg.Options{DailyAPIRequests: 6}, generated(100))
	query := func(soql string) string { return "<query><queryString>" + soql + "</queryString></query>" }
	for body, want := range map[string][2]string{
		query("SELECT FROM Account"):      {"MALFORMED_QUERY", "MalformedQueryFault"},
		query("SELECT Nope FROM Account"): {"INVALID_FIELD", "InvalidFieldFault"},
		query("SELECT Id FROM Nope"):      {"INVALID_TYPE", "InvalidSObjectFault"},
		"<queryMore><queryLocator>01g-500</queryLocator></queryMore>": {
			"INVALID_QUERY_LOCATOR", "InvalidQueryLocatorFault"},
		"<describeSObject><sObjectType>No</sObjectType></describeSObject>": {"INVALID_TYPE", "InvalidSObjectFault"},
	} {
		a, code, typ := c.soap("", body), want[0], want[1]
		if a.StatusCode != 500 ||
			!strings.Contains(a.body, "<faultcode>sf:"+code+"</faultcode><faultstring>"+code+": ") ||
			!strings.Contains(a.body, `<sf:`+typ+` xsi:type="sf:`+typ+`"><sf:exceptionCode>`+code) {
			t.Errorf("%s: %d %s", body, a.StatusCode, a.body)
		}
	}
	c.soap("", query("SELECT Id FROM Account LIMIT 1"))
	a := c.soap("", query("SELECT Id FROM Account LIMIT 1"))
	if !strings.Contains(a.body, "<faultcode>sf:REQUEST_LIMIT_EXCEEDED</faultcode>") {
		t.Error(a.body)
	}
	c.org.Clock().Advance(25 * time.Hour)
	c.org.Fault(fakeorg.Rule{Kind: "soap", Nth: 1, ExpireSession: true})
	if a := c.soap("", query("SELECT Id FROM Account")); !strings.Contains(a.body,
		"<faultcode>sf:INVALID_SESSION_ID</faultcode>") {
		t.Error(a.body)
	}
}

// The answers that typed clients read before they ask for records.
func TestSoapDescribesAndSessions(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const two = "<describeSObjects><sObjectType>Account</sObjectType><sObjectType>Contact</sObjectType>" +
		"</describeSObjects>"
	for body, wants := range map[string][]string{
		"<getServerTimestamp/>": {"<result><timestamp>2026-03-14T15:09:26.000Z</timestamp>"},
		"<describeGlobal/>":     {"<encoding>UTF-8</encoding>", "<keyPrefix>001<", "<name>Invoice__c</name>"},
		two: {
			"<describeSObjectsResponse><result>", "<fields>", "<soapType>tns:ID</soapType>", "</result><result>",
			"<referenceTo>Account</referenceTo>", "<childSObject>Contact</childSObject>",
			"<urlNew>" + c.url + "/003/e</urlNew></result></describeSObjectsResponse>",
		},
		"<getUserInfo/>": {
			"<organizationId>" + c.org.ID(), `<roleId xsi:nil="true"></roleId>`, "<sessionSecondsValid>2592000",
		},
	} {
		a := c.soap("", body)
		for _, want := range wants {
			if !strings.Contains(a.body, want) {
				t.Errorf("%s: %s is not in %.2000s", body, want, a.body)
			}
		}
		if err := xml.Unmarshal([]byte(a.body), new(struct{})); err != nil || strings.Contains(a.body, "<urls>") {
			t.Errorf("%s: %v", body, err)
		}
	}
	if a := c.soap("", "<logout/>"); a.StatusCode != 200 {
		t.Error(a.body)
	}
	c.do("GET", data+"/limits", "").refused(t, 401, "INVALID_SESSION_ID")
}
