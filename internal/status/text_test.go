package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"catchment/internal/printable"
)

func TestSize(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1.0 kB", 2504704: "2.5 MB", 3e12: "3.0 TB", 5e18: "5000.0 PB",
	} {
		if got := Size(n); got != want {
			t.Errorf("Size(%d) is %s, want %s", n, got, want)
		}
	}
}

func TestAgo(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 59 * time.Second: "59s", time.Minute: "1m", time.Hour + 30*time.Minute: "1h30m",
		47*time.Hour + 59*time.Minute: "47h59m", 48 * time.Hour: "2d", 271 * 24 * time.Hour: "271d",
	} {
		if got := Ago(new(Seconds(d))); got != want {
			t.Errorf("%s is %s, want %s", d, got, want)
		}
	}
	if got := Ago(nil); got != "-" {
		t.Errorf("never is %s", got)
	}
}

// A broken writer breaks as soon as it is written to.
type broken struct{}

var errBroken = errors.New("broken pipe")

func (broken) Write([]byte) (int, error) { return 0, errBroken }

func TestPrinterTellsOfABrokenStdout(t *testing.T) {
	var talk bytes.Buffer
	for _, p := range []Printer{{Results: broken{}, Talk: &talk}, {Results: broken{}, Talk: &talk, JSON: true}} {
		if err := p.Print(Run{ID: "r"}); !errors.Is(err, errBroken) {
			t.Errorf("JSON %t: %v", p.JSON, err)
		}
	}
	if talk.Len() > 0 {
		t.Errorf("the run is told without its table: %s", talk.String())
	}
	if err := (Printer{Results: &talk, Talk: broken{}}).Print(Run{ID: "r"}); err != nil {
		t.Error(err)
	}
	if err := (Printer{Results: &talk, Talk: broken{}}).Print(Overview{}); err != nil {
		t.Errorf("talk that nobody hears: %v", err)
	}
}

// What a server said reaches no terminal and no log as it came, and poses as no line
// of ours, whichever way it came into a report.
func TestNothingCommandsATerminal(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2Jb\u202ec\u009b31m\x7f\xff\nok    login: org 00D"
	var results, talk strings.Builder
	p := Printer{Results: &results, Talk: &talk}
	hint := evil
	report := Overview{
		Flows: []Flow{{Object: evil, State: evil, Grade: evil, LastRun: evil, Rejected: 1,
			Doubts: []Doubt{{Why: evil, Hint: evil}}, Retired: []Retired{{Column: evil, Field: evil, By: evil}}}},
		Runs: []PastRun{{ID: evil, State: evil, By: evil, Error: evil, Hint: &hint}},
	}
	if err := p.PrintText(report); err != nil {
		t.Fatal(err)
	}
	p.Say("%s: %v", evil, errors.New(evil))
	lines := strings.Split(results.String()+talk.String(), "\n")
	for _, line := range lines {
		if strings.HasPrefix(line, "ok ") || strings.Contains(line, "b\u202e") || printable.Line(line) != line {
			t.Errorf("prints %q", line)
		}
	}
	const shown = `a\x1b[2Jb\u202ec\u009b31m\x7f\xff`
	if !strings.Contains(results.String(), shown+`\nok`) || !strings.Contains(talk.String(), shown+"\n      ok") {
		t.Errorf("printed %q and %q", results.String(), talk.String())
	}
}

// JSON says the same without: whoever reads it has the text as it came.
func TestJSONCommandsNoTerminal(t *testing.T) {
	t.Parallel()
	const evil = "a\x1b[2Jb\u202ec\u009b31m\x7f\nd"
	var results strings.Builder
	if err := (Printer{Results: &results, JSON: true}).Print(Overview{Runs: []PastRun{{ID: evil}}}); err != nil {
		t.Fatal(err)
	}
	line := strings.TrimSuffix(results.String(), "\n")
	if printable.Line(line) != line {
		t.Errorf("prints %q", line)
	}
	var got struct{ ID string }
	if err := json.Unmarshal([]byte(line), &got); err != nil || got.ID != evil {
		t.Errorf("%q was read as %q: %v", line, got.ID, err)
	}
}

// What cron mails names the flows with which something is wrong, and counts all.
func TestBriefRun(t *testing.T) {
	t.Parallel()
	r := Run{ID: "r", State: "partial", Failed: 1, Brief: true, Objects: []RunObject{
		{Object: "Account", State: "done", Notes: []string{"a note"}}, {Object: "Lead", State: "paused"},
		{Object: "Contact", State: "failed", Error: "no"}, {Object: "Case", State: "open"},
		{Object: "Task", State: "done", Doubts: []Doubt{{Why: "a doubt"}}}}}
	var results, talk strings.Builder
	p := Printer{Results: &results, Talk: &talk}
	if err := p.PrintText(r); err != nil {
		t.Fatal(err)
	}
	shown := map[string]bool{"Account": false, "Lead": false, "Contact": true, "Case": true, "Task": true}
	for name, want := range shown {
		if got := strings.Contains(results.String(), name); got != want {
			t.Errorf("%s is shown: %t, want %t", name, got, want)
		}
	}
	if said := talk.String(); strings.Contains(said, "a note") || !strings.Contains(said, "Contact: error: no") ||
		!strings.Contains(said, "5 objects, 1 failed") {
		t.Errorf("said %s", said)
	}
	p.JSON = true
	results.Reset()
	if err := p.Print(r); err != nil || strings.Count(results.String(), "\n") != 6 {
		t.Errorf("%v, as JSON: %s", err, results.String())
	}
}
