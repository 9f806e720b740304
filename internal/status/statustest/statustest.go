// Package statustest holds reports to what they promised: each is shown as
// programs and as people read it, side by side, in a golden file of its own: on 80
// columns, and with all the room that it wants where that differs.
package statustest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"

	"catchment/internal/golden"
	"catchment/internal/status"
)

// Golden compares reports with testdata/golden/NAME.txt, or writes these files
// anew.
func Golden(t *testing.T, reports map[string]status.Report) {
	for name, r := range reports {
		t.Run(name, func(t *testing.T) {
			lines := printed(t, r)
			inOrder(t, lines)
			text, wide := marked(r.Text().Fit(columns), everything), marked(r.Text().Fit(0), everything)
			if wide != text {
				text += "WIDE\n" + marked(r.Text().Fit(0), results)
			}
			golden.Equal(t, name+".txt", "JSON\n"+lines+"TEXT\n"+text)
		})
	}
}

// columns are what a terminal has unless somebody makes it wider.
const columns = 80

// printed is what a report looks like with --json.
func printed(t *testing.T, r status.Report) string {
	t.Helper()
	var out bytes.Buffer
	if err := (status.Printer{Results: &out, Talk: io.Discard, JSON: true}).Print(r); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// everything and results are what of a text is shown: the talk has one width.
const (
	everything = true
	results    = false
)

// marked has the name of the stream before each line of a text.
func marked(text status.Text, talk bool) string {
	var b strings.Builder
	for _, p := range text {
		if p.Talk && !talk {
			continue
		}
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
// having a type. What was read is written in that order.
func inOrder(t *testing.T, lines string) {
	t.Helper()
	for line := range strings.Lines(lines) {
		var named struct{ Type string }
		if err := json.Unmarshal([]byte(line), &named); err != nil || named.Type == "" {
			t.Errorf("a line without a type: %s, %v", line, err)
		}
		dec := json.NewDecoder(strings.NewReader(line))
		dec.UseNumber()
		var read any
		if err := dec.Decode(&read); err != nil {
			t.Fatal(err)
		}
		var sorted bytes.Buffer
		enc := json.NewEncoder(&sorted)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(read); err != nil {
			t.Fatal(err)
		}
		if line != sorted.String() {
			t.Errorf("the keys are not in alphabetical order:\n%swant\n%s", line, sorted.String())
		}
	}
}
