package replicate_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// A planted is a value of a record among others.
type planted struct {
	typ, value string
	duckdb     string // what it is there, as text; "" where its record is kept out
	postgres   string
}

// same is a value that both warehouses have alike.
func same(typ, value, want string) planted { return planted{typ, value, want, want} }

// Numbers of more digits than a double has, and with an exponent: they arrive as they
// are, or their records are kept out. They stopped their object every night.
func TestCaseHugeNumber(t *testing.T) {
	t.Parallel()
	long, least := "123456789012345678.000000000000000000000001", "0.1234567890123456789012345678901234567890"
	plantedBothWays(t, []planted{
		same("double", "1.2345678E7", "12345678"),
		{"double", long, "", long},
		same("double", "1E30", "1E30"), same("currency", "3.0E37", "3E37"), same("double", "-1E37", "-1E37"),
		{"double", "1E38", "", "1E38"},
		{"percent", "1.7976931348623157E308", "", "1.7976931348623157E308"},
		{"double", "4.9E-324", "", "4.9E-324"},
		{"currency", least, "", least},
		{"double", "1E200000", "", ""},
	})
}

// Dates and moments at and beyond the edges of calendars.
func TestCaseDates(t *testing.T) {
	t.Parallel()
	var all []planted
	for _, day := range []planted{
		same("", "0001-01-01", "0001-01-01"), same("", "0021-05-05", "0021-05-05"),
		same("", "1582-10-10", "1582-10-10"), same("", "1700-01-01", "1700-01-01"),
		same("", "1900-02-28", "1900-02-28"), same("", "4000-12-31", "4000-12-31"),
		same("", "9999-12-31", "9999-12-31"), same("", "10000-01-01", "10000-01-01"),
		same("", "+12013-01-01", ""), same("", "20221-06-30", "20221-06-30"),
		{"", "-0044-03-15", "0045-03-15 (BC)", ""},
		{"", "0000-01-01", "0001-01-01 (BC)", ""}, same("", "2023-02-29", ""),
	} {
		all = append(all, planted{"date", day.value, day.duckdb, day.postgres},
			planted{"datetime", day.value + "T10:11:12.000Z", at(day.duckdb), at(day.postgres)})
	}
	plantedBothWays(t, all)
}

// at is a moment of a day as a warehouse writes it.
func at(day string) string {
	if day == "" {
		return ""
	}
	return day + " 10:11:12+00"
}

// An int of more than 32 bits stopped the whole object. Its column becomes wider; what
// no whole number of 64 bits is, is kept out.
func TestPainTargetPostgres26(t *testing.T) {
	t.Parallel()
	plantedBothWays(t, []planted{
		same("int", "2147483647", "2147483647"), same("int", "2147483648", "2147483648"),
		same("int", "-2147483649", "-2147483649"), same("int", "9223372036854775807", "9223372036854775807"),
		same("int", "-9223372036854775808", "-9223372036854775808"),
		same("int", "5.0", "5"), same("int", "5E3", "5000"),
		same("int", "9223372036854775808", ""), same("int", "1E30", ""), same("int", "0.5", ""),
	})
}

// Other values that fit no column of their type.
func TestValuesThatFitNoColumn(t *testing.T) {
	t.Parallel()
	plantedBothWays(t, []planted{
		same("time", "23:59:59.999Z", "23:59:59.999"), same("time", "24:00:00.000Z", ""),
		same("time", "10:61:00.000Z", ""),
		same("boolean", "2", ""), same("date", "2026-13-01", ""), same("date", "infinity", ""),
		same("datetime", "2026-02-30T10:11:12.000Z", ""), same("datetime", "300000-01-01T00:00:00.000Z", ""),
		same("datetime", "2026-01-02T25:00:00.000Z", ""),
	})
}

// plantedBothWays reads values by Bulk and by REST into two warehouses, in a first run and
// in a later one: they arrive, or their records are kept out, and all others arrive.
func plantedBothWays(t *testing.T, all []planted) {
	for _, in := range []string{"duckdb", "postgres"} {
		for _, by := range []flow.Mover{flow.Bulk, flow.REST} {
			for _, later := range []bool{false, true} {
				t.Run(fmt.Sprintf("%s by %s, later %v", in, by, later), func(t *testing.T) {
					plantedIn(t, in, by, later, all)
				})
			}
		}
	}
}

