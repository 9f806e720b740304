package replicate_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// Two numbers that don't fit into one column of 38 digits.
const (
	fine = "1.123456789"
	vast = "1E35"
)

// plant lets a record hold a value that no API takes.
func plant(r *rig.Rig, id, field, value string) {
	r.T.Helper()
	r.Later(time.Second)
	r.Must(r.Org.Touch(id))
	r.Must(r.Org.Drift(id, field, value))
	r.Later(time.Hour)
}

// plantUnfit gives some Contacts values that fit no column: a day that no calendar has, and
// a number that fits by itself, but not beside another one. Which of these is out, is said.
func plantUnfit(r *rig.Rig, ids []string, out string) {
	r.T.Helper()
	r.Unfit = func(_ string, rec rig.Record) []string {
		var names []string
		if rec["birthdate"] == "2026-02-30" {
			names = append(names, "birthdate")
		}
		if rec["rank__c"] == rig.Plain("double", out) {
			names = append(names, "rank__c")
		}
		return names
	}
	plant(r, ids[2], "Birthdate", "2026-02-30")
	plant(r, ids[6], "Rank__c", fine)
	plant(r, ids[9], "Birthdate", "2026-02-30")
}

// A decimal column of DuckDB has 38 digits in all. Where it holds a value with 36 before
// the point, a record with nine after it is kept out, until the other is gone and it is
// touched. Of one page, the one with more digits before the point is out, and stays so.
func TestTightColumn(t *testing.T) {
	t.Parallel()
	for _, together := range []bool{false, true} {
		t.Run(fmt.Sprintf("together %v", together), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "Rank__c", Type: "double", Scale: 2}))
			r.Keeps("Contact", "LastName", "Birthdate", "Rank__c")
			ids := r.IDs("Contact")
			plant(r, ids[5], "Rank__c", vast)
			in, out, lost := ids[5], ids[6], fine
			if together {
				in, out, lost = out, in, vast
			} else {
				r.Done(nil)
			}
			plantUnfit(r, ids, lost)
			o := r.Done(nil).Objects[0]
			if o.Rejected != 3 || o.Grade != "proven except 3" {
				t.Errorf("%+v", o)
			}
			r.Same()
			areOut(r, map[string]string{ids[2]: "birthdate", out: "rank__c", ids[9]: "birthdate"})
			r.Set(in, "Rank__c", 1)
			r.Set(ids[2], "Birthdate", "2001-02-03")
			r.Later(time.Hour)
			r.Done(nil)
			r.Later(time.Hour)
			r.Must(r.Org.Touch(out, ids[9]))
			r.Later(time.Hour)
			still := map[bool]int64{false: 1, true: 2}[together] // no column gives up places behind its point
			if o := r.Done(nil).Objects[0]; o.Rejected != still {
				t.Errorf("%+v", o)
			}
			if together {
				r.Same()
				return
			}
			plantedAlone := r.Unfit
			r.Unfit = func(object string, rec rig.Record) []string {
				return slices.DeleteFunc(plantedAlone(object, rec), func(name string) bool { return name == "rank__c" })
			}
			r.Same()
		})
	}
}

// areOut makes sure that records are named as kept out, each for a field.
func areOut(r *rig.Rig, fields map[string]string) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	aside := asidesOf(p, "Contact")
	for id, field := range fields {
		if !slices.Equal(aside[id].fields, []string{field}) {
			r.T.Errorf("%s is named for %v", id, aside[id].fields)
		}
	}
	if len(aside) != len(fields) {
		r.T.Errorf("%d are named, and %d are out", len(aside), len(fields))
	}
}
