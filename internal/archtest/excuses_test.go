package archtest

import (
	"strings"
	"testing"
)

// Excuses are what a text file lets off: a line for each, with the reason.
type excuses struct {
	file   string
	needed map[string]bool
}

func readExcuses(t *testing.T, file, text string) excuses {
	t.Helper()
	e := excuses{file, map[string]bool{}}
	for line := range strings.Lines(text) {
		what, reason, ok := strings.Cut(line, ":")
		if strings.HasPrefix(line, "#") || strings.TrimSpace(line) == "" {
			continue
		}
		if !ok || strings.TrimSpace(reason) == "" {
			t.Errorf("%s excuses %q without a reason", file, strings.TrimSpace(what))
		}
		e.needed[strings.TrimSpace(what)] = false
	}
	return e
}

func (e excuses) covers(what string) bool {
	if _, ok := e.needed[what]; ok {
		e.needed[what] = true
	}
	return e.needed[what]
}

// failUnneeded keeps the file true: what has been mended needs no excuse.
func (e excuses) failUnneeded(t *testing.T) {
	t.Helper()
	for what, needed := range e.needed {
		if !needed {
			t.Errorf("%s excuses %q, which needs none", e.file, what)
		}
	}
}
