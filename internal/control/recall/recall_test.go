package recall_test

import (
	"testing"
	"time"

	"catchment/internal/control/recall"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	kinds := func(m recall.Memory) (all string) {
		for _, d := range m.Doubts {
			all += string(d.Kind) + d.Attempt + ";"
		}
		return all
	}
	m := recall.Memory{Proof: "proven"}
	if m.Grade() != "proven" {
		t.Errorf("without a doubt: %q", m.Grade())
	}
	first := m
	m.Doubt(recall.Doubt{Kind: recall.RowsWrong, Why: "first"})
	m.Doubt(recall.Doubt{Kind: recall.RowsWrong, Why: "second"})
	m.Doubt(recall.Doubt{Kind: recall.RecordsUnread})
	m.Doubt(recall.Doubt{Kind: recall.DeletesUnseen})
	if kinds(m) != "rows wrong;records unread;deletes unseen;" || m.Doubts[0].Why != "first" ||
		m.Grade() != recall.Unproven || len(first.Doubts) > 0 {
		t.Errorf("%+v", m)
	}
	m.Doubt(recall.Doubt{Kind: recall.RecordsUnread, Attempt: "a1"})
	m.Settle("a1", recall.DeletesUnseen, recall.RecordsUnread)
	if kinds(m) != "rows wrong;records unreada1;" {
		t.Errorf("an attempt doesn't settle what it doubts itself: %s", kinds(m))
	}
	m.Settle("a2", recall.RecordsUnread)
	m.SettleAll("a3")
	if m.Doubts != nil || m.Grade() != "proven" {
		t.Errorf("%+v", m)
	}
	if m = (recall.Memory{Doubts: []recall.Doubt{{Kind: recall.RowsWrong}}}); m.Grade() != "" {
		t.Errorf("a flow without a watermark has the grade %q", m.Grade())
	}
}

func TestGrade(t *testing.T) {
	t.Parallel()
	doubt := []recall.Doubt{{Kind: recall.RowsWrong}}
	for _, c := range []struct {
		memory recall.Memory
		want   string
	}{
		{recall.Memory{}, ""},
		{recall.Memory{Rejected: recall.Rejected{Records: 2}}, ""},
		{recall.Memory{Proof: "proven"}, "proven"},
		{recall.Memory{Proof: "proven", Rejected: recall.Rejected{Records: 1}}, "proven except 1"},
		{recall.Memory{Proof: "lagged", Rejected: recall.Rejected{Records: 12345}}, "lagged except 12345"},
		{recall.Memory{Proof: "proven", Rejected: recall.Rejected{Records: 1}, Doubts: doubt}, recall.Unproven},
	} {
		if got := c.memory.Grade(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.memory, got, c.want)
		}
	}
}

func TestRejectedDue(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 9, 2, 0, 0, 0, time.UTC)
	fresh := recall.Rejected{Records: 3, ReadAt: now.Add(-time.Hour), Shape: "s", Version: "v"}
	const week = 7 * 24 * time.Hour
	with := func(change func(*recall.Rejected)) recall.Rejected {
		r := fresh
		change(&r)
		return r
	}
	for name, c := range map[string]struct {
		r      recall.Rejected
		due    bool
		behind string
	}{
		"nothing":         {with(func(r *recall.Rejected) { r.Records, r.ReadAt = 0, time.Time{} }), false, ""},
		"tonight":         {fresh, false, ""},
		"six days":        {with(func(r *recall.Rejected) { r.ReadAt = now.AddDate(0, 0, -6) }), false, ""},
		"a week":          {with(func(r *recall.Rejected) { r.ReadAt = now.Add(time.Minute - week) }), true, ""},
		"another shape":   {with(func(r *recall.Rejected) { r.Shape, r.After = "t", "5" }), true, ""},
		"another version": {with(func(r *recall.Rejected) { r.Version = "u" }), true, ""},
		"in the middle":   {with(func(r *recall.Rejected) { r.After = "5" }), true, "5"},
	} {
		if got := c.r.Due("s", "v", now); got != c.due {
			t.Errorf("%s: due %v", name, got)
		}
		if got := c.r.Behind("s", "v"); got != c.behind {
			t.Errorf("%s: behind %q, want %q", name, got, c.behind)
		}
	}
}

func TestRejectedNext(t *testing.T) {
	t.Parallel()
	old, now := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC), time.Date(2026, 3, 9, 2, 0, 0, 0, time.UTC)
	was := recall.Rejected{Records: 3, Rows: 1, ReadAt: old, Shape: "s", Version: "v"}
	by := recall.RejectedReading{At: now, Shape: "t", Version: "u"}
	with := func(change func(*recall.RejectedReading)) recall.RejectedReading {
		b := by
		change(&b)
		return b
	}
	for name, c := range map[string]struct {
		was     recall.Rejected
		records int64
		by      recall.RejectedReading
		want    recall.Rejected
	}{
		"none is left": {was, 0, by, recall.Rejected{}},
		"the first":    {recall.Rejected{}, 2, by, recall.Rejected{Records: 2, ReadAt: now, Shape: "t", Version: "u"}},
		"one more":     {was, 4, by, recall.Rejected{Records: 4, ReadAt: old, Shape: "s", Version: "v"}},
		"everything was read": {was, 2, with(func(b *recall.RejectedReading) { b.Whole = true }),
			recall.Rejected{Records: 2, ReadAt: now, Shape: "t", Version: "u"}},
		"all were read again": {was, 2, with(func(b *recall.RejectedReading) { b.Again, b.Done = true, true }),
			recall.Rejected{Records: 2, ReadAt: now, Shape: "t", Version: "u"}},
		"some were": {was, 2, with(func(b *recall.RejectedReading) { b.Again, b.Last = true, "9" }),
			recall.Rejected{Records: 2, ReadAt: old, Shape: "t", Version: "u", After: "9"}},
	} {
		if got := c.was.Next(c.records, 0, c.by); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
