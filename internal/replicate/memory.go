package replicate

import (
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/replicate/window"
	"catchment/internal/source"
)

// pressAgain is how long a sweep has to be ago, that a refused log made a run do,
// before the log makes another one do the same: one that is always trimmed would have
// every run read all Ids.
const pressAgain = 24 * time.Hour

// remembered is what is remembered of a flow once an attempt is consolidated. swept and
// refreshed are when the attempt began to hold every row against all Ids, and to compare
// what changes without a stamp; zero where it didn't.
func remembered(
	m recall.Memory, src *source.Source, a control.Attempt, swept, refreshed time.Time,
) recall.Memory {
	m.Generation, m.Fingerprint = a.Generation, flow.Fingerprint(src.Flow) // a crash may have kept list from it
	// what was deleted while that was ignored is found by a sweep
	if m.Deletes != string(flow.Ignore) || !swept.IsZero() {
		m.Deletes = string(src.Flow.Deletes)
	}
	if !a.To.IsZero() { // an attempt that only mends moves no watermark
		m.Proof = a.Grade
	}
	m = doubted(m, a)
	if !swept.IsZero() {
		m.SweptAt = swept
		m.Settle(a.ID, recall.DeletesUnseen, recall.RecordsUnread)
	}
	if a.Complete { // every row was written anew
		m.SettleAll(a.ID)
	}
	m.Unfilled = without(append(m.Unfilled, unread(src, a)...), filled(src, a))
	m.Settle("", recall.ColumnsUnfilled)
	for _, name := range m.Unfilled {
		if source.HasColumn(src.Table, name) { // its field came, or came back, after the attempt was begun
			m.Doubt(recall.Doubt{
				Kind: recall.ColumnsUnfilled, Since: m.Looked,
				Why: "column " + name + " isn't filled for all records yet", Hint: "the next run fills it",
			})
		}
	}
	if !refreshed.IsZero() {
		m.RefreshedAt = refreshed
	}
	return m
}

// doubted is a memory with what an attempt doubts.
func doubted(m recall.Memory, a control.Attempt) recall.Memory {
	for _, d := range a.Doubts {
		m.Doubt(d)
	}
	return m
}

// pressedNotes tells why an attempt sweeps that wouldn't by its schedule.
func pressedNotes(a control.Attempt, doubts []recall.Doubt) []string {
	var notes []string
	for _, d := range doubts {
		if a.Part(sweepPart) != nil && d.Kind == recall.DeletesUnseen {
			notes = append(notes, d.Why+": this run sweeps")
		}
	}
	return notes
}

// unseen is the doubt that deletes were not seen.
func unseen(src *source.Source, since time.Time, why string) recall.Doubt {
	object := src.Flow.Object
	hint := "a sweep finds what is gone, within a day; at once: catchment verify --repair " + object
	switch {
	case len(src.Table.Key) != 1:
		hint = "find what is gone with: catchment run --full " + object
	case src.Flow.Sweep.Off():
		hint = "the flow is never swept; find what is gone with: catchment verify --repair " + object
	}
	return recall.Doubt{Kind: recall.DeletesUnseen, Since: since, Why: why, Hint: hint}
}

// changedPolicy doubts what a flow has that ignored deletes until now.
func changedPolicy(src *source.Source, row control.FlowRow, now time.Time) []recall.Doubt {
	if row.Deletes != string(flow.Ignore) || src.Flow.Deletes == flow.Ignore {
		return nil
	}
	const why = "deletes were ignored until now: what was deleted meanwhile is still there"
	return []recall.Doubt{unseen(src, now, why)}
}

// policyNotes tells what a changed policy leaves as it was.
func policyNotes(src *source.Source, row control.FlowRow) []string {
	if row.Deletes != string(flow.Flag) || src.Flow.Deletes != flow.Remove {
		return nil
	}
	return []string{"deletes were flagged until now: rows that were flagged before stay, with _catchment_deleted_at"}
}

// unignored is where a window begins whose flow ignored deletes until now: what is still
// in the recycle bin is read as a whole. A sweep finds the rest.
func unignored(src *source.Source, row control.FlowRow, from, now time.Time) time.Time {
	if start := now.Add(-window.DeletedReach + time.Hour); len(changedPolicy(src, row, now)) > 0 && start.Before(from) {
		return start
	}
	return from
}

// presses tells whether a sweep is due for what is doubted, whatever the flow's schedule
// says of sweeps. A changed policy asks for one even where there are none.
func presses(src *source.Source, m recall.Memory, now time.Time) bool {
	switch {
	case m.Deletes == string(flow.Ignore) && src.Flow.Deletes != flow.Ignore:
		return true
	case src.Flow.Sweep.Off():
		return false
	case m.Doubted(recall.RecordsUnread):
		return true
	}
	return m.Doubted(recall.DeletesUnseen) && !now.Before(m.PressedAt.Add(pressAgain))
}
