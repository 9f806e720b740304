package compare

import (
	"cmp"
	"slices"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/shape"
)

// A record is what both sides say of one key.
type record struct {
	key    string
	source Row   // what the reading has; none where it has nothing
	row    Row   // the last of the final table's rows that are judged
	any    Row   // the last of its rows, deleted or not
	kept   []Row // what was kept out of it

	rows, judged    int64 // of the final table, and those of them that are judged
	archived, alone int64 // of those that are deleted
}

// judge says how a record differs, in order of the ways; mostly it doesn't.
func (j *Judge) judge(r record, m *matcher) []Suspect {
	var found []Suspect
	if how, columns := j.differs(r.source, r.row, m); how != "" {
		how = cmp.Or(j.waits(r.source, r.row), how)
		switch {
		case how == Missing && j.keptOut(r):
			how = Rejected
		case how == Stale && j.keptOut(r),
			how == Wrong && len(columns) == 1 && j.patchKeptOut(r, columns[0]):
			how = Outdated
		}
		found = append(found, Suspect{Record: r.key, How: how, Columns: columns, N: 1})
	}
	if r.rows > 1 && (!j.c.Part || r.source.Is()) {
		found = append(found, Suspect{Record: r.key, How: Duplicate, N: r.rows - 1})
	}
	if j.binned(r) {
		found = append(found, Suspect{Record: r.key, How: Wrong, Columns: []string{j.deleted}, N: 1})
	}
	if len(found) > 1 {
		slices.SortFunc(found, Suspect.compare)
	}
	return found
}

// gone tells whether a record of the reading is deleted.
func (j *Judge) gone(s Row) bool { return s.True(j.deleted) }

// differs tells how a record differs from its row, where either may be none.
func (j *Judge) differs(s, f Row, m *matcher) (how string, names []string) {
	inSource, inRows := s.Is() && !j.gone(s), f.Is()
	switch {
	case inSource && !inRows:
		return Missing, nil
	case inRows && !inSource && j.c.Policy != gone.Ignore: // whose deleted rows stay on purpose
		return Extra, nil
	case !inSource || !inRows:
		return "", nil
	case j.stamp != "" && s.Moment(j.stamp) != f.Moment(j.stamp), j.ahead(s, f):
		return Stale, nil
	}
	m.match(j.pairs, s, f)
	for i, p := range j.pairs {
		if m.same[i](s.at, f.at) {
			continue
		}
		names = append(names, p.name)
		if !p.formula {
			how = Wrong
		}
	}
	for _, c := range j.c.Retired {
		if f.Has(c.Column) && f.Moment(columns.ReadAt) >= micros(c.Since) {
			names, how = append(names, c.Column), Wrong
		}
	}
	if len(names) > 0 {
		how = cmp.Or(how, Formula)
	}
	return how, names
}

// ahead tells whether a row is, where Comparison says what that means.
func (j *Judge) ahead(s, f Row) bool {
	if !f.Is() || j.c.Clock.IsZero() {
		return false
	}
	at := f.Moment(columns.At)
	return f.Moment(columns.ReadAt) > j.end || at > j.end && at != s.Moment(j.stamp)
}

// waits tells why what differs isn't counted as a difference, "" if it is.
func (j *Judge) waits(s, f Row) string {
	if j.c.Snapshot != nil {
		return j.waitsForSnapshot(s, f)
	}
	changed := s.Is() && s.Moment(j.stamp) >= j.before
	went := !s.Is() && f.Moment(columns.At) >= j.before
	if (changed || went) && !j.ahead(s, f) {
		return Pending
	}
	return ""
}

// waitsForSnapshot is the same of an object without stamps.
func (j *Judge) waitsForSnapshot(s, f Row) string {
	readAt, born := micros(j.c.Snapshot.ReadAt), s.Moment(j.c.Snapshot.Born)
	inSource := s.Is() && !j.gone(s)
	switch {
	case f.Is() && !inSource && readAt != none:
		if f.Moment(columns.ReadAt) >= readAt && !j.ahead(s, f) {
			return Pending
		}
		return ""
	case !f.Is() && inSource && born != none:
		if born >= j.before {
			return Pending
		}
		return ""
	case f.Is() && inSource && j.ahead(s, f):
		return ""
	}
	return Unjudged
}

// keptOut tells whether this very version was kept out.
func (j *Judge) keptOut(r record) bool {
	_, stamped := j.c.Table.Column(shape.FieldStamp)
	return slices.ContainsFunc(r.kept, func(k Row) bool {
		return whole(k) && (!stamped || k.Moment("stamp") == r.source.Moment(j.stamp))
	})
}

// patchKeptOut tells whether a patch of this very column was kept out.
func (j *Judge) patchKeptOut(r record, column string) bool {
	return slices.ContainsFunc(r.kept, func(k Row) bool {
		c, has := j.c.Table.Column(k.Text("field"))
		return !whole(k) && has && c.Name == column
	})
}

// whole tells whether what was kept out is a whole record.
func whole(k Row) bool {
	op := k.Text(columns.Op)
	return op == "" || op == string(warehouse.Put)
}

// binned tells whether a record is in the recycle bin, and its row is gone, but says in IsDeleted that it is live.
func (j *Judge) binned(r record) bool {
	if j.deleted == "" || j.c.Snapshot != nil || j.c.Policy == gone.Ignore {
		return false
	}
	return r.source.Is() && j.gone(r.source) && r.any.Is() && !live(r.any) && !r.any.True(j.deleted) &&
		j.waits(r.source, r.any) == ""
}

// live tells whether a row of the final table isn't deleted.
func live(f Row) bool { return !f.Has(columns.Deleted) }

// shown is a key as people read it.
func shown(key string) string { return strings.ReplaceAll(key, "\x1f", ",") }

// counted is where one kind of difference is counted and named.
func counted(d *evidence.Difference, how string) (n *int64, ids *[]string, columns *[][]string) {
	switch how {
	case Missing:
		return &d.Missing, &d.MissingIDs, nil
	case Extra:
		return &d.Extra, &d.ExtraIDs, nil
	case Stale:
		return &d.Stale, &d.StaleIDs, nil
	case Wrong:
		return &d.Wrong, &d.WrongIDs, &d.WrongColumns
	case Formula:
		return &d.Formulas, &d.FormulaIDs, &d.FormulaColumns
	case Duplicate:
		return &d.Duplicates, &d.DuplicateIDs, nil
	case Rejected:
		return &d.Rejected, &d.RejectedIDs, nil
	case Outdated:
		return &d.Outdated, &d.OutdatedIDs, nil
	case Pending:
		return &d.Pending, nil, nil
	}
	return &d.Unjudged, nil, nil
}
