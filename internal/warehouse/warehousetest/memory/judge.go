package memory

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// A suspect is a record that differs, and how.
type suspect struct {
	record, how string
	columns     []string // whose values differ
	n           int64
}

// How a record differs, or why it isn't said to.
const (
	missing   = "missing"
	extra     = "extra"
	stale     = "stale"
	wrong     = "wrong"
	formula   = "formula"
	duplicate = "duplicate"

	pending  = "pending"
	unjudged = "unjudged"
	rejected = "rejected"
	outdated = "outdated"
)

// open tells that nobody can say yet whether the record differs, or that it does
// on purpose.
func (s suspect) open() bool {
	return s.how == pending || s.how == unjudged || s.how == rejected || s.how == outdated
}

func (s suspect) compare(with suspect) int {
	return cmp.Or(strings.Compare(s.record, with.record), strings.Compare(s.how, with.how))
}

// counted is where one kind of difference is counted and named in d.
func counted(d *evidence.Difference, how string) (n *int64, ids *[]string, columns *[][]string) {
	switch how {
	case missing:
		return &d.Missing, &d.MissingIDs, nil
	case extra:
		return &d.Extra, &d.ExtraIDs, nil
	case stale:
		return &d.Stale, &d.StaleIDs, nil
	case wrong:
		return &d.Wrong, &d.WrongIDs, &d.WrongColumns
	case formula:
		return &d.Formulas, &d.FormulaIDs, &d.FormulaColumns
	case duplicate:
		return &d.Duplicates, &d.DuplicateIDs, nil
	case rejected:
		return &d.Rejected, &d.RejectedIDs, nil
	case outdated:
		return &d.Outdated, &d.OutdatedIDs, nil
	case pending:
		return &d.Pending, nil, nil
	}
	return &d.Unjudged, nil, nil
}

// judge holds records of the reading against the live rows.
func (r *reading) judge(o *operation, rows *table, about func(key string) bool) []suspect {
	source, live := byKey(r.c.Table, rows.rows), byKey(r.c.Table, r.judged(o))
	either := maps.Clone(source)
	maps.Copy(either, live)
	var found []suspect
	for key := range either {
		s, f := source[key], live[key]
		how, columns := r.differs(s, f)
		if how == "" || !about(key) {
			continue
		}
		how = cmp.Or(r.waits(s, f), how)
		switch {
		case how == missing && r.keptOut(o, key, s):
			how = rejected
		case how == stale && r.keptOut(o, key, s),
			how == wrong && len(columns) == 1 && r.patchKeptOut(o, key, columns[0]):
			how = outdated
		}
		found = append(found, suspect{record: key, how: how, columns: columns, n: 1})
	}
	found = append(found, r.duplicates(o)...)
	found = append(found, r.binned(o, source, about)...)
	slices.SortFunc(found, suspect.compare)
	return found
}

// judged is the rows that the reading is held against.
func (r *reading) judged(o *operation) []row {
	rows := o.live(r.c.Table)
	if r.c.Deleted {
		rows = o.final(r.c.Table).rows
	}
	if !r.c.Part {
		return rows
	}
	source := byKey(r.c.Table, r.rows.rows)
	return slices.DeleteFunc(slices.Clone(rows), func(f row) bool { return source[keyOf(r.c.Table, f)] == nil })
}

// differs tells how a record differs from its row, where either may be nil.
func (r *reading) differs(s, f row) (how string, columns []string) {
	inSource, inRows := s != nil && !r.gone(s), f != nil
	switch {
	case inSource && !inRows:
		return missing, nil
	case inRows && !inSource && r.c.Policy != gone.Ignore: // whose deleted rows stay on purpose
		return extra, nil
	case !inSource || !inRows:
		return "", nil
	case r.stamp() != "" && !same(s, f, r.stamp()), r.ahead(s, f):
		return stale, nil
	}
	for _, c := range r.c.Table.Columns {
		unlike := slices.Contains(r.c.Table.Key, c.Name) || c.Name == r.stamp() ||
			strings.EqualFold(c.Field, fieldStamp)
		if unlike || same(s, f, c.Name) {
			continue
		}
		columns = append(columns, c.Name)
		if !slices.Contains(r.c.Formulas, c.Name) {
			how = wrong
		}
	}
	for _, c := range r.c.Retired {
		if f[c.Column] != "" && f[colReadAt] >= text(c.Since) {
			columns, how = append(columns, c.Column), wrong
		}
	}
	if len(columns) > 0 {
		how = cmp.Or(how, formula)
	}
	return how, columns
}

