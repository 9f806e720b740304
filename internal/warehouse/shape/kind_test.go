package shape

import (
	"testing"

	"catchment/internal/schema"
)

func TestKindOf(t *testing.T) {
	for from, want := range map[schema.Type]Kind{schema.Boolean: Bool, schema.Int: Int, schema.Long: Long,
		schema.Double:  Decimal,
		schema.Percent: Decimal, schema.Date: Date, schema.DateTime: Timestamp, schema.Time: Time,
		schema.Picklist: Text, "new one": Text} {
		if got := kindOf(from); got != want {
			t.Errorf("%s: got %s, want %s", from, got, want)
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
