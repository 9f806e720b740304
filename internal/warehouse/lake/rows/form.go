package rows

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"
)

// A form is the columns that are read: those that are wanted, then those that only we need, for the key and for what
// the rows are chosen by.
type form struct {
	name   string          // of the table, to people
	fields *iceberg.Schema // with the ids by which files know them
	schema *arrow.Schema
	wanted int // so many columns are shown
	key    []int
	holds  func(iceberg.StructLike) (bool, error) // what the rows are chosen by; nil where all are
	chosen []int                                  // the columns that holds looks at
}

// newForm is the form of what a query reads of a table.
func newForm(t *table.Table, q Query) (*form, error) {
	names := slices.Clone(q.Columns)
	add := func(name string) int {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
		return slices.Index(names, name)
	}
	f := &form{name: nameOf(t), wanted: len(q.Columns)}
	for _, name := range q.Key {
		f.key = append(f.key, add(name))
	}
	if q.Where != nil {
		if err := f.choose(t.Schema(), q.Where, add); err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
	}
	var fields []iceberg.NestedField
	for _, name := range names {
		field, has := t.Schema().FindFieldByName(name)
		if !has {
			return nil, fmt.Errorf("table %s has no column %s", f.name, name)
		}
		field.Required = false // an older file may lack it
		fields = append(fields, field)
	}
	f.fields = iceberg.NewSchema(0, fields...)
	var err error
	if f.schema, err = table.SchemaToArrowSchema(f.fields, nil, true, false); err != nil {
		return nil, err
	}
	if q.Where == nil {
		return f, nil
	}
	where, err := iceberg.VisitExpr(q.Where, nullsApart{})
	if err != nil {
		return nil, err
	}
	f.holds, err = iceberg.ExpressionEvaluator(f.fields, where, true)
	return f, err
}

// choose has the columns read that rows are chosen by.
func (f *form) choose(all *iceberg.Schema, where iceberg.BooleanExpression, add func(string) int) error {
	bound, err := iceberg.BindExpr(all, where, true)
	if err != nil {
		return err
	}
	ids, err := iceberg.ExtractFieldIDs(bound)
	if err != nil {
		return err
	}
	slices.Sort(ids)
	for _, id := range ids {
		name, _ := all.FindColumnName(id)
		f.chosen = append(f.chosen, add(name))
	}
	return nil
}

// shown is a record without the columns that only we need.
func (f *form) shown(record arrow.RecordBatch) arrow.RecordBatch {
	if int(record.NumCols()) == f.wanted {
		return record
	}
	fields := f.schema.Fields()[:f.wanted]
	return array.NewRecordBatch(arrow.NewSchema(fields, nil), record.Columns()[:f.wanted], record.NumRows())
}

// text tells whether the key is one column of text: then its least and greatest value, as a file tells them, are
// those of the keys.
func (f *form) text() bool {
	return len(f.key) == 1 && f.schema.Field(f.key[0]).Type.ID() == arrow.STRING
}

// keyField is the id of the key's first column.
func (f *form) keyField() int { return f.fields.Field(f.key[0]).ID }

// nullsApart has a comparison hold for no row that has nothing in its column, as it is in SQL: by itself, nothing
// would be less than any value.
type nullsApart struct{}

// VisitTrue is all rows.
func (nullsApart) VisitTrue() iceberg.BooleanExpression { return iceberg.AlwaysTrue{} }

// VisitFalse is no row.
func (nullsApart) VisitFalse() iceberg.BooleanExpression { return iceberg.AlwaysFalse{} }

// VisitNot is the other rows.
func (nullsApart) VisitNot(of iceberg.BooleanExpression) iceberg.BooleanExpression {
	return iceberg.NewNot(of)
}

// VisitAnd is the rows of which both hold.
func (nullsApart) VisitAnd(a, b iceberg.BooleanExpression) iceberg.BooleanExpression {
	return iceberg.NewAnd(a, b)
}

// VisitOr is the rows of which one holds.
func (nullsApart) VisitOr(a, b iceberg.BooleanExpression) iceberg.BooleanExpression {
	return iceberg.NewOr(a, b)
}

// VisitUnbound is a comparison by a column's name.
func (nullsApart) VisitUnbound(of iceberg.UnboundPredicate) iceberg.BooleanExpression {
	if of.Op() != iceberg.OpLT && of.Op() != iceberg.OpLTEQ {
		return of
	}
	return iceberg.NewAnd(iceberg.NotNull(of.Term()), of)
}

// VisitBound is a comparison that knows its column.
func (nullsApart) VisitBound(of iceberg.BoundPredicate) iceberg.BooleanExpression { return of }
