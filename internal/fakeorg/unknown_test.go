package fakeorg_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// Bulk API 1 isn't there, and says so in its own words: XML or JSON, whichever
// the client speaks.
func TestBulk1IsRefusedInItsOwnWords(t *testing.T) {
	c := serve(t, fakeorg.Options{}, nil)
	const asXML = `<error xmlns="http://www.force.com/2009/06/asyncapi/dataload"><exceptionCode>%s</exceptionCode>`
	for _, one := range []struct {
		method, path string
		header       []string
		code, want   string
	}{
		{"POST", "/services/async/60.0/job", []string{"Content-Type", "application/xml; charset=UTF-8"}, "", asXML},
		{"POST", "/services/async/60.0/job", []string{"Content-Type", "application/json"}, "", `{"exceptionCode":"%s"`},
		{"GET", "/services/async/60.0/job/750Ho0000000001", nil, "", asXML},
		{"GET", "/services/async/60.0/job/750Ho0000000001/batch", []string{"Accept", "application/json"}, "",
			`{"exceptionCode":"%s"`},
		{"GET", "/services/async/60.0/job/750Ho0000000001", []string{"Accept", "application/xml, application/json"}, "",
			asXML},
		{"GET", "/services/async/60.0/job/750Ho0000000001/batch/result.json", nil, "", `{"exceptionCode":"%s"`},
		{"POST", "/services/async/60.0/job", []string{"X-SFDC-Session", "gone"}, "InvalidSessionId", asXML},
	} {
		header, code := one.header, "FeatureNotEnabled"
		if one.code != "" {
			code = one.code
		} else {
			header = append(header, "X-SFDC-Session", c.token)
		}
		a := c.do(one.method, one.path, "", header...)
		if want := fmt.Sprintf(one.want, code); a.StatusCode != 400 || !strings.Contains(a.body, want) {
			t.Errorf("%s %s %q: %d %s, want %s", one.method, one.path, one.header, a.StatusCode, a.body, want)
		}
		kind := a.Header.Get("Content-Type")
		if json.Valid([]byte(a.body)) != strings.HasPrefix(kind, "application/json") {
			t.Errorf("%s is called %s", a.body, kind)
		}
	}
}

// A record that isn't there is named by its Id only where there is one, and
// from version 53 on.
func TestIngestOfUnknownIds(t *testing.T) {
	c := serve(t, fakeorg.Options{HardDelete: true}, generated(100))
	const unknown, gone, foreign = "001Ho00000zzzzzIAA", "001Ho0000000003IAA", "003Ho0000000001IAA"
	c.ok("DELETE", data+"/sobjects/Account/"+gone, "")
	const (
		nowhere = `"","INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--","%s"`
		bad     = `"","MALFORMED_ID:bad id %s:--","%[1]s"`
		other   = `"","MALFORMED_ID:Account ID: id value of incorrect type: %s:Id --","%[1]s"`
		deleted = `"%s","ENTITY_IS_DELETED:entity is deleted:--","%[1]s"`
	)
	for _, operation := range []string{"update", "delete", "hardDelete"} {
		head, tail := "Id", ""
		if operation == "update" {
			head, tail = "Id,Site", ",here"
		}
		lines := head + "\n"
		for _, id := range []string{unknown, "001000000000000AAA", "rubbish", foreign} {
			lines += id + tail + "\n"
		}
		if operation != "hardDelete" { // which purges what is in the bin
			lines += gone + tail + "\n"
		}
		id := c.ingest(`{"object":"Account","operation":"`+operation+`"}`, lines)
		failed := c.ingested(id, "failedResults")
		wants := []string{fmt.Sprintf(nowhere, unknown), fmt.Sprintf(nowhere, "001000000000000AAA"),
			fmt.Sprintf(bad, "rubbish"), fmt.Sprintf(other, foreign)}
		if operation != "hardDelete" {
			wants = append(wants, fmt.Sprintf(deleted, gone))
		}
		for _, want := range wants {
			if !strings.Contains(failed, want) {
				t.Errorf("%s: %s is not in\n%s", operation, want, failed)
			}
		}
		if got := strings.Count(failed, "\n"); got != len(wants)+1 {
			t.Errorf("%s: %d lines", operation, got)
		}
	}
}

