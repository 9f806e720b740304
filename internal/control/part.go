package control

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"catchment/internal/control/versioned"
)

// Main is the name of the part that reads whole records from the watermark on.
const Main = "main"

// A Part is one reading of an attempt. All parts of an attempt are loaded, then
// consolidated in one transaction.
type Part struct {
	Name     string `json:"name"` // unique in the attempt
	Op       string `json:"op"`   // what its versions do to rows: put, patch, seen or delete
	Mover    string `json:"mover"`
	Query    `json:"query,omitzero"`
	Reason   string `json:"reason,omitzero"`   // of what it takes away
	Override bool   `json:"override,omitzero"` // its versions win over rows of any stamp
	// the part that it completes: it is read after that one, and again when that one is
	Follows string `json:"follows,omitempty"`

	Of     string `json:"of,omitempty"`    // the part that it was split off: both read the same of other records
	Splits int    `json:"splits,omitzero"` // how often it was split to become this small

	Job      json.RawMessage `json:"job,omitempty"`     // the mover's
	Posted   time.Time       `json:"posted,omitzero"`   // when the job was made, by our clock
	Left     bool            `json:"left,omitzero"`     // it was left alone for as long as such jobs took last
	Took     time.Duration   `json:"took,omitzero"`     // until the job had its result, as far as anybody looked
	Jobs     int             `json:"jobs,omitzero"`     // created so far; all but one are orphaned or gone
	Failed   []string        `json:"failed,omitempty"`  // the movers of jobs that came to nothing, one for each
	GivenUp  bool            `json:"given_up,omitzero"` // nothing has helped: it is tried alone, before others like it
	Doubles  *Doubles        `json:"doubles,omitempty"` // of the last job that brought keys more than once
	Loaded   bool            `json:"loaded,omitzero"`   // all its pages are in staging, and counted
	Unproven bool            `json:"unproven,omitzero"` // but for its keys, which the merge is going to prove
	Pages    int64           `json:"pages,omitzero"`
	Records  int64           `json:"records,omitzero"`
	Rejected int64           `json:"rejected,omitzero"` // records that broke the flow's rules
	Bytes    int64           `json:"bytes,omitzero"`
}

// Doubles is what a job brought of keys that it has more than once.
type Doubles struct {
	Job  string   `json:"job"`
	Rows int64    `json:"rows"` // beyond the first of each key
	Keys []string `json:"keys"` // the first few
}

// Part finds a part by its name, nil where there is none.
func (a *Attempt) Part(name string) *Part {
	for _, p := range a.Parts {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// Add puts further parts into the attempt.
func (a *Attempt) Add(parts ...Part) {
	for _, p := range parts {
		a.Parts = append(a.Parts, &p)
	}
}

// Planned names the part that p was planned as: another one, where p was split
// off that.
func (p Part) Planned() string { return cmp.Or(p.Of, p.Name) }

// Reading lists the parts that together read what one part was planned to
// read: itself, and what was split off it.
func (a *Attempt) Reading(name string) []*Part {
	var parts []*Part
	for _, p := range a.Parts {
		if p.Planned() == name {
			parts = append(parts, p)
		}
	}
	return parts
}

// MarshalJSON writes the query of parts that were split off another only once:
// it may be long, and the row of an attempt may not.
func (a Attempt) MarshalJSON() ([]byte, error) {
	parts := make([]*Part, len(a.Parts))
	for i, p := range a.Parts {
		short := *p
		if of := a.Part(p.Of); of != nil && p.Query.alike(of.Query) {
			short.Query = Query{IDs: p.IDs, Least: p.Least, Below: p.Below}
		}
		parts[i] = &short
	}
	a.Parts = parts
	type plain Attempt
	return json.Marshal(plain(a))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (a *Attempt) UnmarshalJSON(text []byte) error {
	type plain Attempt
	if err := json.Unmarshal(text, (*plain)(a)); err != nil {
		return err
	}
	for _, p := range a.Parts {
		if of := a.Part(p.Of); of != nil && p.Object == "" {
			all := of.Query
			all.IDs, all.Least, all.Below = p.IDs, p.Least, p.Below
			p.Query = all
		}
	}
	return nil
}

// Mover names what brings the first part, which is the main one if there is
// one.
func (a *Attempt) Mover() string {
	if len(a.Parts) == 0 {
		return ""
	}
	return a.Parts[0].Mover
}

// Sums adds up what the parts have brought.
func (a *Attempt) Sums() (pages, records, bytes int64) {
	for _, p := range a.Parts {
		pages += p.Pages
		records += p.Records
		bytes += p.Bytes
	}
	return pages, records, bytes
}

// The form that an attempt had before it had parts.
type undivided struct {
	State   AttemptState    `json:"state"`
	Mover   string          `json:"mover"`
	SOQL    string          `json:"soql"`
	Columns []string        `json:"columns"`
	Job     json.RawMessage `json:"job"`
	Jobs    int             `json:"jobs"`
	Pages   int64           `json:"pages"`
	Records int64           `json:"records"`
	Bytes   int64           `json:"bytes"`
	Parts   []Part          `json:"parts"`
}

// divideAttempts makes the one reading of each attempt its main part.
func divideAttempts(ctx context.Context, t versioned.Table) error {
	for row, err := range t.List(ctx, kindAttempt, "") {
		if err != nil {
			return fmt.Errorf("list the attempts: %w", err)
		}
		old, err := decode[undivided](row)
		if err != nil {
			return err
		}
		if old.Parts != nil { // by an earlier try
			continue
		}
		a, err := decode[Attempt](row)
		if err != nil {
			return err
		}
		query, err := textPart{SOQL: old.SOQL, Columns: old.Columns, Name: Main}.query()
		if err != nil {
			return err
		}
		a.Parts = []*Part{{
			Name: Main, Op: "put", Mover: old.Mover, Query: query, Job: old.Job, Jobs: old.Jobs,
			Loaded: old.State.Past(Extracted), Pages: old.Pages, Records: old.Records, Bytes: old.Bytes,
		}}
		if _, err := write(ctx, t, row, a); err != nil {
			return err
		}
	}
	return nil
}

// Rejected counts the records that broke the flow's rules.
func (a *Attempt) Rejected() int64 {
	var n int64
	for _, p := range a.Parts {
		n += p.Rejected
	}
	return n
}