// A bed is an object with a record for each value, and two others.
type bed struct {
	values  []planted
	ids     []string // of the values' records
	others  []string // one that isn't touched, and one that changes
	created fakeorg.Field
}

// beds are objects for values: each number has its own, since what a decimal column has
// room for depends on the others in it.
func beds(all []planted) []*bed {
	var bs []*bed
	for _, v := range all {
		i := slices.IndexFunc(bs, func(b *bed) bool { return b.created.Type == v.typ && !isDecimal(v.typ) })
		if i < 0 {
			i, bs = len(bs), append(bs, &bed{created: fakeorg.Field{Name: "V__c", Type: v.typ}})
		}
		bs[i].values = append(bs[i].values, v)
	}
	return bs
}

func plantedIn(t *testing.T, in string, by flow.Mover, later bool, all []planted) {
	org := rig.NewOrg(t, map[string]int{"User": 1}, nil)
	r := rig.New(t, org)
	r.Shelf = shelfOf(t, in)
	bs := beds(all)
	for i, b := range bs {
		object := fmt.Sprintf("V%02d__c", i)
		r.Must(org.AddObject(object, fmt.Sprintf("b%02d", i), b.created, fakeorg.Field{Name: "T__c", Type: "string"}))
		for n := range len(b.values) + 2 {
			id, err := org.Create(object, map[string]any{"T__c": "old"})
			r.Must(err)
			if n < 2 {
				b.others = append(b.others, id)
			} else {
				b.ids = append(b.ids, id)
			}
		}
		r.Flows = append(r.Flows, flow.Flow{Object: object, Deletes: flow.Flag, Mover: by, Naming: flow.Lower,
			NUL: flow.Replace})
		r.Keeps(object, "V__c", "T__c")
	}
	r.Later(time.Hour)
	if later {
		r.Done(nil)
		r.Later(time.Hour)
	}
	for _, b := range bs {
		r.Must(org.Update(b.others[1], map[string]any{"T__c": "new"}))
		for i, id := range b.ids {
			r.Must(org.Touch(id))
			r.Must(org.Drift(id, "V__c", b.values[i].value))
		}
	}
	r.Later(time.Hour)
	row := r.Done(nil)
	p := r.Start(nil)
	defer p.Close()
	for i, b := range bs {
		o := row.Objects[slices.IndexFunc(row.Objects, func(o control.RunObject) bool {
			return o.Object == r.Flows[i].Object
		})]
		b.arrived(p, o, in == "postgres", later)
	}
}

// arrived looks at the records of an object after its run.
func (b *bed) arrived(p *rig.Process, o control.RunObject, inPostgres, later bool) {
	p.T.Helper()
	rows, aside, out := map[string][]*string{}, asidesOf(p, o.Object), int64(0)
	for _, r := range p.Query("SELECT CAST(id AS VARCHAR), CAST(t__c AS VARCHAR), CAST(v__c AS VARCHAR) " +
		"FROM salesforce." + strings.ToLower(o.Object)) {
		rows[*r[0]] = r
	}
	for i, v := range b.values {
		want := v.duckdb
		if inPostgres {
			want = v.postgres
		}
		if want == "" {
			out++
		}
		if wrong := v.differs(want, rows[b.ids[i]], aside[b.ids[i]], later); wrong != "" {
			p.T.Errorf("%s %s %s", v.typ, v.value, wrong)
		}
		if said := fmt.Sprint(o.Notes, o.Error, o.Hint); len(v.value) > 3 && strings.Contains(said, v.value) {
			p.T.Errorf("a message says the value %s", v.value)
		}
	}
	if rows[b.others[0]] == nil || rows[b.others[1]] == nil || *rows[b.others[1]][1] != "new" {
		p.T.Errorf("the other records of %s didn't arrive", b.created.Type)
	}
	want := "proven"
	if out > 0 {
		want = fmt.Sprintf("proven except %d", out)
	}
	if o.Grade != want || o.Rejected != out || int64(len(aside)) != out {
		p.T.Errorf("%s: the run is %s and kept %d out, %d are named, it should be %d", b.created.Type, o.Grade,
			o.Rejected, len(aside), out)
	}
}

