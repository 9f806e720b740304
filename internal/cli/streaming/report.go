package streaming

import (
	"time"

	"catchment/internal/follow"
	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/status"
)

// A report is what became of one flow.
type report struct{ follow.Result }

// A line is the same as JSON.
type line struct {
	Deleted    int64      `json:"deleted"`
	Dirty      int64      `json:"dirty"` // records that have to be read yet
	Error      string     `json:"error,omitempty"`
	Events     int64      `json:"events"`
	Hint       string     `json:"hint,omitempty"`
	Inserted   int64      `json:"inserted"`
	Live       bool       `json:"live"` // no gap is between window and stream
	Lost       int64      `json:"lost"` // how often the thread was lost
	Object     string     `json:"object"`
	Position   string     `json:"position,omitempty"`
	PositionAt *time.Time `json:"position_at,omitempty"`
	Read       int64      `json:"read"`           // records that were read by their Ids
	Seam       *time.Time `json:"seam,omitempty"` // a window has to reach beyond it
	Touched    int64      `json:"touched"`        // rows that no window has proven since an event
	Type       string     `json:"type"`
	Updated    int64      `json:"updated"`
}

// Lines is one.
func (r report) Lines() []any {
	l := line{Deleted: r.Counts.Deleted, Dirty: r.Standing.Dirty, Events: r.Events, Inserted: r.Counts.Inserted,
		Live: r.Live(), Lost: r.Lost, Object: r.Object, Position: r.Position.Replay, Read: r.Read,
		Touched: r.Standing.Touched, Type: "stream", Updated: r.Counts.Updated}
	if !r.Position.At.IsZero() {
		l.PositionAt = &r.Result.Position.At
	}
	if !r.Position.Seam.IsZero() {
		l.Seam = &r.Result.Position.Seam
	}
	if r.Err != nil {
		l.Error, l.Hint = r.Err.Error(), plan.AdviceOf(r.Err)
	}
	return []any{l}
}

// Text is a line, and what to do where the flow is behind.
func (r report) Text() (t status.Text) {
	t.Result("%s  %s: %s updated, %s inserted, %s deleted, %s read; %s touched since the last window", r.Object,
		plural.Of(r.Events, "event"), plural.Count(r.Counts.Updated), plural.Count(r.Counts.Inserted),
		plural.Count(r.Counts.Deleted), plural.Count(r.Read), plural.Of(r.Standing.Touched, "row"))
	switch {
	case r.Err != nil:
		t.TalkOf(r.Object, "error: %v", r.Err)
		if hint := plan.AdviceOf(r.Err); hint != "" {
			t.TalkOf(r.Object, "hint: %s", hint)
		}
	case r.Position.Replay == "":
		t.TalkOf(r.Object, "Salesforce hasn't said yet where the stream is")
	case !r.Position.Seam.IsZero():
		t.TalkOf(r.Object, "what happened before %s is a window's that has to come yet", status.Stamp(r.Position.Seam))
	}
	return t
}
