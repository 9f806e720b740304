package streamedtest

import (
	"errors"
	"fmt"
	"testing"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/streamed"
	"catchment/internal/warehouse/warehousetest"
)

// setsItsOwn: one delta sets other columns of each row, of each kind, and nothing else moves.
func setsItsOwn(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"), rec("2", 2, false, "two"), rec("3", 3, false, "three"))
	c := d.events(t,
		event("1", streamed.Set, 20, "name", "eins, \"one\" \n'1'", "amount__c", "-12.5000"),
		event("2", streamed.Set, 21, "employees", "7", "big__c", "9007199254740993", "born__c", "2001-02-03",
			"opens__c", "08:30:00.000Z", "name", "~"))
	same(t, "updated", c, streamed.Counts{Updated: 2})
	same(t, "rows", d.says(t, "id", "name", "amount__c", "employees", "big__c", "born__c", "opens__c"),
		"1|eins, \"one\" \n'1'|-12.5000|~|~|~|~* 2|~|~|7|9007199254740993|2001-02-03|08:30:00* 3|three|~|~|~|~|~")
	same(t, "stamps", d.says(t, "id", "_catchment_at", "_catchment_read_at"),
		"1|2026-03-01 00:01:00+00|2026-03-01 00:10:00+00* 2|2026-03-01 00:02:00+00|2026-03-01 00:10:00+00* "+
			"3|2026-03-01 00:03:00+00|2026-03-01 00:10:00+00")
	m, _, err := d.w.Mark(t.Context(), "Account")
	must(t, err)
	same(t, "watermark", m.Watermark.Equal(at(10)), true)
}

func makes(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"))
	c := d.events(t, event("2", streamed.Make, 20, "name", "two", "employees", "3"),
		event("1", streamed.Make, 21, "name", "again"))
	same(t, "made", c, streamed.Counts{Inserted: 1, Updated: 1})
	same(t, "rows", d.says(t, "id", "name", "employees", "isdeleted", "_catchment_at", "_catchment_deleted_at"),
		"1|again|~|false|2026-03-01 00:01:00+00|~* 2|two|3|false|~|~*")
	same(t, "again", d.events(t, event("2", streamed.Make, 20, "name", "two")), streamed.Counts{Updated: 1})
}

func flags(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"), rec("2", 2, true, "two"))
	c := d.events(t, event("1", streamed.Gone, 20), event("2", streamed.Gone, 20), event("3", streamed.Gone, 20))
	same(t, "deleted", c, streamed.Counts{Deleted: 1})
	same(t, "rows", d.says(t, "id", "isdeleted", "_catchment_deleted_at", "_catchment_delete_reason"),
		"1|true|2026-03-01 00:20:00+00|soft* 2|true|2026-03-01 00:02:00+00|soft")
	same(t, "a row that is gone takes no values", d.events(t, event("1", streamed.Set, 21, "name", "x")),
		streamed.Counts{Dirty: 1})
}

func policies(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"))
	d.policy = gone.Ignore
	same(t, "ignored", d.events(t, event("1", streamed.Gone, 20)), streamed.Counts{})
	d.policy = gone.Remove
	same(t, "to be read", d.events(t, event("1", streamed.Gone, 20), event("9", streamed.Gone, 20)),
		streamed.Counts{Dirty: 1})
	same(t, "row", d.says(t, "id", "_catchment_deleted_at"), "1|~")
	d.window(t, "a2", 30, rec("1", 25, true, "one"))
	same(t, "removed", d.says(t, "id"), "")
	same(t, "behind a tombstone", d.events(t, event("1", streamed.Make, 31, "name", "x")), streamed.Counts{})
	same(t, "to be read", d.unproven(t, false), "1")
}

func leavesToRead(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"))
	c := d.events(t, event("1", streamed.Read, 20), event("2", streamed.Read, 20),
		event("3", streamed.Set, 20, "name", "x"))
	same(t, "dirty", c, streamed.Counts{Dirty: 3})
	same(t, "again", d.events(t, event("1", streamed.Read, 21)), streamed.Counts{})
	same(t, "rows", d.says(t, "id", "name"), "1|one")
	same(t, "to be read", d.unproven(t, false), "1 2 3")
	after, err := d.stream.Unproven(t.Context(), d.table, false, "1", 1)
	must(t, err)
	same(t, "a part", fmt.Sprint(after), "[2]")
}

