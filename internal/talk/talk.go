// Package talk is stderr as a command uses it: plain lines on a terminal; lines that
// begin with a time where stderr is a file, a pipe or a journal; or a JSON object for
// each, by slog, with the run, the flow and the step that it is about.
//
// A status.Printer says to it what it says, taken apart. What other code writes as bytes, such as the help of a
// command, comes through Write and gets the same form. Start at New.
package talk

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"strings"
	"sync"
	"time"

	"catchment/internal/printable"
	"catchment/internal/status"
)

// A Form is how lines look.
type Form int

// The forms of a line.
const (
	Plain Form = iota // as they are said, for who sees them at once
	Timed             // behind the time
	JSON              // slog's
)

// A Talk writes what is said. It may be used by several goroutines.
type Talk struct {
	out io.Writer
	now func() time.Time

	mu   sync.Mutex
	form Form
	open []byte // a line that was written in part
	held *bytes.Buffer
}

// New makes a Talk that writes to out.
func New(out io.Writer, form Form, now func() time.Time) *Talk {
	return &Talk{out: out, form: form, now: now}
}

// Use has all that is said from now on in this form.
func (t *Talk) Use(form Form) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.form = form
}

// Form is how lines look.
func (t *Talk) Form() Form {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.form
}

// Hold keeps back what is said from now on, until Let.
func (t *Talk) Hold() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held == nil {
		t.held = &bytes.Buffer{}
	}
}

// Let writes what was kept back, or drops it, and keeps nothing back any more.
func (t *Talk) Let(say bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.held
	t.held = nil
	if held != nil && say {
		_, _ = t.out.Write(held.Bytes()) // nobody waits for talk
	}
}

// Hear says one thing.
func (t *Talk) Hear(e status.Entry, text string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.form == JSON {
		t.log(e)
		return
	}
	for line := range strings.Lines(text) {
		t.line(line)
	}
}

// Write says lines. One without an end is kept until it has one; on a terminal it is
// shown at once, since somebody may draw there.
func (t *Talk) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.form == Plain {
		t.put(p)
		return len(p), nil
	}
	t.open = append(t.open, p...)
	for {
		end := bytes.IndexByte(t.open, '\n')
		if end < 0 {
			return len(p), nil
		}
		line := string(t.open[:end+1])
		t.open = t.open[end+1:]
		if t.form == JSON {
			if message := strings.TrimSpace(line); message != "" {
				t.log(status.Entry{Message: message})
			}
			continue
		}
		t.line(line)
	}
}

// line writes a line of text.
func (t *Talk) line(line string) {
	if t.form == Timed && strings.TrimSpace(line) != "" {
		line = t.now().UTC().Format(time.RFC3339) + " " + line
	}
	t.put([]byte(line))
}

// log writes an entry as slog does.
func (t *Talk) log(e status.Entry) {
	r := slog.NewRecord(t.now().UTC(), e.Level, e.Message, 0)
	for _, field := range []struct{ name, value string }{
		{"run", e.Run}, {"flow", e.Flow}, {"step", e.Step}, {"hint", e.Hint},
	} {
		if field.value != "" {
			r.AddAttrs(slog.String(field.name, field.value))
		}
	}
	var line bytes.Buffer
	if err := slog.NewJSONHandler(&line, nil).Handle(context.Background(), r); err == nil { // into memory
		t.put(printable.JSON(line.Bytes()))
	}
}

// put writes bytes, or keeps them back.
func (t *Talk) put(p []byte) {
	if t.held != nil {
		t.held.Write(p)
		return
	}
	_, _ = t.out.Write(p) // nobody waits for talk
}
