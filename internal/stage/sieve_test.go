package stage_test

import (
	"encoding/csv"
	"errors"
	"slices"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/stage"
	"catchment/internal/value"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/room"
)

// things is an object with a column of each kind that doesn't take every text.
func things(t *testing.T) stage.Way {
	t.Helper()
	w := newWay(t)
	var err error
	w.Source, err = source.Of(flow.Flow{Object: "Thing__c", NUL: flow.Replace, Invalid: flow.Reject}, schema.Object{
		Name: "Thing__c", Queryable: true,
		Fields: []schema.Field{
			{Name: "Id", Type: schema.ID}, {Name: "Size__c", Type: schema.Int}, {Name: "Sum__c", Type: schema.Double},
			{Name: "Day__c", Type: schema.Date}, {Name: "Open__c", Type: schema.Boolean},
			{Name: "Clock__c", Type: schema.Time},
			{Name: "SystemModstamp", Type: schema.DateTime}, {Name: "IsDeleted", Type: schema.Boolean},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func stored(t *testing.T, w stage.Way, gzip bool, text string) control.PageRow {
	t.Helper()
	row := control.PageRow{Key: stage.Key("Thing__c", "a1", "750", "00001", gzip), Seq: 1, Gzip: gzip}
	if gzip {
		text = packed(text)
	}
	row, _, err := w.Put(t.Context(), row, stage.Incoming{Reader: strings.NewReader(text), Records: -1})
	if err != nil {
		t.Fatal(err)
	}
	return row
}

// keptAside reads who is kept out of a page, and why: "Id Field why".
func keptAside(t *testing.T, p *warehouse.Page) []string {
	t.Helper()
	lines, err := csv.NewReader(strings.NewReader(read(t, p.Open))).ReadAll()
	if err != nil || !slices.Equal(lines[0], warehouse.RejectedHeader()) || int64(len(lines)-1) != p.Rows {
		t.Fatalf("%q, %v", lines, err)
	}
	var all []string
	for _, line := range lines[1:] {
		if line[0] != "Thing__c" || !strings.Contains(line[5], `"Id":"`+line[1]+`"`) {
			t.Errorf("%q", line)
		}
		all = append(all, strings.TrimSpace(line[1]+" "+line[3]+" "+line[4]+" "+line[2]))
	}
	return all
}

const thingHeader = `"Id","Size__c","Sum__c","Day__c","Open__c","Clock__c","IsDeleted"` + "\n"

func TestMisfits(t *testing.T) {
	t.Parallel()
	const text = thingHeader +
		`"1","5","1.5","2026-01-02","true","10:11:12.000Z","false"` + "\n" +
		`"2","9223372036854775808","1.5","2026-01-02","true","","false"` + "\n" +
		`"3","5","123456789012345678901234567890123456789012","20221-06-30","true","","false"` + "\n" +
		`"4","5","1.5","20221-06-30","true","","false"` + "\n" +
		`"5","5.5","1.5","","","","false"` + "\n" +
		`"6","5","NaN","","","","false"` + "\n" +
		`"7","5","","","maybe","","false"` + "\n" +
		`"8","5","","","true","25:00:00.000Z","false"` + "\n" +
		`"9","5","1E40","20221-06-30","true","","true"` + "\n" +
		`"10","","","","","","false"` + "\n"
	for _, gzip := range []bool{false, true} {
		w := things(t)
		row := stored(t, w, gzip, text)
		if row.Records != 3 || row.Rejected != 7 || row.Misfits != 7 || row.Blanks != 1 {
			t.Fatalf("%+v", row)
		}
		p := w.Page(row)
		want := thingHeader + `"1","5","1.5","2026-01-02","true","10:11:12.000Z","false"` + "\n" +
			`"9","5","","","true","","true"` + "\n" + `"10","","","","","","false"` + "\n"
		if got := read(t, p.Open); got != want || p.Rows != 3 || p.Gzip || p.Path != "" {
			t.Errorf("shown: %+v\n%s", p, got)
		}
		got := keptAside(t, p.Rejected)
		if !slices.Equal(got, []string{
			"2 Size__c unfit: a whole number of 19 digits, more than 64 bits",
			"3 Sum__c unfit: a number of 42 digits before the point and 0 after it, for a column of 38 in all",
			"4 Day__c unfit: no date of the years 1 to 9999", "5 Size__c unfit: no whole number",
			"6 Sum__c unfit: no number", "7 Open__c unfit: neither true nor false", "8 Clock__c unfit: no time of day",
		}) {
			t.Errorf("kept aside: %q", got)
		}

		w = things(t)
		w.AsIs = true
		row = stored(t, w, gzip, text)
		if row.Records != 10 || row.Rejected != 0 || row.Blanks != 8 || w.Page(row).Rejected != nil {
			t.Errorf("only compared: %+v", row)
		}
		if got := read(t, w.Page(row).Open); strings.Count(got, "\n") != 11 || strings.Contains(got, "20221") ||
			!strings.Contains(got, `"4","5","1.5","","true"`) {
			t.Errorf("only compared: %s", got)
		}
	}
}

// Records that a rule keeps out and those with a value that no column takes are in one
// page, each once.
func TestMisfitsAndRules(t *testing.T) {
	t.Parallel()
	w := things(t)
	w.Source.Treatment = value.Treatment{Checks: []value.Check{{Field: "Day__c", Rule: value.NotNull}}}
	row := stored(t, w, true, thingHeader+`"1","5","","","true","","false"`+"\n"+
		`"2","5","","20221-06-30","true","","false"`+"\n"+`"3","5","","2026-01-02","true","","false"`+"\n")
	if row.Records != 1 || row.Rejected != 2 || row.Misfits != 1 {
		t.Fatalf("%+v", row)
	}
	if got := keptAside(t, w.Page(row).Rejected); !slices.Equal(got, []string{"1 Day__c not_null",
		"2 Day__c unfit: no date of the years 1 to 9999"}) {
		t.Errorf("%q", got)
	}
	if got := read(t, w.Page(row).Open); got != thingHeader+`"3","5","","2026-01-02","true","","false"`+"\n" {
		t.Errorf("%s", got)
	}
}

// The stamp of a record that is kept out tells which version that is, unless the stamp is
// what doesn't fit.
func TestStampOfMisfit(t *testing.T) {
	t.Parallel()
	w := things(t)
	w.Room.Stamps.First, w.Room.Stamps.Last = 1, 9999
	row := stored(t, w, false, "\"Id\",\"Size__c\",\"SystemModstamp\"\n"+
		"\"1\",\"x\",\"2026-01-02T03:04:05.000Z\"\n\"2\",\"5\",\"20221-01-02T03:04:05.000Z\"\n")
	if got := keptAside(t, w.Page(row).Rejected); !slices.Equal(got, []string{
		"1 Size__c unfit: no number 2026-01-02T03:04:05.000Z",
		"2 SystemModstamp unfit: no moment of the years 1 to 9999"}) {
		t.Errorf("%q", got)
	}
}

// A warehouse that has less room than its kind of columns, or refuses a record by itself,
// is shown the page without what it doesn't take. Anything else stays an error.
func TestRefit(t *testing.T) {
	t.Parallel()
	w := things(t)
	row := stored(t, w, true, thingHeader+`"1","5","1.5","2026-01-02","true","","false"`+"\n"+
		`"2","2147483648","1234567","","true","","false"`+"\n"+`"3","7","2","","true","","false"`+"\n")
	if row.Records != 3 || row.Digits[1].Whole != 7 {
		t.Fatalf("%+v", row)
	}
	refit := func(refusal error) bool {
		rows, again, err := w.Refit(t.Context(), []control.PageRow{row}, refusal)
		if again != (err == nil) || !again && !errors.Is(err, refusal) && plan.ClassOf(err) != plan.Fix {
			t.Fatalf("%v, %v", again, err)
		}
		row = rows[0]
		return again
	}
	tight := &room.Tight{Room: []room.Digits{{Field: "Sum__c", Whole: 6, Fraction: 2}}}
	if !refit(plan.Fixf("", "%w", tight)) || row.Records != 2 || row.Rejected != 1 || row.Digits[1].Whole != 1 {
		t.Fatalf("%+v", row)
	}
	if got := keptAside(t, w.Page(row).Rejected); !slices.Equal(got, []string{
		"2 Sum__c unfit: a number of 7 digits before the point and 0 after it, for a column of 6 and 2"}) {
		t.Errorf("%q", got)
	}
	if refit(tight) {
		t.Error("the same once more changes nothing")
	}
	if !refit(&refusals.Value{Page: row.Key, ID: "3", Column: "open__c", Why: "a value was refused"}) ||
		row.Records != 1 || row.Rejected != 2 {
		t.Fatalf("%+v", row)
	}
	if got := keptAside(t, w.Page(row).Rejected); !slices.Contains(got, "3 Open__c unfit: a value was refused") {
		t.Errorf("%q", got)
	}
	for _, refusal := range []error{
		errors.New("the disk is full"), &refusals.Value{Page: row.Key, Why: "nobody knows where"},
		&refusals.Value{Page: "another", ID: "1"}, &refusals.Value{Page: row.Key, ID: "3"},
		&room.Tight{Room: []room.Digits{{Field: "Other__c"}}},
	} {
		if refit(refusal) {
			t.Errorf("%v", refusal)
		}
	}
	row.Refused = slices.Repeat(row.Refused, 100)
	if refit(&refusals.Value{Page: row.Key, ID: "1", Column: "open__c"}) {
		t.Error("more and more records are refused")
	}
	w.AsIs = true
	row = stored(t, w, false, thingHeader+`"3","7","2","","true","","false"`+"\n")
	if !refit(&refusals.Value{Page: row.Key, ID: "3", Column: "open__c"}) || row.Records != 1 ||
		!strings.Contains(read(t, w.Page(row).Open), `"3","7","2","",""`) {
		t.Errorf("only compared: %+v", row)
	}
}

// Only a text that may be too long for its column is measured.
func TestLongTexts(t *testing.T) {
	t.Parallel()
	w := newWay(t)
	w.Source.Treatment = value.Treatment{}
	w.Room.Text = 40
	for i, c := range w.Source.Table.Columns {
		if c.Field == "Phone" {
			w.Source.Table.Columns[i].Length = 10
		}
	}
	long := strings.Repeat("x", 41)
	row, err := put(t, w, `"1","`+long+`","030","2"`+"\n"+`"2","`+long[1:]+`","`+long+`","2"`+"\n")
	if err != nil || row.Records != 1 || row.Rejected != 1 {
		t.Fatalf("%+v, %v", row, err)
	}
	if got := read(t, w.Page(row).Rejected.Open); !strings.Contains(got, `"unfit: a text of more than 40 bytes"`) {
		t.Errorf("%s", got)
	}
}
