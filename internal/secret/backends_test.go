package secret

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestBackendOf(t *testing.T) {
	for _, c := range []struct{ ref, scheme, rest string }{
		{"env:S", "env", "S"},
		{"env:", "env", ""},
		{"file:/a:b", "file", "/a:b"},
		{"aws-sm:arn:aws:x#k", "aws-sm", "arn:aws:x#k"},
		{"", "", ""},
		{"env", "", ""},
		{":env", "", ""},
		{"ENV:S", "", ""},
		{" env:S", "", ""},
		{"environment:S", "", ""},
	} {
		b, rest, ok := BackendOf(c.ref)
		if b.Scheme != c.scheme || rest != c.rest || ok != (c.scheme != "") {
			t.Errorf("%q: %q, %q, %v", c.ref, b.Scheme, rest, ok)
		}
	}
}

func TestValid(t *testing.T) {
	for ref, want := range map[string]bool{
		"env:SF_CLIENT_ID": true, "env:_1": true, "env:": false, "env:1A": false, "env:A-B": false, "env:A\n": false,
		"file:id": true, "file:/run/my secrets/id": true, "file:": false, "file: \t": false,
		"aws-sm:a": true, "aws-sm:a/b#k": true, "aws-sm:arn:aws:secretsmanager:eu-central-1:1:secret:a-Ab#k": true,
		"aws-sm:": false, "aws-sm:#k": false, "aws-sm:a#": false, "aws-sm:a#b#c": false, "aws-sm:a#k k": false,
		"aws-sm:a b": false,
	} {
		if b, rest, ok := BackendOf(ref); !ok || b.Valid(rest) != want {
			t.Errorf("%q: want %v", ref, want)
		}
	}
}

// What an entry has to say, and where a reader of the docs finds it.
func TestBackends(t *testing.T) {
	howto, err := os.ReadFile("../../docs/howto/logins.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range Backends() {
		named, rest, ok := BackendOf(b.Form)
		if !ok || named.Scheme != b.Scheme || !b.Valid(rest) {
			t.Errorf("%s: its form %s is none of its references", b.Scheme, b.Form)
		}
		if (b.Outside == "") == (b.read == nil) {
			t.Errorf("%s is read either here or by a Reader", b.Scheme)
		}
		if b.File && b.Fixed {
			t.Errorf("%s: a file can be rewritten", b.Scheme)
		}
		if b.Grant != nil && !b.Lambda {
			t.Errorf("%s: a right on what no Lambda gets at", b.Scheme)
		}
		if !strings.Contains(string(howto), "`"+b.Form+"`") {
			t.Errorf("docs/howto/logins.md doesn't say %s", b.Form)
		}
	}
}

func TestForms(t *testing.T) {
	for want, schemes := range map[string][]string{
		"":                                       nil,
		"file:PATH":                              {"file"},
		"env:NAME or aws-sm:NAME#KEY":            {"aws-sm", "env"},
		"env:NAME, file:PATH or aws-sm:NAME#KEY": {"file", "aws-sm", "env"},
	} {
		got := FormsOf(func(b Backend) bool { return slices.Contains(schemes, b.Scheme) })
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
