package main

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"catchment/internal/hostile"
	"catchment/internal/hostile/place"
)

// How long a server is waited for, where a test has to see the end of it, and where
// only a signal may end it.
const (
	impatient = "stall: 1s, answer: 2s"
	patient   = "stall: 20m, answer: 20m"
)

// moreRecords says in each answer of a loop that there is another one; where tells
// where.
func moreRecords(where func(n int) string, change func(m map[string]any)) *hostile.Loop {
	return &hostile.Loop{Next: func(n int, a *hostile.Answer) {
		a.ChangeJSON(func(m map[string]any) {
			m["done"], m["nextRecordsUrl"] = false, where(n)
			if change != nil {
				change(m)
			}
		})
	}}
}

// moreResults says the same of the results of a job.
func moreResults(where func(n int) string, change func(a *hostile.Answer)) *hostile.Loop {
	return &hostile.Loop{Next: func(n int, a *hostile.Answer) {
		a.Header.Set("Sforce-Locator", where(n))
		if change != nil {
			change(a)
		}
	}}
}

const cursor = "/services/data/v66.0/query/01g000000000001AAA-"

func sameCursor(int) string  { return cursor + "2000" }
func newCursor(n int) string { return cursor + fmt.Sprint(2000*(n+1)) }

func sameLocator(int) string  { return "MTAwMDA" }
func newLocator(n int) string { return fmt.Sprintf("MTAw%d", n) }

// Pages that lead to pages without end: whoever follows them never comes to an end,
// or to a warehouse full of one record.
func TestHostileEndlessPages(t *testing.T) {
	t.Parallel()
	noRecords := func(m map[string]any) { m["records"] = []any{} }
	unbounded := func(m map[string]any) { m["totalSize"] = 1 << 40 }
	onlyHeader := func(a *hostile.Answer) {
		a.Body = a.Body[:1+indexByte(a.Body, '\n')]
		a.Header.Set("Sforce-NumberOfRecords", "0")
	}
	// The first answer is of the query, those after it of its cursor.
	rest := func(l *hostile.Loop) []hostile.Attack {
		return []hostile.Attack{{On: place.Query, About: "SystemModstamp", Do: l.Trick},
			{On: place.NextQuery, Do: l.Trick}}
	}
	chain := func(l *hostile.Loop) []hostile.Attack {
		return []hostile.Attack{{On: place.ResultPages, Do: hostile.Refuse(404, "NOT_FOUND", "no such resource")},
			{On: place.Results, Do: l.Trick}}
	}
	pages := func(next func(n int, path string) string, same bool) []hostile.Attack {
		n := 0
		return []hostile.Attack{{On: place.ResultPages, Do: func(x *hostile.Exchange) {
			n++ // one list after the other
			hostile.ChangeJSON(func(m map[string]any) {
				path := x.R.URL.Path
				m["done"], m["nextRecordsUrl"] = false, next(n, path)
				list, _ := m["resultPages"].([]any)
				if same && len(list) > 0 {
					m["resultPages"] = []any{list[0], list[0], list[0], list[0], list[0]}
				}
				if len(list) == 0 || !same {
					m["resultPages"] = []any{}
				}
			})(x)
		}}}
	}
	restFlow, onlyAccount := "{object: Account, mover: rest}", "{object: Account, mover: bulk}"
	var all []assault
	for _, a := range []assault{
		{name: "cursor that is repeated", attacks: rest(moreRecords(sameCursor, nil)), flows: restFlow},
		{name: "ever new cursors", attacks: rest(moreRecords(newCursor, nil)), flows: restFlow},
		{name: "ever new cursors without records", attacks: rest(moreRecords(newCursor, noRecords)), flows: restFlow},
		{name: "cursor that is repeated, and no end announced", attacks: rest(moreRecords(sameCursor, unbounded)),
			flows: restFlow},
		{name: "locator that is repeated", attacks: chain(moreResults(sameLocator, nil)), flows: onlyAccount},
		{name: "ever new locators", attacks: chain(moreResults(newLocator, nil)), flows: onlyAccount},
		{name: "ever new locators without records", attacks: chain(moreResults(newLocator, onlyHeader)),
			flows: onlyAccount},
		{name: "list of pages that is repeated", attacks: pages(func(_ int, path string) string { return path }, true),
			flows: onlyAccount},
		{name: "ever new lists of the same page", flows: onlyAccount,
			attacks: pages(func(n int, path string) string { return fmt.Sprintf("%s?locator=%d", path, n) }, true)},
		{name: "ever new lists of no page", flows: onlyAccount,
			attacks: pages(func(n int, path string) string { return fmt.Sprintf("%s?locator=%d", path, n) }, false)},
	} {
		a.command, a.want, a.mends = "run --json", refused, true
		a.way = hostile.Secure // a loop is of one run
		if a.flows == onlyAccount {
			a.want = either // what Bulk doesn't end, REST may read
		}
		all = append(all, a)
	}
	all = append(all,
		assault{name: "ever new cursors, and no end announced", attacks: rest(moreRecords(newCursor, unbounded)),
			flows:   restFlow,
			command: "run --json", want: stopped, mends: true},
		assault{name: "cursor that is repeated", attacks: rest(moreRecords(sameCursor, nil)), flows: restFlow,
			first: []string{"run"}, command: "verify --json", want: either, unseen: true},
		assault{name: "list of pages that is repeated",
			attacks: pages(func(_ int, path string) string { return path }, true),
			first:   []string{"run"}, command: "verify --json --digest", want: either, unseen: true,
			flows: onlyAccount},
		assault{name: "job that never ends", attacks: []hostile.Attack{{On: place.Job,
			Do: hostile.Set("state", "InProgress")}},
			command: "run --json", want: stopped, mends: true},
		assault{name: "users without end", attacks: rest(moreRecords(sameCursor, nil)), flows: restFlow,
			command: "check --json",
			want:    either, unseen: true},
		assault{name: "Organization without end", command: "check --json", want: either, unseen: true,
			attacks: []hostile.Attack{{On: place.Query, About: "FROM+Organization",
				Do: moreRecords(sameCursor, nil).Trick},
				{On: place.NextQuery, Do: moreRecords(sameCursor, nil).Trick}}},
	)
	repel(t, all)
}

