package fakeorg_test

import (
	"strings"
	"testing"

	"catchment/internal/fakeorg"
)

// A value may hold half of a pair of UTF-16. REST sends its number, in every form of
// an answer, and Bulk the three bytes that UTF-8 would have for it.
func TestHalvesOfPairs(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(3))
	c.ok("POST", "/_org/records", `{"do":"drift","ids":["`+first+`"],"field":"Name",`+
		`"value":"\\ud800 \ud83d\ude00\uDBFF\"\udc00\u0041"}`)
	const want = `"\\ud800 😀\udbff\"\udc00A"`
	for _, a := range []answer{
		c.do("GET", data+"/sobjects/Account/"+first, ""),
		c.do("GET", queryPath("SELECT Name FROM Account"), ""),
		c.do("POST", data+"/composite/sobjects/Account", `{"ids":["`+first+`"],"fields":["Name"]}`),
	} {
		if a.StatusCode != 200 || !strings.Contains(a.body, `"Name":`+want) {
			t.Errorf("%d %s", a.StatusCode, a.body)
		}
	}
	_, rows := c.results(c.job("SELECT Id, Name FROM Account"), 10)
	if csv := "\\ud800 😀\xed\xaf\xbf\"\"\xed\xb0\x80A"; !strings.Contains(rows, `"`+first+`","`+csv+`"`) {
		t.Errorf("%q", rows)
	}
}

// What a client writes may hold halves too, by every way in, and a half is a character.
func TestHalvesOfPairsAreTaken(t *testing.T) {
	c := serve(t, fakeorg.Options{}, generated(3))
	const want = `"a\udc00b"`
	shown := func(id, step string) {
		t.Helper()
		if a := c.do("GET", data+"/sobjects/Account/"+id, ""); !strings.Contains(a.body, `"Site":`+want) {
			t.Errorf("%s: %s", step, a.body)
		}
	}
	id := c.ok("POST", data+"/sobjects/Account", `{"Name":"x","Site":`+want+`}`)["id"].(string)
	shown(id, "created")
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":null}`)
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":`+want+`}`)
	shown(id, "updated")
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":null}`)
	a := c.do("PATCH", data+"/composite/sobjects",
		`{"records":[{"attributes":{"type":"Account"},"Id":"`+id+`","Site":`+want+`}]}`)
	if a.StatusCode != 200 {
		t.Fatal(a.body)
	}
	shown(id, "in a collection")
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":null}`)
	c.ok("POST", data+"/composite", `{"compositeRequest":[{"method":"PATCH","referenceId":"x","url":"`+data+
		`/sobjects/Account/`+id+`","body":{"Site":`+want+`}}]}`)
	shown(id, "in a composite request")
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":null}`)
	job := c.ok("POST", data+"/jobs/ingest", `{"object":"Account","operation":"update"}`)["id"].(string)
	c.do("PUT", data+"/jobs/ingest/"+job+"/batches", "Id,Site\n"+id+",a\xed\xb0\x80b\n", "Content-Type", "text/csv")
	c.ok("PATCH", data+"/jobs/ingest/"+job, `{"state":"UploadComplete"}`)
	shown(id, "by Bulk")

	halves := strings.Repeat(`\ud800`, 80)
	c.ok("PATCH", data+"/sobjects/Account/"+id, `{"Site":"`+halves+`"}`)
	c.do("PATCH", data+"/sobjects/Account/"+id, `{"Site":"`+halves+`x"}`).refused(t, 400, "STRING_TOO_LONG")
}
