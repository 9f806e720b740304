package notice

import (
	"strings"

	"catchment/internal/plural"
	"catchment/internal/status"
)

// An SQL is the text of one table, or of the procedures.
type SQL struct {
	Dialect string `json:"dialect"`
	Object  string `json:"object"` // "" for the procedures
	SQL     string `json:"sql"`
	Type    string `json:"type"`
}

// Lines is one line.
func (s SQL) Lines() []any {
	s.Type = "sql"
	return []any{s}
}

// Text is the SQL.
func (s SQL) Text() (t status.Text) {
	t.Lines(s.SQL)
	return t
}

// An Installed tells that the procedures were made in the warehouse.
type Installed struct {
	Call       string `json:"call"` // what calls them
	Dialect    string `json:"dialect"`
	Procedures int    `json:"procedures"`
	Type       string `json:"type"`
}

// Lines is one line.
func (i Installed) Lines() []any {
	i.Type = "installed"
	return []any{i}
}

// Text is a line.
func (i Installed) Text() (t status.Text) {
	t.Result("%s %s made; call %s with: %s", plural.Of(i.Procedures, "procedure"),
		plural.Word(i.Procedures, "was", "were"), plural.Word(i.Procedures, "it", "them"), i.Call)
	return t
}

// An Adopted is what adopt found of a flow, or did.
type Adopted struct {
	Done      bool     `json:"done"`
	Kept      []string `json:"kept"`
	Object    string   `json:"object"`
	Records   int64    `json:"records"`
	Rows      int64    `json:"rows"`
	RowsAfter int64    `json:"rows_after"`
	ShortIDs  int64    `json:"short_ids"` // rows whose Id has 15 characters
	Tables    []string `json:"tables"`
	Type      string   `json:"type"`
	Unread    int64    `json:"unread"`              // values that are left out
	Unstamped []string `json:"unstamped,omitempty"` // tables in which nothing tells a record's newest row

	Sources []AdoptedTable `json:"-"` // Tables and Kept are made of them
}

// An AdoptedTable is a table that somebody else made.
type AdoptedTable struct {
	Name    string
	Kept    string // what it is called afterwards
	Rows    int64
	Unknown []string // columns that the flow has no field for
	Stamp   string   // the column that tells a record's newest row; "" for none
	Unread  []Unread
}

// An Unread is a column some of whose values can't be read.
type Unread struct {
	Column string
	Values int64
}

// Lines is one line.
func (a Adopted) Lines() []any {
	a.Type = "adopted"
	for _, s := range a.Sources {
		a.Tables, a.Kept = append(a.Tables, s.Name), append(a.Kept, s.Kept)
		if s.Stamp == "" {
			a.Unstamped = append(a.Unstamped, s.Name)
		}
		for _, u := range s.Unread {
			a.Unread += u.Values
		}
	}
	return []any{a}
}

// Text has a line for each table; it is empty where there is none.
func (a Adopted) Text() (t status.Text) {
	if len(a.Sources) == 0 {
		return t
	}
	t.Result("%s: %s of %s, %s of 15 characters", a.Object, plural.Of(a.Rows, "row"), plural.Of(a.Records, "record"),
		plural.Of(a.ShortIDs, "Id"))
	for _, s := range a.Sources {
		unknown, kept := "", ""
		if len(s.Unknown) > 0 {
			unknown = ", columns without a field: " + strings.Join(s.Unknown, ", ")
		}
		if a.Done {
			kept = "; kept as " + s.Kept
		}
		t.Result("  %s: %s%s%s", s.Name, plural.Of(s.Rows, "row"), unknown, kept)
		for _, u := range s.Unread {
			t.Result("  %s: %s of %s can't be read, and %s left out", s.Name, plural.Of(u.Values, "value"), u.Column,
				plural.Word(u.Values, "is", "are"))
		}
		if s.Stamp == "" {
			t.Result("  %s: no stamp: any row of a record may be the one that stays, until the next run", s.Name)
		}
	}
	if a.Done {
		t.Result("  now %s, one for each record", plural.Of(a.RowsAfter, "row"))
	}
	return t
}

// An Erasure is what was removed of records that were deleted for good.
type Erasure struct {
	Object string
	IDs    int // how many records
	Erased []Erased
}

// An Erased is what an erasure removed of one flow.
type Erased struct {
	Bodies int64  `json:"bodies,omitempty"` // of files
	IDs    int    `json:"ids"`
	Object string `json:"object"`
	Pages  int64  `json:"pages"`
	Rows   int64  `json:"rows"`
	Shared int64  `json:"shared_bodies,omitempty"` // that other files have, too
	Staged int64  `json:"staged"`
	Type   string `json:"type"`
}

// Lines are one for each flow.
func (e Erasure) Lines() []any {
	var lines []any
	for _, one := range e.Erased {
		one.Type, one.IDs = "erase", e.IDs
		lines = append(lines, one)
	}
	return lines
}

// Text has a line for each flow. The object's own comes last: once it is there,
// all is erased.
func (e Erasure) Text() (t status.Text) {
	for _, one := range e.Erased {
		t.Talk("%s: %s, %s and %s are gone", one.Object, plural.Of(one.Rows, "row"),
			plural.Of(one.Staged, "staged version"), plural.Of(one.Pages, "stored page"))
		if one.Bodies > 0 {
			t.Talk("%s: %s of files %s gone from the stage", one.Object, bodies(one.Bodies),
				plural.Word(one.Bodies, "is", "are"))
		}
		if one.Shared > 0 {
			t.Talk("%s: %s %s in the stage for other files that have the same bytes",
				one.Object, bodies(one.Shared), plural.Word(one.Shared, "stays", "stay"))
		}
	}
	if n := len(e.Erased); n > 0 && e.Erased[n-1].Object == e.Object {
		t.Talk("erased %s of %s; _catchment_erased says so", plural.Of(e.IDs, "record"), e.Object)
	}
	return t
}

// bodies are so many of them.
func bodies(n int64) string { return plural.Count(n) + " " + plural.Word(n, "body", "bodies") }

// A NamedOrg is an org, with what is known of it.
type NamedOrg struct {
	ID   string `json:"id"`
	Kind string `json:"kind"` // "" where nobody asked
	Name string `json:"name"`
}

func (o NamedOrg) String() string {
	if o.Kind == "" {
		return "org " + o.ID
	}
	return "org " + o.ID + " (" + o.Name + ", a " + o.Kind + ")"
}

// A Replaced tells whose copy becomes whose.
type Replaced struct {
	Dropped bool       `json:"dropped"` // the old rows are gone already
	Left    []string   `json:"left"`    // flows that this run doesn't read
	New     NamedOrg   `json:"new"`
	Old     []NamedOrg `json:"old"`
	Type    string     `json:"type"`
}

// Lines is one line.
func (r Replaced) Lines() []any {
	r.Type, r.Left, r.Old = "replaced", append([]string{}, r.Left...), append([]NamedOrg{}, r.Old...)
	return []any{r}
}

// Text is talk: the run's own report follows.
func (r Replaced) Text() (t status.Text) {
	for _, old := range r.Old {
		t.Talk("the copy of %s becomes one of %s", old, r.New)
	}
	switch {
	case len(r.Old) == 0:
		t.Talk("there is no copy of another org to replace by %s", r.New)
	case r.Dropped:
		t.Talk("the old rows were dropped")
	default:
		t.Talk("old rows whose records it lacks go as the delete policy says")
	}
	if len(r.Left) > 0 {
		t.Talk("not read by this run, so their old rows stay until one does: %s", strings.Join(r.Left, ", "))
	}
	return t
}
