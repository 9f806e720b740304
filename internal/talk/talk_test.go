package talk_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/status"
	"catchment/internal/talk"
)

var at = time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)

func clock() time.Time { return at }

const stamp = "2026-03-01T02:00:00Z "

// saying is a printer over a talk of this form, and what is said.
func saying(form talk.Form) (status.Printer, *talk.Talk, *bytes.Buffer) {
	var out bytes.Buffer
	t := talk.New(&out, form, clock)
	return status.Printer{Results: io.Discard, Talk: t, Run: "r1"}, t, &out
}

// failed is a run one of whose flows failed.
func failed() status.Run {
	hint := "turn it on"
	return status.Run{ID: "r1", State: "partial", Failed: 1, Objects: []status.RunObject{
		{Object: "Account", State: "done", Notes: []string{"a note"},
			Doubts: []status.Doubt{{Since: at, Why: "a doubt", Hint: "look"}}},
		{Object: "Contact", State: "failed", Error: "no\nAPI", Hint: &hint}}}
}

func TestForms(t *testing.T) {
	t.Parallel()
	text := []string{"Account: not proven, since 2026-03-01T02:00:00Z: a doubt", "Account: hint: look",
		"Account: note: a note", "Contact: error: no", "      API", "Contact: hint: turn it on",
		"run r1 is partial: 2 objects, 1 failed, 0.0 s, 0 API calls", "Lead: 5 of 9 records", "\x1b is shown"}
	for form, before := range map[talk.Form]string{talk.Plain: "", talk.Timed: stamp} {
		p, _, out := saying(form)
		if err := p.PrintText(failed()); err != nil {
			t.Fatal(err)
		}
		p.SayOf("Lead", "load", "%d of %d records", 5, 9)
		p.Say("%s is shown", "\x1b")
		want := ""
		for _, line := range text {
			want += before + strings.ReplaceAll(line, "\x1b", `\x1b`) + "\n"
		}
		if out.String() != want {
			t.Errorf("form %d says\n%swant\n%s", form, out.String(), want)
		}
	}
}

// A log has a field for each thing that is said, and a line for each entry.
func TestJSON(t *testing.T) {
	t.Parallel()
	p, tk, out := saying(talk.JSON)
	if err := p.PrintText(failed()); err != nil {
		t.Fatal(err)
	}
	p.SayOf("Lead", "load", "%d of %d records", 5, 9)
	p.Say("it waits for %s", "a\u202eb")
	if _, err := fmt.Fprint(tk, "Usage:\n\n  catchment"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintln(tk, " run"); err != nil {
		t.Fatal(err)
	}
	type entry struct{ Time, Level, Msg, Run, Flow, Step, Hint string }
	const when = "2026-03-01T02:00:00Z"
	want := []entry{
		{when, "WARN", "not proven, since 2026-03-01T02:00:00Z: a doubt", "r1", "Account", "", "look"},
		{when, "INFO", "a note", "r1", "Account", "", ""},
		{when, "ERROR", "no\nAPI", "r1", "Contact", "", "turn it on"},
		{when, "INFO", "run r1 is partial: 2 objects, 1 failed, 0.0 s, 0 API calls", "r1", "", "", ""},
		{when, "INFO", "5 of 9 records", "r1", "Lead", "load", ""},
		{when, "INFO", `it waits for a\u202eb`, "r1", "", "", ""},
		{when, "INFO", "Usage:", "", "", "", ""},
		{when, "INFO", "catchment run", "", "", "", ""},
	}
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if len(lines) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(lines), len(want), out.String())
	}
	for i, line := range lines {
		var got entry
		if err := json.Unmarshal([]byte(line), &got); err != nil || got != want[i] {
			t.Errorf("%s\nis %+v, %v\nwant %+v", line, got, err, want[i])
		}
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	for _, say := range []bool{true, false} {
		p, tk, out := saying(talk.Timed)
		tk.Hold()
		p.Say("kept")
		if out.Len() > 0 {
			t.Errorf("said at once: %s", out.String())
		}
		tk.Let(say)
		p.Say("after")
		want := stamp + "after\n"
		if say {
			want = stamp + "kept\n" + want
		}
		if out.String() != want {
			t.Errorf("let go with %t: %q, want %q", say, out.String(), want)
		}
	}
}

// Lines of several goroutines come whole.
func TestLinesComeWhole(t *testing.T) {
	t.Parallel()
	p, _, out := saying(talk.Timed)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				p.SayOf("Account", "load", "a line of several words")
			}
		})
	}
	wg.Wait()
	if want := strings.Repeat(stamp+"Account: a line of several words\n", 800); out.String() != want {
		t.Error("lines were mixed up")
	}
}
