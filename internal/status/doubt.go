package status

import (
	"log/slog"
	"time"
)

// A Doubt is why the watermark of a flow is not proven, whatever its window was.
type Doubt struct {
	Hint  string    `json:"hint"`
	Kind  string    `json:"kind"`
	Since time.Time `json:"since"`
	Why   string    `json:"why"`
}

// doubts tells what there is to doubt about a flow, and what to do about it.
func (t *Text) doubts(of string, doubts []Doubt) {
	for _, d := range doubts {
		t.remark(remarks{{text: d.text(), hint: d.Hint, of: []string{of}, level: slog.LevelWarn}})
	}
}

func (d Doubt) text() string { return "not proven, since " + Stamp(d.Since) + ": " + d.Why }
