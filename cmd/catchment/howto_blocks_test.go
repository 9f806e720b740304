package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every block of a how-to page is executed, or says right above that it isn't,
// and why. Console and bash blocks are typed by TestHowtoPages; a configuration
// stands in a script, or is a file of its page.
func TestHowTosAreExecuted(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../testdata/script/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var scripts strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		scripts.Write(text)
	}
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
			case kind == "yaml" && strings.Contains(scripts.String(), body):
			case notExecuted.MatchString(blocks[i-1]):
			default:
				t.Errorf("%s: nobody executes this, and no *Not executed: ...* stands above it:\n%s", page, body)
			}
		}
	}
}

// notExecuted is how a page says so of the block below.
var notExecuted = regexp.MustCompile(`\*Not executed[^*]*: [^*]+\*\s*$`)