func TestIngestNamesNoFailedIdBefore53(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	for version, want := range map[string]string{"v52.0": `""`, "v53.0": `"` + first + `"`} {
		at := "/services/data/" + version + "/jobs/ingest"
		id := c.ok("POST", at, `{"object":"Account","operation":"update"}`)["id"].(string)
		c.do("PUT", at+"/"+id+"/batches", "Id,NumberOfEmployees\n"+first+",many\n")
		c.ok("PATCH", at+"/"+id, `{"state":"UploadComplete"}`)
		got := c.do("GET", at+"/"+id+"/failedResults", "").body
		if !strings.Contains(got, "\n"+want+`,"JSON_PARSER_ERROR:`) {
			t.Errorf("%s: %s", version, got)
		}
	}
}

func TestCollectionsOfUnknownIds(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const unknown, gone, foreign = "001Ho00000zzzzzIAA", "001Ho0000000003IAA", "003Ho0000000001IAA"
	c.ok("DELETE", data+"/sobjects/Account/"+gone, "")
	said := func(a answer) []string {
		t.Helper()
		var results []struct {
			ID      string
			Success bool
			Errors  []struct {
				StatusCode, Message string
				Fields              []string
			}
		}
		if err := json.Unmarshal([]byte(a.body), &results); err != nil {
			t.Fatalf("%v: %s", err, a.body)
		}
		var all []string
		for _, r := range results {
			if r.Success || r.ID != "" || len(r.Errors) != 1 {
				t.Errorf("%+v", r)
				continue
			}
			all = append(all, fmt.Sprint(r.Errors[0].StatusCode, ": ", r.Errors[0].Message, r.Errors[0].Fields))
		}
		return all
	}
	same := func(got []string, wants ...string) {
		t.Helper()
		if g, w := strings.Join(got, "\n"), strings.Join(wants, "\n"); g != w {
			t.Errorf("got\n%s\nwant\n%s", g, w)
		}
	}
	record := func(id string) string { return `{"attributes":{"type":"Account"},"id":"` + id + `","Site":"here"}` }
	const nowhere, deleted = "INVALID_CROSS_REFERENCE_KEY: invalid cross reference id[]",
		"ENTITY_IS_DELETED: entity is deleted[]"
	updates := []string{record(unknown), record(gone), record("rubbish"), record(foreign)}
	body := `{"records":[` + strings.Join(updates, ",") + `]}`
	same(said(c.do("PATCH", data+"/composite/sobjects", body)), nowhere, deleted,
		"MALFORMED_ID: Account ID: id value of incorrect type: rubbish[Id]",
		"MALFORMED_ID: Account ID: id value of incorrect type: "+foreign+"[Id]")
	ids := strings.Join([]string{unknown, gone, "rubbish", "999000000000000AAA"}, ",")
	same(said(c.do("DELETE", data+"/composite/sobjects?ids="+ids, "")), nowhere, deleted,
		"MALFORMED_ID: malformed id rubbish[]", nowhere)
	same(said(c.do("PATCH", data+"/composite/sobjects/Account/Id", `{"records":[`+record(unknown)+`]}`)), nowhere)
	// One record by itself is a resource that isn't there: 404.
	c.do("PATCH", data+"/sobjects/Account/"+unknown, `{"Site":"here"}`).refused(t, 404, "INVALID_CROSS_REFERENCE_KEY")
	c.do("DELETE", data+"/sobjects/Account/"+unknown, "").refused(t, 404, "INVALID_CROSS_REFERENCE_KEY")
	c.do("GET", data+"/sobjects/Account/"+unknown, "").refused(t, 404, "NOT_FOUND")
}

// Query jobs came with version 47, those that write with version 41.
func TestBulkJobsBeforeTheirVersions(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(100))
	const query, insert = `{"operation":"query","query":"SELECT Id FROM Account"}`,
		`{"operation":"insert","object":"Account"}`
	c.do("POST", "/services/data/v46.0/jobs/query", query).refused(t, 404, "NOT_FOUND")
	c.do("GET", "/services/data/v46.0/jobs/query", "").refused(t, 404, "NOT_FOUND")
	c.do("POST", "/services/data/v40.0/jobs/ingest", insert).refused(t, 404, "NOT_FOUND")
	c.ok("POST", "/services/data/v47.0/jobs/query", query)
	c.ok("POST", "/services/data/v41.0/jobs/ingest", insert)
}
