package dotenv

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
)

const good = "\uFEFF# what cron starts with\r\n\r\nSF_CLIENT_ID=3MVG9.abc_1\n" +
	"export SF_CLIENT_SECRET='a#b $c \"d\" \\e'\nSPACED=\"two words\"  # and a remark\n" +
	"  EMPTY=\nPLAIN=x=y/z+1==\nEMPTY=''\n"

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := Parse(".env", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	want := []Variable{{"SF_CLIENT_ID", "3MVG9.abc_1"}, {"SF_CLIENT_SECRET", `a#b $c "d" \e`}, {"SPACED", "two words"},
		{"EMPTY", ""}, {"PLAIN", "x=y/z+1=="}, {"EMPTY", ""}}
	if !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// A shell that reads such a file has the same variables.
func TestShellReadsTheSame(t *testing.T) {
	t.Parallel()
	text := strings.ReplaceAll(strings.TrimPrefix(good, "\uFEFF"), "\r", "")
	path := filepath.Join(t.TempDir(), ".env")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	all, err := Parse(path, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		show := `. "$1" && eval "printf %s \"\$$2\""`
		out, err := exec.Command("env", "-i", "/bin/sh", "-c", show, "sh", path, v.Name).Output()
		if err != nil || string(out) != v.Value {
			t.Errorf("%s: %q, %v, want %q", v.Name, out, err, v.Value)
		}
	}
}

// What readers of such files take in different ways is refused, by the line and the name, and
// without the value.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for _, line := range []string{
		"hunter2", "SECRET", "SECRET: hunter2", "1A=hunter2", "A-B=hunter2", "=hunter2", "SECRET =hunter2",
		"SECRET= hunter2", "SECRET=hunter2#x", "SECRET=$hunter2", "SECRET=a\\hunter2", "SECRET=`hunter2`",
		"SECRET=hun ter2", "SECRET='hunter2", "SECRET=\"hunter2", "SECRET=\"a$hunter2\"", "SECRET=\"a\\\"hunter2\"",
		"SECRET='it'\\''s hunter2'", "SECRET='a'hunter2", "SECRET=hunter2'a'", "SECRET=hunter2\x00",
		"export SECRET hunter2",
	} {
		_, err := Parse("conf/.env", []byte("# first\n"+line+"\n"))
		if err == nil || plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%q: %v", line, err)
			continue
		}
		if said := err.Error() + plan.HintOf(err); strings.Contains(said, "ter2") ||
			!strings.HasPrefix(said, "conf/.env:2: ") {
			t.Errorf("%q: %s", line, said)
		}
	}
	_, err := Parse(".env", []byte("SF_CLIENT_SECRET=a#hunter2"))
	if err == nil || !strings.Contains(err.Error(), "what SF_CLIENT_SECRET holds needs quotes") {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Fuzz(func(t *testing.T, data []byte) {
		all, err := Parse("f", data)
		if (err == nil) == (plan.ClassOf(err) == plan.Fix) {
			t.Errorf("%v of class %s", err, plan.ClassOf(err))
		}
		for _, v := range all {
			if v.Name == "" || strings.ContainsAny(v.Name, "= \x00") || strings.ContainsAny(v.Value, "\n\x00") {
				t.Errorf("%q", v)
			}
		}
	})
}

// What is set already stays; a file that can't be read is told, and one that isn't there is not.
func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := Beside(filepath.Join(dir, "catchment.yaml"))
	there := map[string]string{"A": "shell", "EMPTY": ""}
	env := Environment{Get: func(name string) string { return there[name] }}
	if get, err := Load(path, env); err != nil || get("A") != "shell" || get("B") != "" {
		t.Errorf("without a file: %v", err)
	}
	if err := os.WriteFile(path, []byte("A=file\nB=file\nEMPTY=file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	get, err := Load(path, env)
	if err != nil || get("A") != "shell" || get("B") != "file" || get("EMPTY") != "file" || len(there) != 2 {
		t.Errorf("%v: %v", err, there)
	}
	env.Set = func(name, value string) error { there[name] = value; return nil }
	if _, err := Load(path, env); err != nil || there["A"] != "shell" || there["B"] != "file" {
		t.Errorf("%v: %v", err, there)
	}
	env.Set = func(string, string) error { return os.ErrInvalid }
	there = map[string]string{}
	if _, err := Load(path, env); !errors.Is(err, os.ErrInvalid) || strings.Contains(err.Error(), "file\n") {
		t.Error(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(path, env); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Error(err)
	}
}
