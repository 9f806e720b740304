package secret

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/plan"
)

// word is the secret of these tests: it must be found nowhere but in Reveal.
const word = "hunter2"

func resolver(env map[string]string) Resolver {
	return Resolver{
		Getenv:   func(name string) string { return env[name] },
		ReadFile: os.ReadFile,
	}
}

func TestResolve(t *testing.T) {
	dir := t.TempDir()
	file := func(content string) string {
		f, err := os.CreateTemp(dir, "")
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		f.WriteString(content)
		return "file:" + f.Name()
	}
	r := resolver(map[string]string{"S": word, "NL": word + "\n", "BLANK": " " + word + " "})
	for _, c := range []struct{ ref, want string }{
		{"env:S", word},
		{"env:NL", word + "\n"},
		{"env:BLANK", " " + word + " "},
		{file(word), word},
		{file(word + "\n"), word},
		{file(word + "\r\n"), word},
		{file(word + "\n\n"), word + "\n"},
		{file(word + "\r"), word + "\r"},
		{file("a\nb\n"), "a\nb"},
		{file("ключ🔑"), "ключ🔑"},
	} {
		v, err := r.Resolve(c.ref)
		if err != nil || v.Reveal() != c.want {
			t.Errorf("%s: %q, %v; want %q", c.ref, v.Reveal(), err, c.want)
		}
	}
}

func TestResolveRefuses(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	if err := os.WriteFile(empty, []byte("\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for _, c := range []struct{ ref, message, hint string }{
		{"env:NONE", "secret env:NONE: the variable is not set, or empty", "export NONE="},
		{"env:EMPTY", "secret env:EMPTY: the variable is not set, or empty", "export EMPTY="},
		{"env:", "is not set", "export"},
		{"file:" + empty, "the file is empty", "write the secret"},
		{"file:" + missing, missing, "write the secret"},
		{"file:" + dir, dir, "a file that this user may read"},
		{word, "no reference", "env:NAME, file:PATH or aws-sm:NAME#KEY"},
		{"aws-sm:catchment", "doesn't read AWS", "env:NAME or file:PATH"},
		{"", "no reference", "env:NAME, file:PATH or aws-sm:NAME#KEY"},
	} {
		v, err := resolver(map[string]string{"EMPTY": ""}).Resolve(c.ref)
		if err == nil {
			t.Errorf("%q: no error", c.ref)
			continue
		}
		if !strings.Contains(err.Error(), c.message) || !strings.Contains(plan.HintOf(err), c.hint) {
			t.Errorf("%q: %v (hint: %s); want %q (%q)", c.ref, err, plan.HintOf(err), c.message, c.hint)
		}
		if plan.ClassOf(err) != plan.Fix || v.Reveal() != "" {
			t.Errorf("%q: class %s, value %q", c.ref, plan.ClassOf(err), v.Reveal())
		}
		if strings.Contains(err.Error()+plan.HintOf(err), word) {
			t.Errorf("%q: the message repeats the secret", c.ref)
		}
	}
}

func TestReadErrorIsKept(t *testing.T) {
	r := Resolver{ReadFile: func(string) ([]byte, error) { return []byte(word), fs.ErrPermission }}
	v, err := r.Resolve("file:x")
	if !errors.Is(err, fs.ErrPermission) || v.Reveal() != "" {
		t.Errorf("%q, %v", v.Reveal(), err)
	}
}

// TestValueHides prints a secret, alone and inside other things, with
// everything that prints.
func TestValueHides(t *testing.T) {
	v := New(word)
	type box struct {
		Name    string
		V       Value
		P       *Value
		M       map[string]Value
		private Value
	}
	for _, thing := range []any{v, &v, box{"n", v, &v, map[string]Value{"k": v}, v}, []Value{v},
		fmt.Errorf("with %v", v)} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10.3s", "%T"} {
			if s := fmt.Sprintf(verb, thing); leaks(s) {
				t.Errorf("%s of %T: %s", verb, thing, s)
			}
		}
		text, err := json.Marshal(thing)
		if leaks(string(text)) {
			t.Errorf("json of %T: %s, %v", thing, text, err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", thing)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", thing)
		if leaks(log.String()) {
			t.Errorf("log of %T: %s", thing, &log)
		}
	}
	if text, err := xml.Marshal(v); err != nil || leaks(string(text)) {
		t.Errorf("xml: %s, %v", text, err)
	}
	if got := fmt.Sprint(v); got != "[secret]" {
		t.Errorf("printed as %q", got)
	}
}

func leaks(s string) bool {
	return strings.Contains(s, word) || strings.Contains(strings.ToLower(s), fmt.Sprintf("%x", word))
}
