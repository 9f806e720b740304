package streams_test

import (
	"context"
	"testing"
	"time"

	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
	"catchment/internal/warehouse/sql/streams"
	"catchment/internal/warehouse/streamed"
)

// A recorder takes statements down, and answers none.
type recorder struct{ text string }

func (r *recorder) Exec(_ context.Context, sql string, _ ...any) (int64, error) {
	r.text += sql + ";\n"
	return 0, nil
}

func (r *recorder) Query(_ context.Context, _ func(func(...any) error) error, sql string, _ ...any) error {
	r.text += sql + ";\n"
	return nil
}

func contact() shape.Table {
	return shape.Table{Object: "Contact", Name: "contact", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: `odd"name`, Field: "Odd", Kind: shape.Text}, {Name: "born", Field: "Born", Kind: shape.Date}}}
}

// place is a warehouse whose table has all columns, and whose statements are taken down.
func (r *recorder) place(d *dialect.Dialect) streams.Place {
	return streams.Place{
		Dialect: d,
		Options: warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental",
			Now: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }},
		View: func(_ context.Context, f func(streams.Tx) error) error { return f(r) },
		Fenced: func(_ context.Context, _ warehouse.Fence, _ string, do func(streams.Tx) error) error {
			return do(r)
		},
		Columns: func(context.Context, streams.Tx, string) ([]dialect.Stored, error) {
			all := []dialect.Stored{{Name: statements.EventAt}}
			for _, c := range append(contact().Columns, own.Final()...) {
				all = append(all, dialect.Stored{Name: c.Name, Type: d.Of(c.Kind).Stored})
			}
			return all, nil
		},
		Wrote: func(context.Context, streams.Tx, string, time.Time, int64) error { return nil },
	}
}

// What the warehouse is told and asked.
func TestStatements(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect()} {
		r := &recorder{}
		stream, ctx, fence := streams.New(r.place(d)), t.Context(), warehouse.Fence{Flow: "Contact", Number: 1}
		title := func(text string) { r.text += "\n-- " + text + "\n" }
		check := func(err error) {
			if err != nil {
				t.Error(err)
			}
		}
		title("open")
		check(stream.Open(ctx, fence, contact()))
		text, date := "x", "2001-02-03"
		for _, policy := range []gone.Policy{gone.Flag, gone.Remove} {
			title("apply, " + string(policy))
			_, err := stream.Apply(ctx, fence, streamed.Delta{Table: contact(), Policy: policy, Rows: []streamed.Row{
				{ID: "1", Act: streamed.Set, Columns: []string{`odd"name`}, Values: []*string{&text}},
				{ID: "2", Act: streamed.Make, Columns: []string{"born"}, Values: []*string{&date}},
				{ID: "3", Act: streamed.Gone}}})
			check(err)
		}
		title("unproven, proven, standing, position")
		_, err := stream.Unproven(ctx, contact(), true, "", 10)
		check(err)
		check(stream.Proven(ctx, fence, contact(), []string{"1", "2"}))
		_, err = stream.Standing(ctx, contact())
		check(err)
		_, _, err = stream.Position(ctx, "Contact")
		check(err)
		golden.Equal(t, d.Name+".sql", r.text)
	}
}
