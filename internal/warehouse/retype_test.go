package warehouse

import (
	"slices"
	"testing"
)

// Each state on the way to another type tells the next step, and no state is one
// in which the only values are dropped.
func TestRetypeIsFinished(t *testing.T) {
	t.Parallel()
	d := &Dialect{LongestName: 40}
	var states []string
	has := []stored{{Name: "id"}, {Name: "amount_of_money_in_banks", Type: "DECIMAL", Scale: 2}}
	names := []string{"id", "amount_of_money_in_banks"}
	wider, was := d.widerOf("amount_of_money_in_banks"), d.wasOf("amount_of_money_in_banks")
	if len(wider) > 40 || len(was) > 40 || wider == was {
		t.Fatalf("%s, %s", wider, was)
	}
	if got := d.finish("t", has, names); len(got) != 0 {
		t.Fatalf("a column at rest: %v", got)
	}
	has = append(has, stored{Name: wider, Type: "DECIMAL", Scale: 6})
	for todo := d.finish("t", has, names); len(todo) > 0; todo = d.finish("t", has, names) {
		if inShape(has) {
			t.Errorf("%v is in shape, and yet %v", has, todo)
		}
		if c, ok := find(d.finished(has, names), "amount_of_money_in_banks"); !ok || c.Scale != 6 && len(states) < 3 {
			t.Errorf("after %q the column will be %v", states, c)
		}
		last := todo[len(todo)-1].sql
		states = append(states, last)
		switch i := place(has, "amount_of_money_in_banks"); last {
		case `ALTER TABLE t RENAME COLUMN "amount_of_money_in_banks" TO "` + was + `"`:
			has[i].Name = was
		case `ALTER TABLE t RENAME COLUMN "` + wider + `" TO "amount_of_money_in_banks"`:
			has[place(has, wider)].Name = "amount_of_money_in_banks"
		case `ALTER TABLE t DROP COLUMN "` + was + `"`:
			has = slices.Delete(has, place(has, was), place(has, was)+1)
		default:
			t.Fatalf("what is %s?", last)
		}
	}
	if len(states) != 3 || len(has) != 2 || has[1].Scale != 6 || !inShape(has) {
		t.Errorf("after %q: %v", states, has)
	}
	back := []stored{{Name: "id"}, {Name: was}}
	if got := d.finish("t", back, names); len(got) != 1 ||
		got[0].sql != `ALTER TABLE t RENAME COLUMN "`+was+`" TO "amount_of_money_in_banks"` {
		t.Errorf("what lost its wider column: %v", got)
	}
}
