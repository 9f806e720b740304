package progress

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/mattn/go-runewidth"

	"catchment/internal/control"
	"catchment/internal/replicate"
	"catchment/internal/verify"
)

// aBoard is one on which a bit of everything goes on.
func aBoard() *board {
	b := newBoard()
	b.listed = true
	for _, f := range []flowLine{
		{name: "User", ended: control.FlowDone, records: 12, of: 12, known: true},
		{name: "Lead", ended: control.FlowFailed},
		{name: "Case", phase: replicate.Start},
		{name: "Account", phase: replicate.Load, records: 120_000, of: 250_000, known: true},
		{name: "Contact", phase: replicate.Consolidate, records: 30_000, of: 30_000, known: true},
		{name: "Opportunity", phase: replicate.Done, of: 700},
		{name: "npe03__Recurring_Donation__c", phase: replicate.Create, waits: "waiting until 15:04: the org's " +
			"100,000 API calls of 24 hours are used up, but for the 40% that are left to people"},
		{name: "Task"},
	} {
		*b.flow(f.name) = f
	}
	return b
}

func TestFrame(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		columns, rows int
		want          string
	}{
		{79, 23, `
Account                       loading                 120,000 of 250,000
Contact                       merging                 30,000 of 30,000
Case                          waiting for Salesforce
Opportunity                   waiting for Salesforce
npe03__Recurring_Donation__c  waiting until 15:04: the org's 100,000 API cal...
1 of 8 objects done, 1 failed; 150,012 records
`},
		{110, 4, `
Account  loading                 [=======>          ]  120,000 of 250,000
Contact  merging                 [==================]  30,000 of 30,000
and 3 more
1 of 8 objects done, 1 failed; 150,012 records
`},
		{40, 3, `
Account  loading
and 4 more
1 of 8 done, 1 failed; 150,012 records
`},
		{79, 2, "\nand 5 more\n1 of 8 objects done, 1 failed; 150,012 records\n"},
		{79, 1, "\n1 of 8 objects done, 1 failed; 150,012 records\n"},
		{79, 0, "\n"},
	} {
		lines := aBoard().frame(c.columns, c.rows, began)
		got := "\n"
		for _, line := range lines {
			got += line + "\n"
		}
		if got != c.want {
			t.Errorf("on %d columns and %d rows it is%swant%s", c.columns, c.rows, got, c.want)
		}
	}
}

// Whatever size a terminal has, no line is too wide, there are not too many of them,
// and names are whole where there is room for one.
func TestFrameFitsAnyTerminal(t *testing.T) {
	t.Parallel()
	const longest = len("npe03__Recurring_Donation__c")
	for columns := 10; columns < 140; columns++ {
		for rows := range 12 {
			lines := aBoard().frame(columns, rows, time.Now())
			if len(lines) > rows {
				t.Errorf("%d lines on %d rows", len(lines), rows)
			}
			for _, line := range lines {
				if columns > longest+len(gap) && runewidth.StringWidth(line) > columns {
					t.Errorf("wider than %d columns: %s", columns, line)
				}
			}
			if all := strings.Join(lines, "\n"); rows > 6 && columns > longest+len(gap) &&
				!strings.Contains(all, "npe03__Recurring_Donation__c") {
				t.Errorf("on %d columns a name is cut:\n%s", columns, all)
			}
		}
	}
}

// How long it takes is told when all jobs have counted their records, and not before.
func TestTimeLeft(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := newBoard()
	b.listed = true
	for _, name := range []string{"Account", "Contact"} {
		*b.flow(name) = flowLine{name: name, phase: replicate.Load, of: 60_000, known: name == "Account"}
	}
	var got string
	pass := func(seconds int, records int64) {
		for range seconds {
			now = now.Add(time.Second)
			b.byName["Account"].records += records
			lines := b.frame(79, 20, now)
			got = lines[len(lines)-1]
		}
	}
	pass(1, 0)
	pass(4, 1000)
	if want := "0 of 2 objects done; 4,000 records, 1,000 a second"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	b.byName["Contact"].known = true
	pass(1, 1000)
	if want := "0 of 2 objects done; 5,000 of 120,000 records, 1,000 a second, about 2 min left"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	got = b.frame(60, 20, now)[2]
	if want := "0 of 2 done; 5,000 of 120,000 records, 1,000/s, 2 min left"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
	pass(30, 0) // nothing comes any more
	if want := "0 of 2 objects done; 5,000 of 120,000 records"; got != want {
		t.Errorf("it is %q, want %q", got, want)
	}
}

func TestRoughly(t *testing.T) {
	t.Parallel()
	for d, want := range map[time.Duration]string{
		0: "1 s", 59 * time.Second: "59 s", 90 * time.Second: "2 min", 119 * time.Minute: "119 min",
		5 * time.Hour: "5 h",
	} {
		if got := roughly(d); got != want {
			t.Errorf("%s is %q, want %q", d, got, want)
		}
	}
}

// Every step that a flow waits in has words that a person knows.
func TestStepsHaveWords(t *testing.T) {
	t.Parallel()
	for _, step := range []string{replicate.Create, replicate.Ready, replicate.Start, replicate.Done, replicate.Load,
		replicate.Consolidate, replicate.Drop, string(verify.Asking), string(verify.Counting), string(verify.Reading),
		string(verify.Comparing), string(verify.Repairing)} {
		words := phase(step).words()
		if words == "" || len(words) > phaseWide || strings.Contains(words, "consolidate") {
			t.Errorf("step %s is called %q", step, words)
		}
	}
	if got := fmt.Sprint(phase("").words()); got != "" {
		t.Errorf("nothing is called %q", got)
	}
}
