package archives_test

import (
	"context"
	"testing"
	"time"

	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/archives"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/own"
	"catchment/internal/warehouse/sql/statements"
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
		{Name: `odd"name`, Field: "Odd", Kind: shape.Decimal}}}
}

// place is a warehouse whose table has all columns, and whose statements are taken down.
func (r *recorder) place(d *dialect.Dialect) archives.Place {
	return archives.Place{
		Dialect: d,
		Options: warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental",
			Now: func() time.Time { return time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC) }},
		View: func(_ context.Context, f func(archives.Tx) error) error { return f(r) },
		Fenced: func(_ context.Context, _ warehouse.Fence, _, _ string, do func(archives.Tx) error) error {
			return do(r)
		},
		Columns: func(context.Context, archives.Tx, string) ([]dialect.Stored, error) {
			all := []dialect.Stored{{Name: "id"}, {Name: "isdeleted"}, {Name: `odd"name`}}
			for _, c := range own.Final() {
				all = append(all, dialect.Stored{Name: c.Name})
			}
			return all, nil
		},
		Touched: func(context.Context, archives.Tx, string, time.Time, time.Time) error { return nil },
		Outdate: func(context.Context, archives.Tx, string) error { return nil },
	}
}

// What the ledger is told and asked. An error is that nobody answers: the statements are what counts.
func TestStatements(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		r := &recorder{}
		ledger := archives.New(r.place(d))
		ctx := t.Context()
		title := func(text string) { r.text += "\n-- " + text + "\n" }
		title("settle")
		_ = ledger.Settle(ctx, warehouse.Fence{}, contact(),
			[]archived.Line{{Plan: "p", Object: "Contact", ID: "1", State: archived.Deleted}})
		title("lines")
		_, _ = ledger.Lines(ctx, archived.Query{Plan: "p", Object: "Contact", State: archived.Posted, Batch: 3},
			archived.Line{}, 9)
		title("lookup")
		_, _ = ledger.Lookup(ctx, "p", "Contact", []string{"1", "2"})
		title("tally, plans, rows")
		_, _ = ledger.Tally(ctx, "p")
		_, _ = ledger.Plans(ctx)
		_, _ = ledger.Rows(ctx, contact(), []string{"1", "2"})
		title("hide")
		_ = archives.Hide(ctx, r, &statements.Tables{Dialect: d, Table: contact(),
			Options: warehouse.Options{Schema: "salesforce"}}, []string{"1"})
		golden.Equal(t, d.Name+".sql", r.text)
	}
}
