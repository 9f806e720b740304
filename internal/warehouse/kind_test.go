package warehouse

import (
	"testing"

	"catchment/internal/schema"
)

// Each dialect has one type for each kind, and no other.
func TestEachDialectHasEachKind(t *testing.T) {
	for _, d := range []*Dialect{DuckDB(), Postgres(), Redshift(FailLongText), Redshift(SuperLongText)} {
		lines := map[Kind]int{}
		for _, typ := range d.Types {
			lines[typ.Kind]++
			if !typ.Kind.Known() || typ.Name == "" || typ.Stored == "" {
				t.Errorf("%s: %+v", d.Name, typ)
			}
		}
		for _, traits := range Kinds() {
			if lines[traits.Kind] != 1 {
				t.Errorf("%s has %d types for %s", d.Name, lines[traits.Kind], traits.Kind)
			}
		}
	}
}

func TestKinds(t *testing.T) {
	taken := map[schema.Type]Kind{}
	for _, traits := range Kinds() {
		for _, of := range traits.Of {
			if other, ok := taken[of]; ok {
				t.Errorf("%s is %s and %s", of, other, traits.Kind)
			}
			taken[of] = traits.Kind
			if traits.Measured != of.Number() || (traits.Kind == Decimal) != of.Decimal() {
				t.Errorf("%s holds %s", traits.Kind, of)
			}
		}
	}
	for _, c := range []struct {
		kind                   Kind
		known, measured, whole bool
	}{
		{Text, true, false, false}, {Bool, true, false, false}, {Int, true, true, true}, {Long, true, true, true},
		{Decimal, true, true, false},
		{Date, true, false, false}, {Time, true, false, false}, {Timestamp, true, false, false},
		{"", false, false, false}, {"TEXT", false, false, false},
	} {
		if c.kind.Known() != c.known || c.kind.Measured() != c.measured || c.kind.Whole() != c.whole {
			t.Errorf("%q: known %t, measured %t, whole %t", c.kind, c.kind.Known(), c.kind.Measured(), c.kind.Whole())
		}
	}
}

func TestLoaded(t *testing.T) {
	for _, c := range []struct {
		d    *Dialect
		kind Kind
		want string
	}{
		{DuckDB(), Text, `r."{type}"`}, {DuckDB(), Bool, `CAST(r."{type}" AS T)`},
		{Postgres(), Decimal, `r."{type}"`},
		{Redshift(FailLongText), Date, `r."{type}"`},
		{Redshift(FailLongText), Time, `CAST(replace(r."{type}", 'Z', '') AS T)`},
	} {
		if got := c.d.loaded(c.kind, `r."{type}"`, "T"); got != c.want {
			t.Errorf("%s %s: got %s, want %s", c.d.Name, c.kind, got, c.want)
		}
	}
}

// What AppFlow wrote as text becomes our columns.
func TestConverted(t *testing.T) {
	w := &Adopting{store: &store{d: Postgres()}}
	for _, c := range []struct {
		kind     Kind
		has, out string
	}{
		{Text, "character varying", `nullif("x", '')`},
		{Long, "bigint", `"x"`}, {Long, "integer", `CAST("x" AS BIGINT)`},
		{Long, "text", `CAST(nullif(trim(CAST("x" AS TEXT)), '') AS BIGINT)`},
		{Bool, "boolean", `"x"`},
		{Bool, "text",
			`CASE lower(trim(CAST("x" AS TEXT))) WHEN 'true' THEN true WHEN 't' THEN true WHEN '1' THEN true ` +
				`WHEN 'false' THEN false WHEN 'f' THEN false WHEN '0' THEN false END`},
		{Time, "text", `CAST(replace(nullif(trim(CAST("x" AS TEXT)), ''), 'Z', '') AS TIME)`},
	} {
		if got := w.converted(Column{Kind: c.kind}, stored{Name: "x", Type: c.has}, false); got != c.out {
			t.Errorf("%s of %s: got %s, want %s", c.kind, c.has, got, c.out)
		}
	}
}
