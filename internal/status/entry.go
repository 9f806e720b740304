package status

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"strings"
	"time"

	"catchment/internal/printable"
)

// An Entry is something that is said to a person, taken apart: for a log that has a
// field for each. What a person reads has it all in a line or two.
type Entry struct {
	Level   slog.Level
	Message string
	Hint    string // what to do about it
	Run     string
	Flow    string
	Step    string
}

// A hearer takes what is said as an entry, and as the text that a person would read.
// Where the Talk of a Printer is one, nothing else is written to it.
type hearer interface {
	Hear(e Entry, text string)
}

// hear says an entry to whoever listens. What was forgotten elsewhere is made printable
// here.
func (p Printer) hear(e Entry, text string) {
	e.Run = p.Run
	if h, ok := p.Talk.(hearer); ok {
		h.Hear(e, printable.Text(text))
		return
	}
	_, _ = io.WriteString(p.Talk, printable.Text(text)) // nobody waits for talk
}

// Say tells the person something that is no report, also where JSON was asked for.
func (p Printer) Say(format string, args ...any) {
	text := said(format, args)
	p.hear(Entry{Message: strings.TrimSuffix(text, "\n")}, text)
}

// SayOf is Say of a flow, and of a step of it; each of the two may be "".
func (p Printer) SayOf(flow, step, format string, args ...any) {
	part := talkOf(flow, format, args)
	part.Entry.Step = step
	p.hear(part.Entry, part.Text)
}

// TalkOf adds a line about the results of one flow.
func (t *Text) TalkOf(flow, format string, args ...any) { *t = append(*t, talkOf(flow, format, args)) }

// talkOf is a line of talk about a flow, whose name stands before it.
func talkOf(flow, format string, args []any) part {
	text := said(format, args)
	message := strings.TrimSuffix(text, "\n")
	if flow != "" {
		text = printable.Indented(flow) + ": " + text
	}
	return part{Talk: true, Text: text, Entry: Entry{Message: message, Flow: flow}}
}

// Fail adds what went wrong, and what to do about it: two lines, and one entry.
func (t *Text) Fail(failure, hint string) {
	text := said("catchment: %s", []any{failure})
	if hint != "" {
		text += said("hint: %s", []any{hint})
	}
	*t = append(*t, part{Talk: true, Text: text, Entry: Entry{Level: slog.LevelError, Message: failure, Hint: hint}})
}

// Warn adds what could be lived with, and what to do about it.
func (t *Text) Warn(what, detail, hint string) {
	text := said("warning: %s: %s", []any{what, detail}) + said("hint: %s", []any{hint})
	*t = append(*t, part{Talk: true, Text: text,
		Entry: Entry{Level: slog.LevelWarn, Message: what + ": " + detail, Hint: hint}})
}

// trouble tells what went wrong with something, and what to do about it.
func (t *Text) trouble(of, failure string, hint *string) {
	e := Entry{Level: slog.LevelError, Message: failure, Flow: of}
	text := ""
	if failure != "" {
		text = said("%s: error: %s", []any{of, failure})
	}
	if hint != nil && *hint != "" {
		text += said("%s: hint: %s", []any{of, *hint})
		e.Hint = *hint
	}
	if failure == "" {
		e.Level, e.Message = slog.LevelInfo, e.Hint
		e.Hint = ""
	}
	if text != "" {
		*t = append(*t, part{Talk: true, Text: text, Entry: e})
	}
}

// stamped is a line of JSON with the run that it is of, and with the time; keys stay in
// their order.
func (p Printer) stamped(line []byte) ([]byte, error) {
	if p.Clock == nil {
		return line, nil
	}
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(line, &keys); err != nil {
		return nil, err
	}
	more := map[string]string{"time": p.Clock().UTC().Format(time.RFC3339Nano)}
	if p.Run != "" {
		more["run"] = p.Run
	}
	for name, value := range more {
		text, err := json.Marshal(value)
		if err != nil {
			return nil, err
		}
		keys[name] = text
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(keys) // sorts them
	return out.Bytes(), err
}
