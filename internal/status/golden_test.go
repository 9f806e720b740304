package status

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// Each report as programs and as people read it, side by side.
func TestReports(t *testing.T) {
	for name, r := range examples() {
		t.Run(name, func(t *testing.T) {
			lines := printed(t, r)
			inOrder(t, lines)
			golden(t, name+".txt", "JSON\n"+lines+"TEXT\n"+marked(r.Text()))
		})
	}
}

// printed is what a report looks like with --json.
func printed(t *testing.T, r Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := (Printer{Results: &out, Talk: io.Discard, JSON: true}).Print(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// marked has the name of the stream before each line of a text.
func marked(text Text) string {
	var b strings.Builder
	for _, p := range text {
		stream := "stdout"
		if p.Talk {
			stream = "stderr"
		}
		for line := range strings.Lines(p.Text) {
			fmt.Fprintf(&b, "%s| %s", stream, line)
		}
	}
	return b.String()
}

// inOrder holds each line to the order of keys that programs rely on, and to
// having a type. A map is written in that order.
func inOrder(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		var keys map[string]any
		if err := dec.Decode(&keys); err != nil {
			t.Fatal(err)
		}
		if name, _ := keys["type"].(string); name == "" {
			t.Errorf("a line without a type: %s", line)
		}
		var sorted bytes.Buffer
		enc := json.NewEncoder(&sorted)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(keys); err != nil {
			t.Fatal(err)
		}
		if line != sorted.String() {
			t.Errorf("the keys are not in alphabetical order:\n%swant\n%s", line, sorted.String())
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; after looking: go test ./internal/status -update\n%s", path, got)
	}
}
