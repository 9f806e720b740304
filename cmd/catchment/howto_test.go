package main

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The pages of docs/howto are executed: what stands behind "$ " in a console
// block is typed, and each line below it has to be said by the command. "..."
// leaves lines out, or the rest of one. An exit code other than 0 stands behind
// "# exit", and a file that takes what is printed behind ">" or ">>". A yaml block
// that begins with "# NAME.yaml" is that file. Where aws is called, somebody has
// had AppFlow fill tables before (appflow-old).
func TestHowtoPages(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/howto/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	dir := t.TempDir()
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		if script := scriptOf(string(text)); script != "" {
			name := strings.TrimSuffix(filepath.Base(page), ".md") + ".txtar"
			if err := os.WriteFile(filepath.Join(dir, name), []byte(script), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	params := scriptParams(t)
	params.Dir = dir
	testscript.Run(t, params)
}

var exitAs = regexp.MustCompile(`\s+# exit (\d+)$`)

// scriptOf turns the console blocks of a page into one script; a page without
// any is not executed.
func scriptOf(page string) string {
	var b strings.Builder
	b.WriteString("org -load\n")
	if strings.Contains(page, "\n$ aws ") {
		b.WriteString("postgres\nappflow\nappflow-old\n")
	}
	inside, commands := false, 0
	files := fileBlocks.FindAllStringSubmatch(page, -1)
	for line := range strings.Lines(page) {
		line = strings.TrimRight(line, "\n")
		switch {
		case strings.HasPrefix(line, "```"):
			inside = line == "```console"
		case !inside || line == "...":
		case strings.HasPrefix(line, "$ "):
			commands++
			b.WriteString(typed(strings.TrimPrefix(line, "$ ")) + "\n")
		default:
			before, _, _ := strings.Cut(line, "...")
			fmt.Fprintf(&b, "says %s\n", quoteArg(before))
		}
	}
	if commands == 0 {
		return ""
	}
	for _, f := range files {
		fmt.Fprintf(&b, "-- %s --\n%s", f[2], f[1])
	}
	return b.String()
}

var fileBlocks = regexp.MustCompile("(?ms)^```yaml\n(# ([a-z0-9-]+[.]yaml)\n.*?)^```$")

// typed turns a command line into one of a script.
func typed(line string) string {
	code := "0"
	if m := exitAs.FindStringSubmatch(line); m != nil {
		code, line = m[1], strings.TrimSuffix(line, m[0])
	}
	if m := intoFile.FindStringSubmatch(line); m != nil {
		how := strings.TrimPrefix(m[1], ">")
		return typed(strings.TrimSuffix(line, m[0])) + "\nkeep " + strings.Replace(how, ">", "-a ", 1) + m[2]
	}
	program, rest, _ := strings.Cut(line, " ")
	switch program {
	case "psql":
		_, sql, _ := strings.Cut(rest, "-c ")
		return "pg " + quoteArg(strings.Trim(sql, `"`))
	case "duckdb":
		file, sql, _ := strings.Cut(rest, " ")
		return "duck " + file + " " + quoteArg(strings.Trim(sql, `"`))
	case "sed", "ls", "cat":
		return "exec " + line
	case "export":
		return "env " + rest
	case "curl":
		return "curl " + rest
	case "catchment":
		return "code " + code + " " + line
	}
	return line
}

var intoFile = regexp.MustCompile(`\s+(>>?) ([a-z0-9.-]+)$`)

// quoteArg makes one argument of a text, variables left alone.
func quoteArg(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// saysText: says TEXT looks for a text in what the last command printed; blanks
// count as one, since tables are as wide as what is in them.
func saysText(ts *testscript.TestScript, neg bool, args []string) {
	fold := func(s string) string { return strings.Join(strings.Fields(s), " ") }
	said := fold(ts.ReadFile("stdout") + "\n" + ts.ReadFile("stderr"))
	if strings.Contains(said, fold(args[0])) == neg {
		ts.Fatalf("the page says %q, the command did not", args[0])
	}
}
