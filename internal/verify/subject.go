package verify

import (
	"slices"
	"strings"

	"catchment/internal/control/recall"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
)

// A subject is what is compared of one flow.
type subject struct {
	source *source.Source // what is copied
	table  shape.Table    // as far as the final table has its columns
	judged shape.Table    // the part of it that is compared
}

// newSubject picks what a method compares of a source, and says what it leaves
// out. table is what of it is stored.
func newSubject(src *source.Source, table shape.Table, method Method) (*subject, []LeftOut) {
	s := &subject{source: src, table: table, judged: table}
	s.judged.Columns = nil
	var leftOut []LeftOut
	for _, c := range src.Table.Columns {
		reason := s.leaveOut(c, method)
		switch {
		case reason == "":
			s.judged.Columns = append(s.judged.Columns, c)
		case method == Values:
			leftOut = append(leftOut, LeftOut{c.Field, reason})
		}
	}
	return s, leftOut
}

// leaveOut says why a column is not compared, or "".
func (s *subject) leaveOut(c shape.Column, method Method) string {
	needed := slices.ContainsFunc(s.narrow(), func(name string) bool { return strings.EqualFold(c.Field, name) })
	if !source.HasColumn(s.table, c.Name) {
		if len(s.table.Columns) == 0 && needed { // the table is gone: Inspect says so
			return ""
		}
		return "its column is not in the table yet: the next run adds it"
	}
	switch {
	case needed || slices.Contains(s.table.Key, c.Name):
		return ""
	case method != Values:
		return "only stamps are compared"
	case s.source.ByREST(c.Field):
		return "Bulk can't carry its type"
	case perUser(c.Field):
		return "its value is another one for each user"
	case s.source.Flow.Changed(c.Field):
		return "the flow changes its values on their way"
	}
	return ""
}

// perUser tells whether a field depends on who asks (Object Reference, "System
// Fields"), so that a copy has the values of the integration user.
func perUser(field string) bool {
	switch strings.ToLower(field) {
	case "lastvieweddate", "lastreferenceddate", "mayedit":
		return true
	}
	return false
}

// narrow is the fields that say which version of a record there is. Where an
// object has no stamp, when its records were made has to do.
func (s *subject) narrow() []string {
	for _, name := range []string{"SystemModstamp", "LastModifiedDate", s.source.Object.Born()} {
		if f, ok := s.source.Object.Field(name); ok {
			return []string{"Id", f.Name, "IsDeleted"}
		}
	}
	return []string{"Id", "IsDeleted"}
}

// retired is the columns that fields left behind, as far as somebody remembers when.
func (s *subject) retired(known []recall.RetiredColumn) []evidence.Retired {
	var all []evidence.Retired
	for _, k := range known {
		if slices.Contains(s.table.Retired, k.Column) {
			all = append(all, evidence.Retired{Column: k.Column, Since: k.Since})
		}
	}
	return all
}

// states is the fields that say what became of a record.
func (s *subject) states() []string {
	var fields []string
	for _, name := range append(s.narrow(), "MasterRecordId") {
		for _, c := range s.table.Columns {
			if f, ok := s.source.Object.Field(name); ok && f.Name == c.Field {
				fields = append(fields, f.Name)
			}
		}
	}
	return fields
}

// stamp is the column that tells when a record changed, whether it can be
// filtered or not; "" where there is none.
func (s *subject) stamp() string {
	for _, field := range []string{"SystemModstamp", "LastModifiedDate", s.source.Object.Cursor().Field} {
		if c := s.judgedColumn(field); c != "" {
			return c
		}
	}
	return ""
}

// born is the column that tells when a record was made, or "".
func (s *subject) born() string { return s.judgedColumn(s.source.Object.Born()) }

// judgedColumn is the column of a field that is compared, or "".
func (s *subject) judgedColumn(field string) string {
	for _, c := range s.judged.Columns {
		if strings.EqualFold(c.Field, field) {
			return c.Name
		}
	}
	return ""
}

// formulas is the compared columns whose values move without a stamp.
func (s *subject) formulas() []string {
	var names []string
	for _, c := range s.judged.Columns {
		if f, ok := s.source.Object.Field(c.Field); ok && f.Calculated {
			names = append(names, c.Name)
		}
	}
	return names
}

// types finds the types of fields.
func (s *subject) types(fields []string) []schema.Type {
	types := make([]schema.Type, len(fields))
	for i, name := range fields {
		f, _ := s.source.Object.Field(name)
		types[i] = f.Type
	}
	return types
}

// conditions is the flow's filter.
func (s *subject) conditions() []soql.Condition {
	if s.source.Flow.Where == "" {
		return nil
	}
	return []soql.Condition{soql.Raw(s.source.Flow.Where)}
}

// live is the flow's filter, and that a record isn't deleted.
func (s *subject) live() []soql.Condition {
	conditions := s.conditions()
	if _, ok := s.source.Object.Field("IsDeleted"); ok {
		conditions = append(conditions, "IsDeleted = false")
	}
	return conditions
}

// fieldsOf names the fields of a table's columns.
func fieldsOf(t shape.Table) []string {
	fields := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = c.Field
	}
	return fields
}