func staysLater(t *testing.T, d *desk) {
	d.window(t, "a1", 30, rec("1", 20, false, "later"))
	same(t, "earlier", d.events(t, event("1", streamed.Set, 19, "name", "earlier")), streamed.Counts{})
	same(t, "gone before", d.events(t, event("1", streamed.Gone, 19)), streamed.Counts{})
	same(t, "row", d.says(t, "id", "name"), "1|later")
	same(t, "at once", d.events(t, event("1", streamed.Set, 20, "name", "as late")), streamed.Counts{Updated: 1})
}

func withoutRoom(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"), rec("2", 1, false, "two"), rec("3", 1, false, "three"))
	c := d.events(t, event("1", streamed.Set, 20, "employees", "2147483648"),
		event("2", streamed.Set, 20, "no_such_column", "x"), event("3", streamed.Set, 20, "name", "drei"))
	same(t, "counts", c, streamed.Counts{Dirty: 2, Updated: 1})
	same(t, "rows", d.says(t, "id", "name"), "1|one 2|two 3|drei*")
}

func massDelete(t *testing.T, d *desk) {
	var records []string
	var rows []streamed.Row
	for i := range 130 {
		id := fmt.Sprintf("%03d", i)
		records, rows = append(records, rec(id, 1, false, "x")), append(rows, event(id, streamed.Gone, 20))
	}
	d.window(t, "a1", 10, records...)
	same(t, "few", d.events(t, rows[:100]...).Deleted, 100)
	more := d.delta("ff", rows[100:105]...)
	more.Deleted = 100
	_, err := d.stream.Apply(t.Context(), d.fence, more)
	if mass, is := errors.AsType[*gone.MassDelete](err); !is || mass.Deletes != 105 || mass.Rows != 130 {
		t.Errorf("a mass of them: %v", err)
	}
	p, _, err := d.stream.Position(t.Context(), "Account")
	must(t, err)
	same(t, "the position waits", p.Replay == "ff", false)
	more.AllowDeletes = true
	c, err := d.stream.Apply(t.Context(), d.fence, more)
	must(t, err)
	same(t, "allowed", c.Deleted, 5)
}

func fenced(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"))
	_, err := d.w.Claim(t.Context(), warehouse.Fence{Flow: "Account", Number: 2}, "account", org)
	must(t, err)
	_, err = d.stream.Apply(t.Context(), d.fence, d.delta("ff", event("1", streamed.Set, 20, "name", "x")))
	if !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	if err := d.stream.Proven(t.Context(), d.fence, d.table, []string{"1"}); !errors.Is(err, warehouse.ErrFenced) {
		t.Error(err)
	}
	_, known, err := d.stream.Position(t.Context(), "Account")
	must(t, err)
	same(t, "position", known, false)
	same(t, "row", d.says(t, "id", "name"), "1|one")
}

// faulty: whatever goes wrong at whatever statement, all of a delta is there, or nothing; a repeat ends it.
func faulty(t *testing.T, d *desk) {
	d.window(t, "a1", 10, rec("1", 1, false, "one"), rec("2", 1, false, "two"))
	for _, kind := range []warehousetest.FaultKind{warehousetest.Fails, warehousetest.Dies, warehousetest.Cancelled} {
		failed := 0
		for at := 0; ; at++ {
			name, replay := fmt.Sprintf("%s-%d", kind[:4], at), fmt.Sprintf("%02x%02x", len(kind), at)
			delta := d.delta(replay, event("1", streamed.Set, 20, "name", name), event("2", streamed.Read, 20))
			before := d.says(t, "id", "name")
			_, err := streamOf(t, d.under(warehousetest.Fault{Kind: kind, At: at})).Apply(t.Context(), d.fence, delta)
			p, _, perr := d.stream.Position(t.Context(), "Account")
			must(t, perr)
			switch now := d.says(t, "id", "name"); {
			case p.Replay == replay && now != "1|"+name+"* 2|two":
				t.Fatalf("%s: the position moved, and the rows are %s", name, now)
			case p.Replay != replay && now != before:
				t.Fatalf("%s: the position stayed, and the rows are %s", name, now)
			}
			if err == nil {
				break
			}
			failed++
			_, err = d.stream.Apply(t.Context(), d.fence, delta)
			must(t, err)
			same(t, name, d.says(t, "id", "name"), "1|"+name+"* 2|two")
		}
		if failed < 5 && kind != warehousetest.Cancelled {
			t.Errorf("%s only %d times", kind, failed)
		}
	}
}