// binned are the records in the recycle bin whose rows are gone, and say in IsDeleted
// that they are live.
func (r *reading) binned(o *operation, source map[string]row, about func(key string) bool) []suspect {
	name := columnOf(r.c.Table, fieldDeleted)
	if name == "" || r.c.Snapshot != nil || r.c.Policy == gone.Ignore {
		return nil
	}
	var found []suspect
	for key, f := range byKey(r.c.Table, o.final(r.c.Table).rows) {
		s := source[key]
		if s != nil && r.gone(s) && !isLive(f) && f[name] != "true" && r.waits(s, f) == "" && about(key) {
			found = append(found, suspect{record: key, how: wrong, columns: []string{name}, n: 1})
		}
	}
	return found
}

// ahead tells whether a row is, where Comparison says what that means.
func (r *reading) ahead(s, f row) bool {
	if f == nil || r.c.Clock.IsZero() {
		return false
	}
	end := r.c.Clock.Add(evidence.Leeway)
	return f.time(colReadAt).After(end) || f.time(colAt).After(end) && f[colAt] != s[r.stamp()]
}

// waits tells why what differs isn't counted as a difference, "" if it is.
func (r *reading) waits(s, f row) string {
	if r.c.Snapshot == nil {
		changed, went := s[r.stamp()] >= r.before(), s == nil && f[colAt] >= r.before()
		if (changed || went) && !r.ahead(s, f) {
			return pending
		}
		return ""
	}
	readAt, born := text(r.c.Snapshot.ReadAt), s[r.c.Snapshot.Born]
	inSource := s != nil && !r.gone(s)
	switch {
	case f != nil && !inSource && readAt != "":
		if f[colReadAt] >= readAt && !r.ahead(s, f) {
			return pending
		}
		return ""
	case f == nil && inSource && born != "":
		if born >= r.before() {
			return pending
		}
		return ""
	case f != nil && inSource && r.ahead(s, f):
		return ""
	}
	return unjudged
}

// keptOut tells whether this very version was kept out.
func (r *reading) keptOut(o *operation, key string, s row) bool {
	stamped := columnOf(r.c.Table, fieldStamp) != ""
	return slices.ContainsFunc(o.own(tableRejected).rows, func(x row) bool {
		return x["flow"] == r.c.Table.Object && x["record_key"] == key && isWhole(x) &&
			(!stamped || x["stamp"] == s[r.stamp()])
	})
}

// patchKeptOut tells whether a patch of this very column was kept out.
func (r *reading) patchKeptOut(o *operation, key, column string) bool {
	return slices.ContainsFunc(o.own(tableRejected).rows, func(x row) bool {
		return x["flow"] == r.c.Table.Object && x["record_key"] == key && !isWhole(x) &&
			columnOf(r.c.Table, x["field"]) == column
	})
}

// duplicates are the keys that have more rows than one.
func (r *reading) duplicates(o *operation) []suspect {
	rows := map[string]int64{}
	source := byKey(r.c.Table, r.rows.rows)
	for _, f := range o.final(r.c.Table).rows {
		if key := keyOf(r.c.Table, f); !r.c.Part || source[key] != nil {
			rows[key]++
		}
	}
	var found []suspect
	for key, n := range rows {
		if n > 1 {
			found = append(found, suspect{record: key, how: duplicate, n: n - 1})
		}
	}
	return found
}
