package sql

import (
	"errors"
	"testing"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

func TestMassDelete(t *testing.T) {
	for _, c := range []struct {
		deletes, live int64
		allow, stop   bool
	}{
		{100, 100, false, false}, {101, 101, false, true}, {101, 2019, false, true}, {101, 2020, false, false},
		{101, 101, true, false}, {0, 0, false, false}, {5001, 100_000, false, true}, {5000, 100_000, false, false},
	} {
		err := tooManyDeletes(warehouse.Merge{AllowDeletes: c.allow}, c.deletes, c.live)
		_, ok := errors.AsType[*gone.MassDelete](err)
		if ok != c.stop {
			t.Errorf("%d of %d, allowed %t: %v", c.deletes, c.live, c.allow, err)
		}
	}
}

func TestCondition(t *testing.T) {
	then, later := time.Unix(1, 0), time.Unix(2, 0)
	consolidated := warehouse.Mark{Rows: 3, SyncedAt: later, Newest: later}
	for _, c := range []struct {
		s    sight
		m    warehouse.Mark
		want shape.Condition
	}{
		{sight{}, warehouse.Mark{}, shape.Absent},
		{sight{}, consolidated, shape.Dropped},
		{sight{exists: true}, warehouse.Mark{}, shape.Foreign},
		{sight{exists: true, ours: true}, warehouse.Mark{}, shape.Intact},
		{sight{exists: true, ours: true}, consolidated, shape.Emptied},
		{sight{true, true, extent{3, later, then}}, consolidated, shape.Intact},
		{sight{true, true, extent{2, later, then}}, consolidated, shape.Fewer},
		{sight{true, true, extent{3, then, then}}, consolidated, shape.Restored},
		{sight{true, true, extent{4, then, then}}, consolidated, shape.Restored},
		{sight{true, true, extent{3, later, later.Add(evidence.Leeway)}}, consolidated, shape.Intact},
		{sight{true, true, extent{3, later, later.Add(evidence.Leeway + 1)}}, consolidated, shape.Ahead},
		{sight{true, true, extent{2, later, later.Add(time.Hour)}}, consolidated, shape.Ahead},
		{sight{true, true, extent{3, then, later.Add(time.Hour)}}, consolidated, shape.Restored},
	} {
		if got := condition(c.s, c.m, later); got != c.want {
			t.Errorf("%+v of %+v: got %s, want %s", c.s, c.m, got, c.want)
		}
	}
}

func TestAdvance(t *testing.T) {
	day := func(n int) time.Time { return time.Date(2026, 1, n, 0, 0, 0, 0, time.UTC) }
	old := warehouse.Mark{Watermark: day(5), Generation: 1, Grade: "proven"}
	for _, c := range []struct {
		by   warehouse.Merge
		want warehouse.Mark
	}{
		{warehouse.Merge{}, old},
		{warehouse.Merge{Watermark: day(4), Generation: 1, Grade: "lagged"}, old},
		{warehouse.Merge{Watermark: day(6), Generation: 1, Grade: "lagged"},
			warehouse.Mark{Watermark: day(6), Generation: 1, Grade: "lagged"}},
		{warehouse.Merge{Watermark: day(4), Generation: 2, Grade: "lagged"},
			warehouse.Mark{Watermark: day(4), Generation: 2, Grade: "lagged"}},
	} {
		if got := advance(old, c.by); got != c.want {
			t.Errorf("%+v: got %+v, want %+v", c.by, got, c.want)
		}
	}
}

// What AppFlow wrote as text becomes our columns.
func TestConverted(t *testing.T) {
	d := &dialect.Dialect{Types: []dialect.ColumnType{
		{Kind: shape.Text, Name: "TEXT", Stored: "TEXT"}, {Kind: shape.Bool, Name: "BOOLEAN", Stored: "BOOLEAN"},
		{Kind: shape.Long, Name: "BIGINT", Stored: "BIGINT"},
		{Kind: shape.Time, Name: "TIME", Stored: "TIME WITHOUT TIME ZONE"},
	}}
	w := &adopter{store: &store{d: d}}
	for _, c := range []struct {
		kind     shape.Kind
		has, out string
	}{
		{shape.Text, "character varying", `nullif("x", '')`},
		{shape.Long, "bigint", `"x"`}, {shape.Long, "integer", `CAST("x" AS BIGINT)`},
		{shape.Long, "text", `CAST(nullif(trim(CAST("x" AS TEXT)), '') AS BIGINT)`},
		{shape.Bool, "boolean", `"x"`},
		{shape.Bool, "text",
			`CASE WHEN trim(CAST("x" AS TEXT)) ~ ('^((true|t|1|false|f|0|TRUE|FALSE|True|False|T|F))$') ` +
				`THEN lower(trim(CAST("x" AS TEXT))) IN ('true', 't', '1') END`},
		{shape.Time, "text", `CASE WHEN trim(CAST("x" AS TEXT)) ~ ('^(([01][0-9]|2[0-3])' || chr(58) || ` +
			`'[0-5][0-9](' || chr(58) || '[0-5][0-9]([.][0-9]{1,6})?)?Z?)$') ` +
			`THEN CAST(replace(trim(CAST("x" AS TEXT)), 'Z', '') AS TIME) END`},
	} {
		if got := w.converted(shape.Column{Kind: c.kind}, dialect.Stored{Name: "x", Type: c.has}, false); got != c.out {
			t.Errorf("%s of %s: got %s, want %s", c.kind, c.has, got, c.out)
		}
	}
}
