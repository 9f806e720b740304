package sosl

import (
	"fmt"
	"strings"
	"testing"
)

func TestWords(t *testing.T) {
	for _, one := range []struct {
		words, text string
		found       bool
	}{
		{"acme", "Acme, Inc.", true},
		{"acm", "Acme, Inc.", false},
		{"acm*", "Acme, Inc.", true},
		{"a?me", "Acme, Inc.", true},
		{"a?e", "Acme, Inc.", false},
		{"inc acme", "Acme, Inc.", true},
		{"acme ltd", "Acme, Inc.", false},
		{"acme OR ltd", "Acme, Inc.", true},
		{"acme and inc", "Acme, Inc.", true},
		{"acme AND NOT inc", "Acme, Inc.", false},
		{"acme AND NOT ltd", "Acme, Inc.", true},
		{`"acme inc"`, "Acme, Inc.", true},
		{`"inc acme"`, "Acme, Inc.", false},
		{`"and"`, "this and that", true},
		{"(ltd OR inc) acme", "Acme, Inc.", true},
		{"(ltd OR gmbh) AND acme", "Acme, Inc.", false},
		{`right brace \}`, "a right brace", true},
		{"o'neil", "Mr O'Neil", true},
		{"o'neil", "neil o", false},
		{"zürich", "ZÜRICH", true},
		{"a[cm", "x", false},
	} {
		words, err := ParseWords(one.words)
		if err != nil {
			t.Errorf("%s: %v", one.words, err)
		} else if words.Match([]string{"nothing", one.text}) != one.found {
			t.Errorf("%s in %q: not %v", one.words, one.text, one.found)
		}
	}
	for words, want := range map[string]string{
		"a": "INVALID_SEARCH: search term must be longer than one character: a", "": "INVALID_SEARCH",
		"*": "INVALID_SEARCH", "(acme": "MALFORMED_SEARCH", "acme OR": "MALFORMED_SEARCH", "acme)": "MALFORMED_SEARCH",
		"NOT acme": "MALFORMED_SEARCH",
	} {
		if _, err := ParseWords(words); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", words, err, want)
		}
	}
}

func TestStatements(t *testing.T) {
	for text, want := range map[string]string{
		"FIND {acme}": "ALL -1 []",
		"find {acme} in name fields returning Account, Contact(Id,  Account.Name limit 3), Lead (Name)  limit 7": "" +
			"NAME 7 [{Account    -1 -1} {Contact Id,  Account.Name   3 -1} {Lead Name   -1 -1}]",
		"FIND {a\\}b} IN EMAIL FIELDS RETURNING X__c(Id WHERE (A__c = 'LIMIT 3)' OR B__c IN ('x')) " +
			"ORDER BY Name DESC LIMIT 2 OFFSET 1)": "" +
			"EMAIL -1 [{X__c Id (A__c = 'LIMIT 3)' OR B__c IN ('x')) Name DESC 2 1}]",
	} {
		s, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := fmt.Sprint(s.Scope, " ", s.Limit, " ", s.Returning); got != want {
			t.Errorf("%s: got  %s\nwant %s", text, got, want)
		}
	}
	for _, text := range []string{
		"FIND 'acme'", "FIND acme", "SELECT Id FROM Account", "FIND {acme} IN ODD FIELDS", "FIND {acme} RETURNING",
		"FIND {acme} RETURNING Account(Id", "FIND {acme} WITH METADATA", "FIND {acme} RETURNING Account(Id LIMIT x)",
		"FIND {acme} RETURNING Account(Id ORDER Name)", "FIND {acme} RETURNING Account(Id USING ListView=x)",
		"FIND {acme} LIMIT 1 2",
	} {
		if _, err := Parse(text); err == nil || !strings.HasPrefix(err.Error(), "MALFORMED_SEARCH: ") {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(`FIND {a* OR ("b c" AND NOT d)} IN NAME FIELDS RETURNING A(Id WHERE x = '\'' LIMIT 1), B LIMIT 2`)
	f.Fuzz(func(t *testing.T, text string) {
		if s, err := Parse(text); err == nil {
			s.Words.Match([]string{text})
		}
	})
}
