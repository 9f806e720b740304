package replicate_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/rig"
)

// A torture is a value that some tool on the way breaks, by the thread that
// tells of it.
type torture struct {
	thread string
	field  string
	value  any
	want   string // in the warehouse, as text; "" is NULL
}

// tortures are one record each.
func tortures() []torture {
	long := func(first, s string, n int) string { return first + strings.Repeat(s, n-len([]rune(first))) }
	all := []torture{
		{"airbyte#40680", "Text__c", "N/A", "N/A"},
		{"airbyte#40680", "Text__c", "None", "None"},
		{"airbyte#40680", "Text__c", "null", "null"},
		{"airbyte#40680", "Text__c", "NULL", "NULL"},
		{"airbyte#40680", "Text__c", "NaN", "NaN"},
		{"airbyte#40680", "Text__c", `\N`, `\N`},
		{"airbyte#25350", "Text__c", "0012", "0012"},
		{"airbyte#25350", "Text__c", "1234567890123456789012345", "1234567890123456789012345"},
		{"airbyte#25350", "Phone__c", "+49030", "+49030"},
		{"airbyte#25350", "Text__c", "1E5", "1E5"},
		{"airbyte#25350", "Text__c", "true", "true"},
		{"airbyte#25350", "Text__c", "2026-01-02", "2026-01-02"},
		{"airbyte#8300", "Text__c", "a\x00b\x00", "a\x00b\x00"},
		{"RForcecom#59", "Long__c", "one\r\ntwo\rthree\nfour, \"five\"\r\n", "one\r\ntwo\rthree\nfour, \"five\"\r\n"},
		{"RForcecom#59", "Long__c", "\"\n\"\"\n,\n", "\"\n\"\"\n,\n"},
		{"RForcecom#59", "Long__c", strings.Repeat("\"\r\n", 40_000), strings.Repeat("\"\r\n", 40_000)},
		{"tap-salesforce#67", "Whole__c", "0", "0"},
		{"tap-salesforce#67", "Whole__c", "-999999999", "-999999999"},
		{"quotes", "Text__c", `"`, `"`},
		{"quotes", "Text__c", `""quoted""`, `""quoted""`},
		{"blanks", "Text__c", " padded\t", " padded\t"},
		{"byte order mark", "Text__c", "\uFEFFmark", "\uFEFFmark"},
		{"emoji", "Text__c", "👩‍👩‍👧‍👦 and e\u0301", "👩‍👩‍👧‍👦 and e\u0301"},
		{"NULL", "Text__c", "", ""},
		{"18 digits", "Money__c", "1234567890123456.78", "1234567890123456.78"},
		{"18 digits", "Number__c", "123456789012345678", "123456789012345678"},
		{"more decimals than declared", "Money__c", "0.123456789012345678", "0.123456789012345678"},
		{"more decimals than declared", "Percent__c", "-12.00000001", "-12.00000001"},
		{"exponent", "Number__c", "1.2345678E7", "12345678"},
		{"exponent", "Percent__c", "1.5E-7", "0.00000015"},
		{"year 1700", "Date__c", "1700-01-01", "1700-01-01"},
		{"year 4000", "Date__c", "4000-12-31", "4000-12-31"},
		{"year 1700", "Moment__c", "1700-01-01T00:00:00.000Z", "1700-01-01T00:00:00Z"},
		{"year 4000", "Moment__c", "4000-12-31T23:59:59.000Z", "4000-12-31T23:59:59Z"},
		{"time", "Time__c", "23:59:59.999Z", "23:59:59.999"},
	}
	for shift := range 4 { // of which one falls on each border, wherever it is
		text := long(strings.Repeat("x", shift), "長", 131_072)
		all = append(all, torture{"airbyte#15950", "Long__c", text, text})
	}
	text := long("y", "🎈", 60_000)
	return append(all, torture{"airbyte#15950", "Long__c", text, text})
}

// tortured is an org with one record for each value that is to survive.
func tortured(t *testing.T) (*fakeorg.Org, map[string]torture) {
	org := rig.NewOrg(t, map[string]int{"User": 1}, nil)
	err := org.AddObject("Torture__c", "a9T",
		fakeorg.Field{Name: "Text__c", Type: "string"},
		fakeorg.Field{Name: "Long__c", Type: "textarea", Length: 131_072},
		fakeorg.Field{Name: "Phone__c", Type: "phone"}, fakeorg.Field{Name: "Whole__c", Type: "int", Precision: 9},
		fakeorg.Field{Name: "Money__c", Type: "currency", Precision: 18, Scale: 2},
		fakeorg.Field{Name: "Number__c", Type: "double", Precision: 18},
		fakeorg.Field{Name: "Percent__c", Type: "percent", Precision: 18, Scale: 2},
		fakeorg.Field{Name: "Date__c", Type: "date"},
		fakeorg.Field{Name: "Moment__c", Type: "datetime"}, fakeorg.Field{Name: "Time__c", Type: "time"})
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]torture{}
	for _, v := range tortures() {
		id, err := org.Create("Torture__c", map[string]any{v.field: v.value})
		if err != nil {
			t.Fatalf("%s: %v", v.thread, err)
		}
		values[id] = v
	}
	org.Clock().Advance(time.Hour)
	return org, values
}

