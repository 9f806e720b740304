package source_test

import (
	"context"
	"maps"
	"reflect"
	"slices"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/warehouse/shape"
)

// thing describes an object of some fields.
func thing(fields ...schema.Field) func(context.Context, string) (schema.Object, error) {
	return func(context.Context, string) (schema.Object, error) {
		all := append([]schema.Field{{Name: "Id", Type: schema.ID, Length: 18}}, fields...)
		return schema.Object{Name: "Thing__c", Queryable: true, Fields: all}, nil
	}
}

// stored stands for a warehouse that has these columns, remembers these fields, and
// gives columns other names than they have by themselves.
func stored(has []string, known []shape.Known, names map[string]string) func(
	context.Context, shape.Table) (shape.Table, shape.Past, error) {
	return func(_ context.Context, t shape.Table) (shape.Table, shape.Past, error) {
		t.Columns = slices.Clone(t.Columns)
		for i, c := range t.Columns {
			if name, ok := names[c.Name]; ok {
				t.Columns[i].Name = name
			}
		}
		return t, shape.Past{Columns: has, Fields: known}, nil
	}
}

// What a column is to a flow follows from names, from what is remembered of fields,
// and from what describe says now.
func TestWhyGone(t *testing.T) {
	t.Parallel()
	find := source.Finder{
		Describe: thing(schema.Field{Name: "N__c", Type: schema.String},
			schema.Field{Name: "Out__c", Type: schema.String}, schema.Field{Name: "Blob__c", Type: "base64"}),
		Columns: stored([]string{"id", "n__c", "n__c_date", "n__c_text", "out__c", "gone__c", "mine", "n__c_more",
			"blob__c"},
			[]shape.Known{{Field: "N__c", Column: "n__c_text"}, {Field: "Out__c", Column: "out__c"},
				{Field: "Gone__c", Column: "gone__c"}, {Field: "Blob__c", Column: "blob__c"}},
			map[string]string{"n__c": "n__c_text"}),
	}
	s, err := find.Source(t.Context(), flow.Flow{Object: "Thing__c", Exclude: []string{"Out__c"}})
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.Table.Retired, []string{"n__c", "n__c_date"}) {
		t.Errorf("left behind are %q", s.Table.Retired)
	}
	if got := s.Copied(); !slices.Equal(got, []string{"id", "n__c_text", "gone__c", "blob__c"}) {
		t.Errorf("copied were %q", got)
	}
	for column, want := range map[string]string{
		"n__c": "keeps old values of records that don't change: field N__c is of another type now, " +
			"and has the column n__c_text",
		"out__c":  "keeps its old values: the flow leaves field Out__c out",
		"gone__c": "keeps its old values: the field is gone, or hidden from this user",
		"mine":    "", "n__c_more": "",
	} {
		if got := s.WhyGone(column); got != want {
			t.Errorf("%s: %q, want %q", column, got, want)
		}
	}
	if s.WhyGone("blob__c") == "" {
		t.Error("nothing is said of a field that can't be copied")
	}
}

// Names that are cut to what a warehouse has room for tell the same.
func TestLeftBehindUnderAShortName(t *testing.T) {
	t.Parallel()
	const field, room = "A_field_whose_name_takes_all_the_room_that_there_is_for_it__c", 40
	plain := shape.Shorten(room, shape.ColumnName(field, false), field)
	now := shape.Shorten(room, plain+"_text", field+" text")
	find := source.Finder{Describe: thing(schema.Field{Name: field, Type: schema.String}),
		Columns: stored([]string{"id", plain, now}, []shape.Known{{Field: field, Column: now}},
			map[string]string{shape.ColumnName(field, false): now})}
	s, err := find.Source(t.Context(), flow.Flow{Object: "Thing__c"})
	if want := []source.Left{{Column: plain, Field: field, By: now}}; err != nil || !reflect.DeepEqual(s.Left, want) {
		t.Errorf("%+v, want %+v; %v", s.Left, want, err)
	}
}

func TestRedescribed(t *testing.T) {
	t.Parallel()
	is := []schema.Field{
		{Name: "Same__c", Type: schema.String, Length: 80}, {Name: "Longer__c", Type: schema.String, Length: 80},
		{Name: "Finer__c", Type: schema.Double, Precision: 18, Scale: 3}, {Name: "New__c", Type: schema.Boolean},
		{Name: "Formula__c", Type: schema.String, Length: 80, Calculated: true}, {Name: "Old__c", Type: schema.String},
	}
	known := []shape.Known{
		{Field: "Same__c", Column: "same__c", Type: "string", Length: 80},
		{Field: "Longer__c", Column: "longer__c", Type: "string", Length: 40},
		{Field: "Finer__c", Column: "finer__c", Type: "double", Precision: 18, Scale: 2},
		{Field: "Formula__c", Column: "formula__c", Type: "string", Length: 80},
		{Field: "Old__c", Column: "old__c"}, // an older version remembered no type
	}
	find := source.Finder{Describe: thing(is...), Columns: stored(
		[]string{"id", "same__c", "longer__c", "finer__c", "formula__c", "old__c"}, known, nil)}
	s, err := find.Source(t.Context(), flow.Flow{Object: "Thing__c"})
	want := map[string]string{
		"longer__c":  "field Longer__c was string(40) and is string(80) now",
		"finer__c":   "field Finer__c was double(18,2) and is double(18,3) now",
		"formula__c": "field Formula__c was string(80) and is string(80) by a formula now",
	}
	if err != nil || !maps.Equal(s.Redescribed(), want) {
		t.Errorf("%q, %v", s.Redescribed(), err)
	}
}