func indexByte(text []byte, c byte) int {
	for i, b := range text {
		if b == c {
			return i
		}
	}
	return len(text) - 1
}

// asked is each answer that a command waits for.
var asked = []struct {
	place   place.Place
	command string
}{
	{place.Token, "check"}, {place.Objects, "check"}, {place.Limits, "check"}, {place.Query, "check"},
	{place.Describe, "run"}, {place.NewJob, "run"}, {place.Job, "run"}, {place.ResultPages,
		"run"}, {place.Results, "run"},
	{place.Objects, "plan"},
}

// A server that says nothing more is given up, and said so.
func TestHostileSilence(t *testing.T) {
	t.Parallel()
	var all []assault
	for i, at := range asked {
		for k, how := range []struct {
			name string
			do   hostile.Trick
		}{
			{"says nothing", hostile.Silence()}, {"stalls", hostile.Stall()}, {"drips",
				hostile.Drip(100 * time.Millisecond)},
		} {
			if at.place == place.NewJob && k == 2 { // what follows its JSON is not waited for by everybody
				continue
			}
			all = append(all, assault{
				name: string(at.place) + " " + how.name, command: at.command + " --json", want: refused,
				limits:  impatient,
				attacks: []hostile.Attack{{On: at.place, Do: how.do}}, way: hostile.Secure,
				longOnly: (i+k)%3 != 0,
			})
		}
	}
	repel(t, all)
}

// The first signal ends a command that waits for a server.
func TestHostileSilenceEndsWithASignal(t *testing.T) {
	t.Parallel()
	var all []assault
	for i, at := range append(asked, []struct {
		place   place.Place
		command string
	}{{place.Token, "init --config new.yaml --url https://" + hostile.Home}, {place.Job,
		"verify"}, {place.Results, "verify --digest"}, {place.Updated, "run"}, {place.Deleted, "run"}}...) {
		var first []string
		if at.command == "verify" || at.command == "verify --digest" || at.place == place.Updated ||
			at.place == place.Deleted {
			first = []string{"run"}
		}
		for k, how := range []struct {
			name string
			do   hostile.Trick
		}{
			{"says nothing", hostile.Silence()}, {"stalls", hostile.Stall()}, {"drips",
				hostile.Drip(50 * time.Millisecond)},
		} {
			if at.place == place.NewJob && k == 2 {
				continue
			}
			all = append(all, assault{
				name: string(at.place) + " " + how.name, command: at.command, want: stopped, limits: patient,
				first:   first,
				attacks: []hostile.Attack{{On: at.place, Do: how.do}}, way: hostile.Secure, changes: 10 * len(first),
				longOnly: (i+k)%2 != 0 || k == 2 && i%4 != 0,
			})
		}
	}
	for _, f := range []struct {
		name    string
		place   place.Place
		flood   hostile.Flood
		command string
	}{
		{"results without end", place.Results, hostile.Flood{Before: "\"Id\",\"IsDeleted\"\n",
			Text: "\"001000000000001AAA\",\"false\"\n",
			Size: 1 << 50, Slow: time.Millisecond, Header: http.Header{"Content-Type": {"text/csv"}}}, "run"},
		{"describe without end", place.Describe, hostile.Flood{Before: `{"fields":[`, Text: " ", Size: 1 << 50,
			Slow: time.Second}, "run"},
	} {
		all = append(all, assault{
			name: f.name, command: f.command, want: stopped, limits: patient,
			attacks: []hostile.Attack{{On: f.place, Do: f.flood.Trick}},
		})
	}
	repel(t, all)
}
