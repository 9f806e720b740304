package shaping

import (
	"fmt"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// A Shaping is what makes of a table's columns those that a flow wants.
type Shaping struct {
	Changes []shape.Change

	steps []func(*table.UpdateSchema)
	was   map[string]string // what columns were called that get other names
	anew  bool              // values have to be written anew: Iceberg can't make their type of the one that they have
}

// Of finds out what a table of t lacks. known says which columns its fields had.
func Of(t shape.Table, has *iceberg.Schema, known []shape.Known) (Shaping, error) {
	d, stored := words(), Stored(has)
	s := Shaping{was: renamed(d, t, stored, known)}
	for _, c := range t.Columns {
		if was, is := s.was[c.Name]; is {
			s.tell(t, c.Name, shape.Renamed, "was "+was)
		}
	}
	for _, c := range t.Columns {
		at := dialect.Place(stored, s.before(c.Name))
		if at < 0 {
			s.add(t, c)
			continue
		}
		if err := s.fit(d, t, stored[at], c); err != nil {
			return s, err
		}
	}
	for _, name := range dialect.Payload(stored) {
		kept := func(c shape.Column) bool { return strings.EqualFold(s.before(c.Name), name) }
		if !slices.ContainsFunc(t.Columns, kept) {
			s.tell(t, name, shape.Vanished, "the column keeps its old values")
		}
	}
	return s, nil
}

// renamed tells which columns have other names in a table than the flow has given them since, and which.
func renamed(
	d *dialect.Dialect, t shape.Table, stored []dialect.Stored, known []shape.Known,
) map[string]string {
	was := map[string]string{}
	for _, c := range t.Columns {
		if _, made := dialect.Find(stored, c.Name); made || !slices.Contains(t.Chosen, c.Name) {
			continue
		}
		i := slices.IndexFunc(known, func(k shape.Known) bool { return strings.EqualFold(k.Field, c.Field) })
		if i < 0 {
			continue
		}
		old, made := dialect.Find(stored, known[i].Column)
		if _, taken := t.Named(known[i].Column); made && !taken && d.Fits(old, c.Kind) {
			was[c.Name] = old.Name
		}
	}
	return was
}

// before is what a column was called.
func (s *Shaping) before(name string) string {
	if was, is := s.was[name]; is {
		return was
	}
	return name
}

// add adds a column.
func (s *Shaping) add(t shape.Table, c shape.Column) {
	typ := columns.TypeOf(c)
	s.tell(t, c.Name, shape.Added, typ.String())
	s.steps = append(s.steps, func(u *table.UpdateSchema) { u.AddColumn([]string{c.Name}, typ, "", false, nil) })
}

// fit gives a column the type that its field has now, where it lacks room for that. One that has more room than it
// needs keeps it: of a flow's two tables one may have been widened, and the other not yet when a process died.
func (s *Shaping) fit(d *dialect.Dialect, t shape.Table, old dialect.Stored, c shape.Column) error {
	kind := kindOf(old)
	switch {
	case kind == c.Kind || kind != "" && wider(kind, c.Kind) == kind:
		s.call(old.Name, c.Name)
		return nil
	case !d.Fits(old, c.Kind) || wider(kind, c.Kind) != c.Kind: // Adapt has seen another table
		return plan.Failf(plan.Bug, "run it again", "%s.%s is %s, and the field %s is %s", t.Name, old.Name, old.Type,
			c.Field, c.Kind)
	}
	typ := columns.TypeOf(c)
	s.tell(t, c.Name, shape.Widened, typ.String())
	s.retype(old.Name, kind, c, typ)
	return nil
}

// retype gives a column another type.
func (s *Shaping) retype(name string, from shape.Kind, c shape.Column, typ iceberg.Type) {
	if from == shape.Int && c.Kind == shape.Long { // which Iceberg promotes
		s.steps = append(s.steps, func(u *table.UpdateSchema) {
			u.UpdateColumn([]string{name}, table.ColumnUpdate{FieldType: iceberg.Optional[iceberg.Type]{
				Val: typ, Valid: true}})
		})
		s.call(name, c.Name)
		return
	}
	s.anew = true
	s.steps = append(s.steps, func(u *table.UpdateSchema) {
		u.DeleteColumn([]string{name}).AddColumn([]string{c.Name}, typ, "", false, nil)
	})
}

// call gives a column the name that it has now.
func (s *Shaping) call(was, name string) {
	if was != name {
		s.steps = append(s.steps, func(u *table.UpdateSchema) { u.RenameColumn([]string{was}, name) })
	}
}

// kindOf is the kind of a column that a table has, "" for one that none of ours has.
func kindOf(c dialect.Stored) shape.Kind {
	for _, t := range words().Types {
		if t.Stored == c.Type {
			return t.Kind
		}
	}
	return ""
}

// wider is the kind that has room for two: of numbers the later one, else a text.
func wider(a, b shape.Kind) shape.Kind {
	numbers := shape.Numbers()
	x, y := slices.Index(numbers, a), slices.Index(numbers, b)
	if x < 0 || y < 0 {
		return shape.Text
	}
	return numbers[max(x, y)]
}

func (s *Shaping) tell(t shape.Table, column, what, detail string) {
	s.Changes = append(s.Changes, shape.Change{Table: t.Name, Column: column, What: what, Detail: detail})
}

// Needed tells whether there is anything to change.
func (s *Shaping) Needed() bool { return len(s.steps) > 0 }

// Change is the snapshot that does it, of a table as it is.
func (s *Shaping) Change(t *table.Table) *tables.Change {
	c := &tables.Change{Columns: func(u *table.UpdateSchema) {
		for _, step := range s.steps {
			step(u)
		}
	}}
	if s.anew {
		c.Anew = s.rewrite(t)
	}
	return c
}

// Order sorts a table by its key.
func Order(t shape.Table, s *iceberg.Schema) (table.SortOrder, error) {
	var by []table.SortField
	for _, name := range t.Key {
		f, ok := s.FindFieldByName(name)
		if !ok {
			return table.SortOrder{}, fmt.Errorf("table %s has no column %s", t.Name, name)
		}
		by = append(by, table.SortField{SourceIDs: []int{f.ID}, Transform: iceberg.IdentityTransform{},
			Direction: table.SortASC, NullOrder: table.NullsFirst})
	}
	return table.NewSortOrder(1, by)
}
