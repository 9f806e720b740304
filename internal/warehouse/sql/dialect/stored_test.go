package dialect

import (
	"slices"
	"testing"

	"catchment/internal/plan"
)

func TestWiden(t *testing.T) {
	for _, c := range []struct{ scale, whole, fract, want int }{
		{2, 18, 2, 2}, {2, 16, 0, 2}, {2, 5, 3, 7}, {2, 1, 17, 18}, {2, 1, 18, 18}, {2, 0, 30, 30}, {2, 20, 18, 18},
		{18, 20, 3, 18},
		{2, 21, 18, -1}, {2, 37, 0, -1}, {18, 21, 0, -1}, {2, 0, 39, -1},
	} {
		got, err := widen(38, c.scale, c.whole, c.fract)
		if c.want < 0 && (plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "") ||
			c.want >= 0 && (err != nil || got != c.want) {
			t.Errorf("scale %d for %d.%d digits: got %d, %v; want %d", c.scale, c.whole, c.fract, got, err, c.want)
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
