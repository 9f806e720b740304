package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	// A command in a page: a line of a block, or a piece of text in the type of code.
	commandLines = regexp.MustCompile("(?m)(?:^(?:\\$ |> )?|`)(catchment [a-z][^`#>|;&\n]*(?:\n[^`\n]+`)?)")
	flagOf       = regexp.MustCompile(`(?:^|\s)(--[a-z][a-z-]*)`)
	helpCommand  = regexp.MustCompile(`(?m)^  ([a-z]+)  `)
)

// A page names no command and no flag that there isn't.
func TestPagesNameWhatThereIs(t *testing.T) {
	t.Parallel()
	pages := append(howtoPages(t), "../../README.md", "../../CONTRIBUTING.md")
	more, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	program := helps{said: map[string]string{}}
	named := 0
	for _, page := range append(pages, more...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range commandLines.FindAllStringSubmatch(string(text), -1) {
			named++
			command, words := "", strings.Fields(strings.TrimSuffix(m[1], "`"))[1:]
			for len(words) > 0 && slices.Contains(program.below(t, command), words[0]) {
				command, words = strings.TrimSpace(command+" "+words[0]), words[1:]
			}
			parent := len(program.below(t, command)) > 0
			if command == "" || parent && len(words) > 0 && !strings.HasPrefix(words[0], "-") {
				t.Errorf("%s: there is no such command: %s", page, m[1])
				continue
			}
			for _, f := range flagOf.FindAllStringSubmatch(m[1], -1) {
				if !strings.Contains(program.help(t, command), f[1]+" ") {
					t.Errorf("%s: %q has no %s: %s", page, command, f[1], m[1])
				}
			}
		}
	}
	if named < 100 {
		t.Errorf("%d commands were found in the pages", named)
	}
}

// helps are what the program says of its commands.
type helps struct{ said map[string]string }

// below are the commands that a command has, those of the program itself for "".
func (h *helps) below(t *testing.T, command string) []string {
	_, listed, _ := strings.Cut(h.help(t, command), "\nAvailable Commands:\n")
	listed, _, _ = strings.Cut(listed, "\n\n")
	var names []string
	for _, m := range helpCommand.FindAllStringSubmatch(listed, -1) {
		names = append(names, m[1])
	}
	return names
}

func (h *helps) help(t *testing.T, command string) string {
	if _, asked := h.said[command]; !asked {
		out, err := exec.Command("catchment", append(strings.Fields(command), "--help")...).CombinedOutput()
		if err != nil {
			t.Fatalf("catchment %s --help: %v\n%s", command, err, out)
		}
		h.said[command] = string(out) + "\n"
	}
	return h.said[command]
}
