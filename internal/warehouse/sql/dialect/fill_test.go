package dialect

import (
	"fmt"
	"strings"
	"testing"
)

func TestFill(t *testing.T) {
	for _, c := range []struct {
		template string
		values   Holes
		want     string
	}{
		{"SELECT 1", nil, "SELECT 1"},
		{"SELECT {key} FROM {staging} v ORDER BY {key}", Holes{"key": `"id"`, "staging": "s"},
			`SELECT "id" FROM s v ORDER BY "id"`},
		{"{read_at}{read_at}", Holes{"read_at": "now"}, "nownow"},
		{"{row}, {known}", Holes{"row": `"{known}{row}"`, "known": "true"}, `"{known}{row}", true`},
		{"columns = {{types}}", Holes{"types": "'a{b}': 'VARCHAR'"}, "columns = {'a{b}': 'VARCHAR'}"},
		{"{} {Key} {a b} {k1} LIKE '%s$1\\1'", nil, "{} {Key} {a b} {k1} LIKE '%s$1\\1'"},
		{"{key}", Holes{"key": "$1 ${key}"}, "$1 ${key}"},
	} {
		if got := Fill(c.template, c.values); got != c.want {
			t.Errorf("%s: got %s, want %s", c.template, got, c.want)
		}
	}
}

func TestFillPanics(t *testing.T) {
	for _, c := range []struct {
		template string
		values   Holes
		name     string
	}{
		{"SELECT {key} FROM {staging}", Holes{"key": "k"}, "{staging}"},
		{"SELECT {key}", nil, "{key}"},
		{"SELECT {key}", Holes{"key": "k", "where": "w"}, "{where}"},
		{"SELECT {key}", Holes{"key": "{where}", "where": "w"}, "{where}"},
	} {
		if got := panicOf(func() { Fill(c.template, c.values) }); !strings.Contains(got, c.name) {
			t.Errorf("%s: got the panic %q, want one that names %s", c.template, got, c.name)
		}
	}
}

// panicOf is what f panics with, "" where it doesn't.
func panicOf(f func()) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprint(p)
		}
	}()
	f()
	return ""
}