// differs tells what is wrong with the row of a value, or the name of its record.
func (v planted) differs(want string, row []*string, a aside, later bool) string {
	switch {
	case want == "" && !slices.Equal(a.fields, []string{"v__c"}):
		return fmt.Sprintf("is named for %v", a.fields)
	case want == "" && (row != nil) != later:
		return fmt.Sprintf("has a row: %v", row != nil)
	case want == "" && row != nil && (*row[1] != "old" || row[2] != nil && *row[2] != "false"):
		return fmt.Sprintf("has changed the row that was there: %v", texts(row))
	case want != "" && (len(a.fields) > 0 || row == nil || row[2] == nil):
		return fmt.Sprintf("didn't arrive, and is named for %v", a.fields)
	case want != "" && rig.Plain(v.typ, *row[2]) != rig.Plain(v.typ, want):
		return "is " + *row[2]
	}
	return ""
}

// One record of 100 can't be copied. For days it stopped the others of its object, and
// nobody said which it was.
func TestCaseOneBadRecord(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		in, typ, good, bad string
		reason             string
	}{
		{"duckdb", "double", "5", "1E38", "unfit: a number of 39 digits"},
		{"duckdb", "int", "5", "9223372036854775808", "unfit: a whole number of 19 digits"},
		{"postgres", "int", "5", "9223372036854775808", "unfit: a whole number of 19 digits"},
		{"postgres", "date", "2022-06-30", "2022-06-31", "unfit: no date"},
	} {
		t.Run(test.in+" "+test.typ, func(t *testing.T) {
			t.Parallel()
			oneBadRecord(t, test.in, test.typ, test.good, test.bad, test.reason)
		})
	}
}

func oneBadRecord(t *testing.T, in, typ, good, bad, reason string) {
	org := rig.NewOrg(t, map[string]int{"User": 1}, nil)
	r := rig.New(t, org, "Num__c")
	r.Shelf = shelfOf(t, in)
	r.Must(org.AddObject("Num__c", "a00", fakeorg.Field{Name: "N__c", Type: typ},
		fakeorg.Field{Name: "T__c", Type: "string"}))
	var ids []string
	for range 100 {
		id, err := org.Create("Num__c", map[string]any{"N__c": good, "T__c": "old"})
		r.Must(err)
		ids = append(ids, id)
	}
	r.Keeps("Num__c", "N__c", "T__c")
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(org.Touch(ids[7]))
	r.Must(org.Drift(ids[7], "N__c", bad))
	r.Set(ids[7], "T__c", "new")
	for _, id := range ids[:5] {
		r.Set(id, "T__c", "new")
	}
	before := r.FlowRow("Num__c").Watermark
	r.Later(time.Hour)
	for day := range 3 {
		o := r.Done(nil).Objects[0]
		named := strings.Contains(fmt.Sprint(o.Notes), ids[7]+" (N__c: "+reason)
		if o.Grade != "proven except 1" || !o.To.After(before) || named != (day == 0) {
			t.Errorf("day %d: %+v", day, o)
		}
		before = o.To
		rows := r.Texts("num__c", "id", "t__c", "n__c")
		for i, id := range ids {
			if want := map[bool]string{true: "new", false: "old"}[i < 5]; rows[id] == nil || rows[id][1] != want ||
				rows[id][2] != good {
				t.Errorf("day %d: record %d is %q", day, i, rows[id])
			}
		}
		isNamed(r, ids[7], "N__c", reason, bad)
		r.Later(24 * time.Hour)
	}
	r.Set(ids[7], "N__c", nil)
	r.Later(time.Hour)
	if o := r.Done(nil).Objects[0]; o.Rejected != 0 || o.Grade != "proven" {
		t.Errorf("mended: %+v", o)
	}
	r.Same()
	if found := r.Verified(r.Flows[0], rig.Values); found.Differs() {
		t.Errorf("mended: %+v", found)
	}
}

// isNamed makes sure that one record alone is named as kept out, with its field and why.
func isNamed(r *rig.Rig, id, field, reason, bad string) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	rows := p.Query("SELECT CAST(record_key AS VARCHAR), CAST(field AS VARCHAR), CAST(rule AS VARCHAR), " +
		"CAST(record AS VARCHAR) FROM salesforce_incremental._catchment_rejected")
	if len(rows) == 0 {
		r.T.Errorf("%s isn't named", id)
	}
	for _, row := range rows {
		if *row[0] != id || *row[1] != field || !strings.HasPrefix(*row[2], reason) || strings.Contains(*row[2], bad) ||
			!strings.Contains(*row[3], bad) { // the record itself is kept there, as it came
			r.T.Errorf("named is %v", texts(row))
		}
	}
}
