package report

import (
	"cmp"
	"maps"
	"slices"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// A Back is what became of records that were to come back into Salesforce.
type Back struct {
	Dry     bool   `json:"dry"`     // nothing was written: states say what would be
	Failed  int64  `json:"failed"`  // records that didn't come back
	Records int64  `json:"records"` // that were to
	Type    string `json:"type"`
	Unknown int64  `json:"unknown"` // nobody can tell yet

	Objects []BackObject `json:"-"`
	Missing []Missing    `json:"-"`
	Next    string       `json:"-"`
}

// A BackObject counts the records of one object by what became of them.
type BackObject struct {
	Object string           `json:"object"`
	States map[string]int64 `json:"states"`
	Type   string           `json:"type"`
}

// A Missing is a field that didn't come back, or only changed. Field is "" where it is about whole
// records.
type Missing struct {
	Field   string `json:"field"`
	Object  string `json:"object"`
	Reason  string `json:"reason"`
	Records int64  `json:"records"`
	Type    string `json:"type"`
}

// Lines are one for each object and field, and one for the whole.
func (b Back) Lines() []any {
	var lines []any
	for _, o := range b.Objects {
		o.Type = "rehydrated_object"
		lines = append(lines, o)
	}
	for _, m := range b.Missing {
		m.Type = "rehydrated_missing"
		lines = append(lines, m)
	}
	b.Type = "rehydrate"
	return append(lines, b)
}

// Text is a table of objects and states, and what is missing.
func (b Back) Text() (t status.Text) {
	var rows [][]string
	for _, o := range b.Objects {
		for _, state := range slices.Sorted(maps.Keys(o.States)) {
			rows = append(rows, []string{o.Object, cmp.Or(state, "waits"), plural.Count(o.States[state])})
		}
	}
	t.Grid([]string{"OBJECT", "STATE", "RECORDS"}, []bool{false, false, true}, rows)
	for _, m := range b.Missing {
		what := m.Object
		if m.Field != "" {
			what += "." + m.Field
		}
		t.Talk("%s isn't as it was, of %s: %s", what, plural.Of(m.Records, "record"), m.Reason)
	}
	if len(b.Missing) > 0 {
		t.Talk("docs/howto/archive-back.md says what these reasons mean")
	}
	if b.Failed > 0 {
		t.Talk("%s didn't come back: --report FILE has the reason of each", plural.Of(b.Failed, "record"))
	}
	if b.Unknown > 0 {
		t.Talk("of %s nobody can tell yet: the same command looks again", plural.Of(b.Unknown, "record"))
	}
	if b.Dry {
		t.Talk("nothing was written: this was a look")
	}
	if b.Next != "" {
		t.Talk("next: %s", b.Next)
	}
	return t
}