// Every value that breaks elsewhere is read by both movers into both
// warehouses and comes out as it went in, and the two movers' pages say the
// same, byte for byte.
func TestValuesSurvive(t *testing.T) {
	t.Parallel()
	org, values := tortured(t)
	var pages []map[string]string
	for _, postgres := range []bool{false, true} {
		for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
			t.Run(fmt.Sprintf("%s, PostgreSQL %v", mover, postgres), func(t *testing.T) {
				r := rig.New(t, org, "Torture__c")
				if postgres {
					r.Shelf = shelfOf(t, "postgres")
				}
				r.Flows[0].Mover = mover
				r.Done(func(p *rig.Process) { p.Options.Keep = time.Hour })
				survived(r, values, postgres)
				pages = append(pages, cells(r))
			})
		}
	}
	for _, other := range pages[1:] {
		if !maps.Equal(pages[0], other) {
			t.Error("the pages of Bulk and REST differ")
		}
	}
}

// survived reads every value back.
func survived(r *rig.Rig, values map[string]torture, replacesNUL bool) {
	r.T.Helper()
	names := []string{"Text__c", "Long__c", "Phone__c", "Whole__c", "Money__c", "Number__c", "Percent__c", "Date__c",
		"Moment__c", "Time__c"}
	types := map[string]string{"Money__c": "currency", "Number__c": "double", "Percent__c": "percent",
		"Moment__c": "datetime"}
	columns := []string{"id"}
	for _, name := range names {
		column := strings.ToLower(name)
		if name == "Moment__c" {
			column += " AT TIME ZONE 'UTC'"
		}
		columns = append(columns, column)
	}
	rows := r.Texts("torture__c", columns...)
	if len(rows) != len(values) {
		r.T.Fatalf("%d rows of %d", len(rows), len(values))
	}
	for id, v := range values {
		r.T.Run(v.thread, func(t *testing.T) { v.survived(t, names, types, rows[id], replacesNUL) })
	}
}

// survived compares one record: the value is what it was, and all others are
// NULL.
func (v torture) survived(t *testing.T, names []string, types map[string]string, row []string, replacesNUL bool) {
	for i, name := range names {
		want, got := "", row[i+1]
		if name == v.field {
			want = v.want
		}
		switch name {
		case "Moment__c":
			if got != "" {
				got = strings.Replace(got, " ", "T", 1) + "Z"
			}
		case "Time__c":
			got = strings.TrimSuffix(got, "000") // of microseconds
		default:
			want, got = rig.Plain(types[name], want), rig.Plain(types[name], got)
		}
		if replacesNUL {
			want = strings.ReplaceAll(want, "\x00", "\u2400")
		}
		if got != want {
			t.Errorf("%s of %s is %.60q, want %.60q", name, row[0], got, want)
		}
	}
}

// cells is what the stored pages say of each field of each record.
func cells(r *rig.Rig) map[string]string {
	p := r.Start(nil)
	defer p.Close()
	cells := map[string]string{}
	for info, err := range p.Stage.List(p.Ctx, "") {
		r.Must(err)
		in := page.NewReader(strings.NewReader(r.Stored(p, info.Key)))
		header, err := in.Header()
		r.Must(err)
		for {
			record, err := in.Next()
			if err == io.EOF {
				break
			}
			r.Must(err)
			for i, name := range header {
				cells[string(record[slices.Index(header, "Id")])+"."+name] = string(record[i])
			}
		}
	}
	return cells
}

// A whole number may come as 5.0: it is loaded as 5, by both movers and in both
// warehouses, and the page stays as it came. The record of one that isn't whole is kept
// out, since the warehouse would round it.
func TestPainTapSalesforce67(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 12}, nil)
	for _, postgres := range []bool{false, true} {
		for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
			t.Run(fmt.Sprintf("%s, PostgreSQL %v", mover, postgres), func(t *testing.T) {
				r := rig.New(t, org, "Account")
				if postgres {
					r.Shelf = shelfOf(t, "postgres")
				}
				r.Flows[0].Mover, r.Flows[0].Fields = mover, []string{"NumberOfEmployees"}
				id := r.IDs("Account")[5]
				r.Set(id, "NumberOfEmployees", "12345")
				r.Later(time.Hour)
				pointed := func(with string) {
					r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
						rig.Rewritten(w, req, next, func(body []byte) []byte {
							text := strings.ReplaceAll(string(body), `"12345"`, `"`+with+`"`)
							return []byte(strings.ReplaceAll(text, ":12345,", ":"+with+","))
						})
					})
				}
				pointed("12345.5")
				if o := r.Done(nil).Objects[0]; o.Rejected != 1 || strings.Contains(fmt.Sprint(o), "12345") {
					t.Errorf("%+v", o)
				}
				isNamed(r, id, "NumberOfEmployees", "unfit: no whole number", "12345.5")
				pointed("12345.0")
				r.Done(rig.Full)
				r.Between(nil)
				if got := r.Texts("account", "id", "numberofemployees"); len(got) != 12 || got[id][1] != "12345" {
					t.Errorf("%d rows, %q", len(got), got[id])
				}
			})
		}
	}
}
