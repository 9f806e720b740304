package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every block of a how-to page is executed, or says right above that it isn't,
// and why. Console and bash blocks are typed by TestHowtoPages; a configuration
// stands in a script, or is a file of its page; others are read by a test that names
// the page and the kind of block.
func TestHowTosAreExecuted(t *testing.T) {
	t.Parallel()
	scripts, tests := textOf(t, "../../testdata/script/*.txtar"), textOf(t, "*_test.go")
	for _, page := range howtoPages(t) {
		read := readPage(t, page)
		blocks := strings.Split(read.text, "```")
		for i, block := range blocks {
			kind, body, _ := strings.Cut(block, "\n")
			name, isFile := strings.CutPrefix(body, "# ")
			name, _, _ = strings.Cut(name, "\n")
			switch {
			case i%2 == 0 || kind == "console" || kind == "bash":
			case kind == "yaml" && isFile && read.files[name] == body && len(read.typed) > 0:
			case kind == "yaml" && strings.Contains(scripts, body):
			case strings.Contains(tests, fmt.Sprintf("%q, %q", filepath.Base(page), kind)):
			case notExecuted.MatchString(blocks[i-1]):
			default:
				t.Errorf("%s: nobody executes this, and no *Not executed: ...* stands above it:\n%s", page, body)
			}
		}
	}
}

// textOf is what all these files say.
func textOf(t *testing.T, pattern string) string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// notExecuted is how a page says so of the block below.
var notExecuted = regexp.MustCompile(`\*Not executed[^*]*: [^*]+\*\s*$`)

// A page that shows what isn't said is found out.
func TestPagesShowWhatIsSaid(t *testing.T) {
	t.Parallel()
	const said = "OBJECT   READ\nAccount  2,001  0\nContact  done, 30 of 1004 rows\nrun is done: 2 objects\n"
	for _, c := range []struct{ shows, missing string }{
		{"OBJECT READ\nAccount 2,001", ""},
		{"...\nAccount   2,001\n...", ""},
		{"Account ... 0\nrun is done", ""},
		{"Con... of 1004", ""},
		{"Contact  done", ""},
		{"Contact\nAccount", "Account"},
		{"Account\nAccount", "Account"},
		{"004 rows", "004 rows"},
		{"30 of 100", "30 of 100"},
		{"Account  2", "Account  2"},
		{"2,001 ... Contact", "2,001 ... Contact"},
	} {
		if got := notSaid(said, strings.Split(c.shows, "\n")); got != c.missing {
			t.Errorf("%q: %q is missing, want %q", c.shows, got, c.missing)
		}
	}
}
