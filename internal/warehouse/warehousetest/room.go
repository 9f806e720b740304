package warehousetest

import (
	"errors"
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// edges loads what a warehouse says it has room for, up to the edges of that.
func edges(r *rig) {
	room := r.w.Room()
	load := func(name, field, text string, d warehouse.Digits) {
		p := r.page("Id,"+field, name+","+text)
		d.Field = field
		p.Digits = []warehouse.Digits{d}
		r.read(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	whole := min(room.Whole, 60)
	if room.Digits > 0 {
		whole = room.Digits - 2 // the scale of the column
	}
	load("most", "Amount__c", strings.Repeat("9", whole), warehouse.Digits{Whole: whole})
	load("least", "Amount__c", "-"+strings.Repeat("9", whole), warehouse.Digits{Whole: whole})
	day := func(year int) string {
		if year < 0 {
			return fmt.Sprintf("-%04d-03-01", -year)
		}
		return fmt.Sprintf("%04d-03-01", year)
	}
	for i, year := range []int{room.Dates.First, room.Dates.Last, 1, 9999} {
		if text := day(year); room.Takes(shape.Date)([]byte(text)) {
			load(fmt.Sprint("day", i), "Born__c", text, warehouse.Digits{})
		} else {
			r.t.Errorf("the room has no day %s", text)
		}
	}
	for i, year := range []int{room.Stamps.First, room.Stamps.Last, 1, 9999} {
		if text := day(year) + "T23:59:59.999Z"; room.Takes(shape.Timestamp)([]byte(text)) {
			load(fmt.Sprint("moment", i), "SystemModstamp", text, warehouse.Digits{})
		} else {
			r.t.Errorf("the room has no moment %s", text)
		}
	}
	same(r.t, "rows", len(r.rows("id")), 10)
}

// outgrown: a column of 32 bits becomes one of 64, in both tables, and what is in it
// stays.
func outgrown(r *rig) {
	load := func(name, text string, beyond bool) {
		p := r.page("Id,Employees", name+","+text)
		p.Digits = []warehouse.Digits{{Field: "Employees", Whole: 10, Beyond32: beyond}}
		r.read(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
	}
	load("a", "2147483647", false)
	load("b", "2147483648", true)
	load("c", "-9223372036854775808", true)
	load("d", "5", false)
	sameRows(r.t, r.rows("id", "employees"), "a|2147483647", "b|2147483648", "c|-9223372036854775808", "d|5")
}

// tight: numbers that a column can't take, whatever scale it had, are refused as a whole
// batch, with what there is room for. What fits that is taken.
func tight(r *rig) {
	digits := r.subject.Traits().Digits
	if digits == 0 {
		return // it has room for everything
	}
	load := func(name, text string, whole, fraction int) error {
		p := r.page("Id,Amount__c", name+","+text)
		p.Digits = []warehouse.Digits{{Field: "Amount__c", Whole: whole, Fraction: fraction}}
		_, err := r.try(reading{name: name, readAt: at(100), pages: []warehouse.Page{p}})
		return err
	}
	refused := func(what string, err error, whole, fraction int) {
		t, ok := errors.AsType[*warehouse.Tight](err)
		if !ok || len(t.Room) != 1 {
			r.t.Fatalf("%s: %v", what, err)
		}
		same(r.t, what, t.Room[0], warehouse.Digits{Field: "Amount__c", Whole: whole, Fraction: fraction})
	}
	refused("a digit too many before the point", load("a", strings.Repeat("9", digits-1), digits-1, 0), digits-2, 2)
	refused("too many in all", load("b", "1."+strings.Repeat("1", digits), 1, digits), digits-18, 18)
	must(r.t, load("c", strings.Repeat("9", digits-2), digits-2, 0))
	refused("a scale that what is there has no room for", load("d", "1.125", 1, 3), digits-2, 2)
	must(r.t, load("e", "1.25", 1, 2))
	sameRows(r.t, r.rows("id", "amount__c"), "c|"+strings.Repeat("9", digits-2)+".00", "e|1.25")
}
