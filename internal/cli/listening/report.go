package listening

import (
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/pubsub"
	"catchment/internal/salesforce/pubsub/change"
	"catchment/internal/status"
)

// A report is one event.
type report struct {
	news   pubsub.News
	delta  change.Delta
	err    error
	values bool
}

// A line is what is shown of it.
type line struct {
	Again       bool       `json:"again,omitempty"` // it was shown before, and is no second change
	At          *time.Time `json:"at,omitempty"`
	Change      string     `json:"change,omitempty"`
	Error       string     `json:"error,omitempty"` // why it can't be read
	Fields      []field    `json:"fields,omitempty"`
	Hint        string     `json:"hint,omitempty"`
	ID          string     `json:"id"`
	Object      string     `json:"object,omitempty"`
	Origin      string     `json:"origin,omitempty"`
	Position    string     `json:"position"`
	Records     []string   `json:"records,omitempty"`
	Sequence    int        `json:"sequence,omitempty"`
	Transaction string     `json:"transaction,omitempty"`
	Type        string     `json:"type"`
	User        string     `json:"user,omitempty"`
}

// A field is what an event says of one.
type field struct {
	Name  string  `json:"name"`
	State string  `json:"state"`
	Value *string `json:"value,omitempty"` // where values are shown
	Why   string  `json:"why,omitempty"`
}

// Lines is one.
func (r report) Lines() []any {
	d := r.delta
	l := line{Again: r.news.Kind == pubsub.Repeated, Change: string(d.Kind), ID: r.news.Event.ID, Object: d.Entity,
		Origin: d.Origin, Position: r.news.After.String(), Records: d.IDs, Sequence: d.Sequence,
		Transaction: d.Transaction, Type: "event", User: d.User}
	if d.Entity != "" {
		l.At = &d.At
	}
	for _, f := range d.Fields {
		one := field{Name: f.Name, State: string(f.State), Why: string(f.Why)}
		if r.values && f.State == change.Set {
			one.Value = &f.Value
		}
		l.Fields = append(l.Fields, one)
	}
	if r.err != nil {
		l.Error, l.Hint = r.err.Error(), plan.AdviceOf(r.err)
	}
	return []any{l}
}

// Text is nothing: whoever looks at a stream gets its lines.
func (r report) Text() status.Text { return nil }
