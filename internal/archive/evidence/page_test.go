package evidence_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
)

// The program of docs/reference/evidence.md, which knows nothing of this package, comes to the
// same digest, chain and counts, also after an erasure, and sees a byte that is another one.
func TestOthersCanCheck(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("this machine has no python3: the program of docs/reference/evidence.md isn't run")
	}
	page, err := os.ReadFile("../../../docs/reference/evidence.md")
	if err != nil {
		t.Fatal(err)
	}
	program := regexp.MustCompile("(?s)```python\n(.*?)```").FindSubmatch(page)
	if program == nil {
		t.Fatal("the page has no program")
	}
	s := newScene(t, 10)
	s.whole()
	for _, erased := range [][]string{nil, {caseID(1), caseID(9)}} {
		s.must(evidence.Redactor{Store: s.store}.Redact(t.Context(), erased))
		want := s.check()
		out, err := s.python(python, string(program[1]))
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		lines := []string{"plan " + s.digest}
		for _, n := range want.Counts {
			lines = append(lines, fmt.Sprint(n.Object, " ", n.Outcome, " ", n.Records))
		}
		lines = append(lines, "chain "+want.Link)
		if got := strings.TrimSpace(out); got != strings.Join(lines, "\n") {
			t.Errorf("it says\n%s\nwant\n%s", got, strings.Join(lines, "\n"))
		}
	}
	key := s.keys()[3]
	s.replace(key, []byte(strings.Replace(string(s.text(key)), caseID(5), caseID(15), 1)))
	if out, err := s.python(python, string(program[1])); err == nil || !strings.Contains(out, "doesn't follow") {
		t.Errorf("a byte was changed: %v\n%s", err, out)
	}
}

// python runs a program over the folder of a plan, on a disk.
func (s *scene) python(python, program string) (out string, err error) {
	s.Helper()
	root := s.TempDir()
	for key, text := range s.store {
		path := filepath.Join(root, filepath.FromSlash(key))
		s.must(os.MkdirAll(filepath.Dir(path), 0o700))
		s.must(os.WriteFile(path, text, 0o600))
	}
	folder := filepath.Join(root, filepath.FromSlash(strings.TrimSuffix(manifest.Folder(s.plan), "/")))
	text, err := exec.Command(python, "-c", program, folder).CombinedOutput() // #nosec G204 -- a test's own
	return string(text), err
}
