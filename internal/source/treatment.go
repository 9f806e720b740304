package source

import (
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/value"
	"catchment/internal/warehouse/shape"
)

// Treated tells whether records are decoded on their way.
func (s *Source) Treated() bool {
	return len(s.Treatment.Changes)+len(s.Treatment.Checks) > 0
}

// Guards tells whether the flow keeps values out of the warehouse that another
// configuration of it may have let in.
func (s *Source) Guards() bool {
	return len(s.Treatment.Changes)+len(s.Flow.Drop) > 0
}

// Guarded is the columns of what is masked, cut or dropped.
func (s *Source) Guarded() []string {
	fields := slices.Clone(s.Flow.Drop)
	for _, c := range s.Treatment.Changes {
		fields = append(fields, c.Field)
	}
	return s.columnsOf(fields)
}

// Unsalted tells whether the flow makes digests that anybody can make.
func (s *Source) Unsalted() bool {
	masked := func(c value.Change) bool { return c.Mask == value.SHA256 }
	return s.Flow.Salt == "" && slices.ContainsFunc(s.Treatment.Changes, masked)
}

// columnsOf is the columns that fields have, had, or would have: also those that
// they left behind when they became fields of another type.
func (s *Source) columnsOf(fields []string) []string {
	var names []string
	for _, field := range fields {
		plain := shape.ColumnName(field, s.Flow.Naming == flow.Snake)
		names = append(names, plain)
		for _, k := range s.Past.Fields {
			if strings.EqualFold(k.Field, field) {
				names = append(names, k.Column)
			}
		}
		for _, c := range s.Table.Columns {
			if strings.EqualFold(c.Field, field) {
				names = append(names, c.Name)
			}
		}
		for _, name := range s.Past.Columns {
			kind, retyped := strings.CutPrefix(name, plain+"_")
			if retyped && shape.Kind(kind).Known() && !s.another(name, field) {
				names = append(names, name)
			}
		}
	}
	return names
}

// another tells whether a column is another field's.
func (s *Source) another(column, field string) bool {
	for _, k := range s.Past.Fields {
		if k.Column == column && !strings.EqualFold(k.Field, field) {
			return true
		}
	}
	for _, c := range s.Table.Columns {
		if c.Name == column && !strings.EqualFold(c.Field, field) {
			return true
		}
	}
	return false
}
