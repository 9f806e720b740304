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
