package status

import (
	"slices"
	"strings"
	"time"

	"catchment/internal/plural"
)

// A Verification is what comparisons of the warehouse with the org found.
type Verification []Verified

// A Verified is what the comparison of one flow found. Users rely on its keys.
type Verified struct {
	Archived     int64          `json:"archived,omitempty"` // rows whose records an archive took out of the org
	Calls        int64          `json:"api_calls"`
	AsOf         Moment         `json:"as_of"`
	Bodies       *Bodies        `json:"bodies,omitempty"` // of an object whose records are files
	Cleared      int64          `json:"cleared"`          // seemed to differ, and didn't when they were read again
	Compared     string         `json:"compared"`         // stamps, values or counts
	DuplicateIDs []string       `json:"duplicate_ids,omitempty"`
	Duplicates   int64          `json:"duplicates"`
	Extra        int64          `json:"extra"`
	ExtraIDs     []string       `json:"extra_ids,omitempty"`
	FormulaIDs   []DifferingRow `json:"formula_ids,omitempty"`
	Formulas     *int64         `json:"formulas,omitempty"` // with a digest
	Grade        string         `json:"grade"`
	LeftOut      *[]LeftOut     `json:"left_out,omitempty"`   // with a digest; null where all was compared
	Lost         []LostFile     `json:"lost_files,omitempty"` // of the warehouse, where its rows are in files
	Missing      int64          `json:"missing"`
	MissingIDs   []string       `json:"missing_ids,omitempty"`
	Object       string         `json:"object"`
	Outdated     int64          `json:"outdated,omitempty"` // of the stale: a newer version was kept out
	Pending      int64          `json:"pending"`
	Rejected     int64          `json:"rejected"`
	Remaining    *int64         `json:"remaining,omitempty"` // with a repair
	Repaired     *int64         `json:"repaired,omitempty"`  // with a repair
	Sampled      *Sampled       `json:"sampled,omitempty"`   // where counts were compared
	Source       int64          `json:"source"`
	Stale        int64          `json:"stale"`
	StaleIDs     []string       `json:"stale_ids,omitempty"`
	Type         string         `json:"type"`
	Unconfirmed  int64          `json:"unconfirmed"` // of the differences: too many to read again
	Unjudged     int64          `json:"unjudged,omitempty"`
	UnjudgedWhy  string         `json:"unjudged_why,omitempty"` // goes with Unjudged
	Warehouse    int64          `json:"warehouse"`
	Wrong        *int64         `json:"wrong,omitempty"` // with a digest, or where IsDeleted is
	WrongIDs     []DifferingRow `json:"wrong_ids,omitempty"`

	RejectedIDs []string `json:"-"`
	KeptOut     string   `json:"-"` // the first of the outdated, and why they are
}

// A DifferingRow is a row whose values differ, and the columns where they do.
type DifferingRow struct {
	Columns []string `json:"columns"`
	ID      string   `json:"id"`
}

// A LostFile is a file of a table that nobody can read any more.
type LostFile struct {
	Deletes bool   `json:"deletes,omitempty"` // it told which rows of other files are dead
	How     string `json:"how"`               // missing or damaged
	Path    string `json:"path"`
	Rows    int64  `json:"rows"` // that it held, those included that were replaced since
}

// A LeftOut is a field that was not compared, and why.
type LeftOut struct {
	Field  string `json:"field"`
	Reason string `json:"reason"`
}

// A Sampled is what a comparison of counts looked at.
type Sampled struct {
	Days         int64  `json:"days"` // on which there were records, on either side
	From         Moment `json:"from"`
	SkippedCount int    `json:"skipped"`
	To           Moment `json:"to"`

	Differ  []string `json:"-"` // the first days that differ
	Skipped []Span   `json:"-"` // Salesforce took too long to count them
}

// A Span is from one moment to another.
type Span struct{ From, To time.Time }

// Lines are one for each flow.
func (v Verification) Lines() []any {
	var lines []any
	for _, o := range v {
		o.Type = "verify"
		if o.Sampled != nil {
			sampled := *o.Sampled
			sampled.SkippedCount = len(sampled.Skipped)
			o.Sampled = &sampled
		}
		lines = append(lines, o)
	}
	return lines
}

// Text is a table of the flows, and below it the Ids that differ.
func (v Verification) Text() (t Text) {
	columns := []column{
		{head: "OBJECT"}, {head: "SOURCE", number: true, leaves: 9}, {head: "WAREHOUSE", number: true, leaves: 8},
		{head: "MISSING", number: true, leaves: 1}, {head: "EXTRA", number: true, leaves: 2},
		{head: "STALE", number: true, leaves: 3}, {head: "DUPLICATES", brief: "DUPL", number: true, leaves: 4},
		{head: "PENDING", number: true, leaves: 7}, {head: "AS OF", short: toTheMinute},
	}
	wrong := slices.ContainsFunc(v, func(o Verified) bool { return o.Wrong != nil })
	if wrong {
		columns = append(columns, column{head: "WRONG", number: true, leaves: 5})
	}
	repaired := slices.ContainsFunc(v, func(o Verified) bool { return o.Repaired != nil })
	if repaired {
		columns = append(columns, column{head: "REPAIRED", number: true, leaves: 6})
	}
	var rows [][]string
	for _, o := range v {
		cells := []string{o.Object, plural.Count(o.Source), plural.Count(o.Warehouse),
			plural.Count(o.Missing), plural.Count(o.Extra), plural.Count(o.Stale), plural.Count(o.Duplicates),
			plural.Count(o.Pending), complete(o.AsOf, o.Grade)}
		if wrong {
			cells = append(cells, countOf(o.Wrong))
		}
		if repaired {
			cells = append(cells, countOf(o.Repaired))
		}
		rows = append(rows, cells)
	}
	t.table(columns, rows)
	var all remarks
	for _, o := range v {
		o.ids(&t)
		o.remarks(&all)
	}
	t.remark(all)
	return t
}

