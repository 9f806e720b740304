package dialect

import (
	"slices"
	"testing"

	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

func TestWiden(t *testing.T) {
	for _, c := range []struct{ scale, whole, fract, want int }{
		{2, 18, 2, 2}, {2, 16, 0, 2}, {2, 5, 3, 7}, {2, 1, 17, 18}, {2, 1, 18, 18}, {2, 0, 30, 30}, {2, 20, 18, 18},
		{18, 20, 3, 18},
		{2, 21, 18, -1}, {2, 37, 0, -1}, {18, 21, 0, -1}, {2, 0, 39, -1},
	} {
		got, fits := widen(38, c.scale, c.whole, c.fract)
		if fits != (c.want >= 0) || fits && got != c.want {
			t.Errorf("scale %d for %d.%d digits: got %d, %v; want %d", c.scale, c.whole, c.fract, got, fits, c.want)
		}
	}
}

// A column that can't take all values says what it takes, and what it does so that most
// of them fit.
func TestMakeRoom(t *testing.T) {
	t.Parallel()
	d := &Dialect{Digits: 38, Retypes: true, Types: []ColumnType{
		{Kind: shape.Int, Name: "INTEGER", Stored: "INTEGER"}, {Kind: shape.Long, Name: "BIGINT", Stored: "BIGINT"},
		{Kind: shape.Decimal, Name: "DECIMAL(38,%d)", Stored: "DECIMAL"},
	}}
	decimal := func(scale int) Stored { return Stored{Name: "n", Type: "DECIMAL", Scale: scale} }
	takes := func(whole, fraction int) room.Digits {
		return room.Digits{Field: "N", Whole: whole, Fraction: fraction}
	}
	integer, long := Stored{Name: "n", Type: "INTEGER"}, Stored{Name: "n", Type: "BIGINT"}
	for _, c := range []struct {
		has          Stored
		kind         shape.Kind
		whole, fract int
		beyond       bool
		typ          string      // of the column then, "" where it is as it was
		kept         room.Digits // what it takes without that
		narrow       room.Digits // what it takes at all
	}{
		{has: decimal(2), kind: shape.Decimal, whole: 36, fract: 2},
		{has: decimal(2), kind: shape.Decimal, whole: 37, fract: 0, narrow: takes(36, 2)},
		{has: decimal(2), kind: shape.Decimal, whole: 10, fract: 6, typ: "DECIMAL(38,10)", kept: takes(36, 2)},
		{has: decimal(2), kind: shape.Decimal, whole: 37, fract: 6, narrow: takes(32, 6)},
		{has: decimal(2), kind: shape.Decimal, whole: 20, fract: 30, narrow: takes(20, 18)},
		{has: decimal(20), kind: shape.Decimal, whole: 20, fract: 3, narrow: takes(18, 20)},
		{has: integer, kind: shape.Int, whole: 10},
		{has: integer, kind: shape.Int, whole: 10, beyond: true, typ: "BIGINT", kept: takes(0, 0)},
		{has: long, kind: shape.Long, whole: 19, beyond: true},
	} {
		col := CopyColumn{Name: "n", Field: "N", Kind: c.kind, Whole: c.whole, Fract: c.fract, Beyond32: c.beyond}
		cols, todo, narrow := d.MakeRoom("s", "t", []Stored{c.has}, []CopyColumn{col})
		if (len(todo) > 0) != (c.typ != "") || cols[0].Type != c.typ || len(todo) > 0 && todo[0].Kept != c.kept {
			t.Errorf("%+v: becomes %+v by %+v", c, cols, todo)
		}
		if (len(narrow) > 0) != (c.narrow != room.Digits{}) || len(narrow) > 0 && narrow[0] != c.narrow {
			t.Errorf("%+v: takes %+v", c, narrow)
		}
	}
}

// Each state on the way to another type tells the next step, and no state is one
// in which the only values are dropped.
func TestRetypeIsFinished(t *testing.T) {
	t.Parallel()
	d := &Dialect{LongestName: 40}
	var states []string
	has := []Stored{{Name: "id"}, {Name: "amount_of_money_in_banks", Type: "DECIMAL", Scale: 2}}
	names := []string{"id", "amount_of_money_in_banks"}
	wider, was := d.widerOf("amount_of_money_in_banks"), d.wasOf("amount_of_money_in_banks")
	if len(wider) > 40 || len(was) > 40 || wider == was {
		t.Fatalf("%s, %s", wider, was)
	}
	if got := d.Finish("t", has, names); len(got) != 0 {
		t.Fatalf("a column at rest: %v", got)
	}
	has = append(has, Stored{Name: wider, Type: "DECIMAL", Scale: 6})
	for todo := d.Finish("t", has, names); len(todo) > 0; todo = d.Finish("t", has, names) {
		if InShape(has) {
			t.Errorf("%v is in shape, and yet %v", has, todo)
		}
		if c, ok := Find(d.Finished(has, names), "amount_of_money_in_banks"); !ok || c.Scale != 6 && len(states) < 3 {
			t.Errorf("after %q the column will be %v", states, c)
		}
		last := todo[len(todo)-1].SQL
		states = append(states, last)
		switch i := Place(has, "amount_of_money_in_banks"); last {
		case `ALTER TABLE t RENAME COLUMN "amount_of_money_in_banks" TO "` + was + `"`:
			has[i].Name = was
		case `ALTER TABLE t RENAME COLUMN "` + wider + `" TO "amount_of_money_in_banks"`:
			has[Place(has, wider)].Name = "amount_of_money_in_banks"
		case `ALTER TABLE t DROP COLUMN "` + was + `"`:
			has = slices.Delete(has, Place(has, was), Place(has, was)+1)
		default:
			t.Fatalf("what is %s?", last)
		}
	}
	if len(states) != 3 || len(has) != 2 || has[1].Scale != 6 || !InShape(has) {
		t.Errorf("after %q: %v", states, has)
	}
	back := []Stored{{Name: "id"}, {Name: was}}
	if got := d.Finish("t", back, names); len(got) != 1 ||
		got[0].SQL != `ALTER TABLE t RENAME COLUMN "`+was+`" TO "amount_of_money_in_banks"` {
		t.Errorf("what lost its wider column: %v", got)
	}
}
