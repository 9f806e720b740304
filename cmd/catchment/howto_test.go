package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The pages of docs/howto are executed, each in a shell of its own, which has
// what a reader has: catchment, bash, curl, jq, psql, and DuckDB's own command.
// What stands behind "$ " in a console block is typed, with the lines below that
// begin with "> "; each other line has to be said by the command, in that order.
// "..." stands for lines that are left out, or for a part of one. An exit code
// other than 0 stands behind "# exit". A bash block is typed as a whole, and has
// to end well. A yaml block that begins with "# NAME.yaml" is that file.
//
// A page that links to the org of the README has that org; one that says "$PG_URL"
// has a database; where a page says that something stands in for something else,
// that is on PATH, and nowhere else.
func TestHowtoPages(t *testing.T) {
	t.Parallel()
	pages := howtoPages(t)
	dir := t.TempDir()
	for _, page := range pages {
		if p := readPage(t, page); len(p.typed) == 0 || filepath.Base(page) == "README.md" {
			continue // what isn't executed is marked so: TestHowTosAreExecuted
		}
		name := strings.TrimSuffix(filepath.Base(page), ".md") + ".txtar"
		if err := os.WriteFile(filepath.Join(dir, name), []byte("page "+filepath.Base(page)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	params := scriptParams(t)
	params.Dir = dir
	params.Cmds["page"] = func(ts *testscript.TestScript, _ bool, args []string) { executePage(t, ts, args[0]) }
	testscript.Run(t, params)
}

func howtoPages(t *testing.T) []string {
	pages, err := filepath.Glob("../../docs/howto/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	return pages
}

// A howto is what is executed of a page.
type howto struct {
	text  string
	typed []typed
	files map[string]string
}

// typed is a command as a reader types it, and what comes of it.
type typed struct {
	line    int
	command string
	code    int
	says    []string
}

func readPage(t *testing.T, path string) howto {
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p := howto{text: string(text), files: map[string]string{}}
	for _, f := range fileBlocks.FindAllStringSubmatch(p.text, -1) {
		p.files[f[2]] = f[1]
	}
	kind := ""
	for i, line := range strings.Split(p.text, "\n") {
		last := len(p.typed) - 1
		switch fence, found := strings.CutPrefix(line, "```"); {
		case found && kind == "":
			if kind = fence; kind == "" {
				kind = "plain"
			}
			if kind == "bash" {
				p.typed = append(p.typed, typed{line: i + 2, command: "set -e"})
			}
		case found:
			if kind == "bash" {
				p.typed[last].command += "\nset +e"
			}
			kind = ""
		case kind == "bash":
			p.typed[last].command += "\n" + line
		case kind != "console":
		case strings.HasPrefix(line, "$ "):
			p.typed = append(p.typed, commandOf(i+1, line[2:]))
		case strings.HasPrefix(line, "> "):
			p.typed[last].command += "\n" + line[2:]
		default:
			p.typed[last].says = append(p.typed[last].says, line)
		}
	}
	return p
}

func commandOf(line int, text string) typed {
	c := typed{line: line, command: text}
	if m := exitAs.FindStringSubmatch(text); m != nil {
		c.code, _ = strconv.Atoi(m[1]) // digits
		c.command = strings.TrimSuffix(text, m[0])
	}
	return c
}

var (
	exitAs     = regexp.MustCompile(`\s+# exit (\d+)$`)
	fileBlocks = regexp.MustCompile("(?ms)^```yaml\n(# ([a-z0-9-]+[.]yaml)\n.*?)^```$")
)

// executePage types a page into a shell, from the first command to the last.
func executePage(t *testing.T, ts *testscript.TestScript, name string) {
	dir := filepath.Join("..", "..", "docs", "howto")
	page := readPage(t, filepath.Join(dir, name))
	for file, text := range page.files {
		ts.Check(os.WriteFile(ts.MkAbs(file), []byte(text), 0o600))
	}
	sh := openShell(ts)
	if strings.Contains(page.text, "(README.md#an-org-to-try-it-with)") {
		for _, c := range readPage(t, filepath.Join(dir, "README.md")).typed {
			sh.types(ts, "README.md", c)
		}
	}
	provide(ts, sh, page.text)
	for _, c := range page.typed {
		sh.types(ts, name, c)
	}
}

// types types a command and looks at what comes of it.
func (sh *shell) types(ts *testscript.TestScript, page string, c typed) {
	said, code := sh.do(ts, c.command)
	ts.Logf("%s:%d $ %s\n%s[%d]", page, c.line, c.command, said, code)
	if code != c.code {
		ts.Fatalf("%s:%d: exit code %d, the page says %d:\n%s", page, c.line, code, c.code, c.command)
	}
	if missing := notSaid(said, c.says); missing != "" {
		ts.Fatalf("%s:%d: the page says %q, the command did not, or not there:\n%s", page, c.line, missing, c.command)
	}
}

// notSaid is the first of these lines that isn't among what was said, in their
// order. Blanks count as one, since tables are as wide as what is in them.
func notSaid(said string, lines []string) string {
	left := strings.Split(said, "\n")
	for _, want := range lines {
		pattern := asPattern(want)
		if pattern == nil {
			continue
		}
		at := 0
		for at < len(left) && !pattern.MatchString(left[at]) {
			at++
		}
		if at == len(left) {
			return want
		}
		left = left[at+1:]
	}
	return ""
}

// asPattern matches what a line of a page shows, in whole words; nil for one
// that only says that lines were left out.
func asPattern(line string) *regexp.Regexp {
	if strings.Trim(line, " .") == "" {
		return nil
	}
	var parts []string
	for _, part := range strings.Split(line, "...") {
		words := strings.Fields(part)
		for i, w := range words {
			words[i] = regexp.QuoteMeta(w)
		}
		parts = append(parts, strings.Join(words, `\s+`))
	}
	return regexp.MustCompile(fmt.Sprintf(`(^|[\s"(])%s[;:,.)"]*(\s|$)`, strings.Join(parts, `.*`)))
}