// countOf is a number that may not be there, and is none then.
func countOf(n *int64) string {
	if n == nil {
		return plural.Count(0)
	}
	return plural.Count(*n)
}

// ids names the first Ids of each kind of difference.
func (o Verified) ids(t *Text) {
	for _, kind := range []struct {
		name string
		ids  []string
	}{
		{"lost", pathsOf(o.Lost)}, {"missing", o.MissingIDs}, {"extra", o.ExtraIDs}, {"stale", o.StaleIDs},
		{"wrong", inColumns(o.WrongIDs)}, {"body", o.Bodies.ids()}, {"formula", inColumns(o.FormulaIDs)},
		{"duplicate", o.DuplicateIDs}, {"rejected", o.RejectedIDs},
	} {
		if len(kind.ids) > 0 {
			t.Result("%s %s: %s", o.Object, kind.name, strings.Join(kind.ids, " "))
		}
	}
}

// pathsOf names files.
func pathsOf(files []LostFile) []string {
	paths := make([]string, len(files))
	for i, f := range files {
		paths[i] = f.Path
	}
	return paths
}

// inColumns names the columns of each Id: ID(name,phone).
func inColumns(rows []DifferingRow) []string {
	out := make([]string, len(rows))
	for i, r := range rows {
		out[i] = r.ID + "(" + strings.Join(r.Columns, ",") + ")"
	}
	return out
}

// lost tells of the files that nobody can read any more.
func (o Verified) lost(all *remarks) {
	for _, f := range o.Lost {
		what, rows := "file "+f.Path+" is "+f.How, plural.Of(f.Rows, "row")
		switch mended := o.Repaired != nil; {
		case mended && f.Deletes:
			all.say(o.Object, "%s, and out of the table now: %s that it told to be dead %s judged anew", what, rows,
				plural.Word(f.Rows, "was", "were"))
		case mended:
			all.say(o.Object, "%s, and out of the table now: of %s that it held, those of live records are back; "+
				"those of deleted ones come back, as far as the org has them still, by catchment run --full %s",
				what, rows, o.Object)
		case f.Deletes:
			all.say(o.Object, "%s: %s that it told to be dead %s counted", what, rows,
				plural.Word(f.Rows, "is", "are"))
		default:
			all.say(o.Object, "%s: %s that it held %s not counted", what, rows, plural.Word(f.Rows, "is", "are"))
		}
	}
}

// remarks tells what the numbers don't.
func (o Verified) remarks(all *remarks) {
	if s := o.Sampled; s != nil {
		all.say(o.Object, "a sample, no proof: the records of %s from %s on, by %s",
			plural.Of(s.Days, "day"), Stamp(time.Time(s.From)), plural.Of(o.Calls, "API call"))
		for _, span := range s.Skipped {
			all.say(o.Object, "not counted, since it takes Salesforce too long: %s to %s",
				Stamp(span.From), Stamp(span.To))
		}
		for _, day := range s.Differ {
			all.say(o.Object, "%s", day)
		}
	}
	if n := o.Unconfirmed; n > 0 {
		all.say(o.Object, "%s of the differences %s not read again: they are too many", plural.Count(n),
			plural.Word(n, "was", "were"))
	}
	if n := o.Unjudged; n > 0 {
		all.say(o.Object, "%s %s not judged: %s", plural.Of(n, "difference"), plural.Word(n, "is", "are"),
			o.UnjudgedWhy)
	}
	if o.Formulas != nil && *o.Formulas > 0 {
		all.say(o.Object, "%s %s in formulas only, which move without a stamp", plural.Of(*o.Formulas, "record"),
			plural.Word(*o.Formulas, "differs", "differ"))
	}
	o.Bodies.remarks(o.Object, all)
	o.lost(all)
	if n := o.Rejected; n > 0 {
		all.say(o.Object, "%s %s kept out of the table, in the version that the org has: see _catchment_rejected",
			plural.Of(n, "record"), plural.Word(n, "is", "are"))
	}
	if n := o.Archived; n > 0 {
		all.say(o.Object, "beside the live rows %s %s archived: %s out of Salesforce on purpose", plural.Of(n, "row"),
			plural.Word(n, "is", "are"), plural.Word(n, "its record is", "their records are"))
	}
	if n := o.Outdated; n > 0 {
		all.say(o.Object, "%s %s of an older version, since a newer one was kept out, and no repair mends %s: %s",
			plural.Of(n, "row"), plural.Word(n, "is", "are"), plural.Word(n, "it", "them"), o.KeptOut)
	}
	if o.LeftOut != nil {
		for _, left := range *o.LeftOut {
			all.say(o.Object, "%s was not compared: %s", left.Field, left.Reason)
		}
	}
}
