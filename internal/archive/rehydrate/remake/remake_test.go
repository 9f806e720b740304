package remake

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// made makes a record of one value.
func made(t *testing.T, f schema.Field, value *string, change func(*Maker)) Made {
	t.Helper()
	m := &Maker{Object: schema.Object{Fields: []schema.Field{f}},
		Table: shape.Table{Columns: []shape.Column{{Name: "c", Field: f.Name}}},
		Lead: func(_, id string) (string, Lead) {
			return strings.ToUpper(id), map[string]Lead{"here": Leads, "soon": Waits, "gone": Gone, "aside": Aside}[id]
		}}
	if change != nil {
		change(m)
	}
	return m.Make(archived.Row{ID: "old", Values: []*string{value}})
}

func TestMake(t *testing.T) {
	t.Parallel()
	text := func(s string) *string { return &s }
	field := func(name string, typ schema.Type, change func(*schema.Field)) schema.Field {
		f := schema.Field{Name: name, Type: typ, Createable: true, Nillable: true}
		if change != nil {
			change(&f)
		}
		return f
	}
	needed := func(f *schema.Field) { f.Nillable = false }
	changed := func(f *schema.Field) { f.Updateable = true }
	preset := func(f *schema.Field) { f.Defaulted = true }
	numbered := func(f *schema.Field) { f.AutoNumber = true }
	formula := func(f *schema.Field) { f.Calculated = true }
	const at = "2026-01-02T03:04:05.000Z"
	for name, test := range map[string]struct {
		field   schema.Field
		value   *string
		given   string // JSON, "" for not given
		missing Reason
		later   bool
		needs   bool
	}{
		"a text":            {field("A", schema.String, nil), text(`a "b"`), `"a \"b\""`, "", false, false},
		"nothing":           {field("A", schema.String, nil), nil, "", "", false, false},
		"no default":        {field("A", schema.String, preset), nil, "null", "", false, false},
		"a number":          {field("A", schema.Double, nil), text("-12.50"), "-12.50", "", false, false},
		"no number":         {field("A", schema.Double, nil), text("x"), "", NotAValue, false, false},
		"an empty number":   {field("A", schema.Int, nil), text(""), "", NotAValue, false, false},
		"a box":             {field("A", schema.Boolean, nil), text("true"), "true", "", false, false},
		"a moment":          {field("A", schema.DateTime, nil), text(at), `"` + at + `"`, "", false, false},
		"no day":            {field("A", schema.Date, needed), text("2026-02-30"), "", NotAValue, false, true},
		"an auto number":    {field("A", schema.String, numbered), text("1"), "", "", false, false},
		"a formula":         {field("A", schema.String, formula), text("1"), "", "", false, false},
		"a stamp":           {field("SystemModstamp", schema.DateTime, nil), text(at), "", "", false, false},
		"an audit field":    {field("CreatedById", schema.Reference, nil), text("here"), "", "", false, false},
		"a lookup":          {field("A", schema.Reference, nil), text("here"), `"HERE"`, "", false, false},
		"one that waits":    {field("A", schema.Reference, nil), text("soon"), "", "", true, false},
		"one to nothing":    {field("A", schema.Reference, nil), text("gone"), "", LeadsGone, false, false},
		"one to what isn't": {field("A", schema.Reference, nil), text("aside"), "", LeadsAside, false, false},
		"one for later":     {field("A", schema.Reference, changed), text("aside"), "", "", true, false},
		"a needed one":      {field("A", schema.Reference, needed), text("gone"), "", LeadsGone, false, true},
		"one that can't":    {field("A", schema.Reference, needed), text("soon"), "", "", false, true},
	} {
		got := made(t, test.field, test.value, nil)
		var missing Reason
		if len(got.Missing) > 0 {
			missing = got.Missing[0].Reason
		}
		if string(got.Fields[test.field.Name]) != test.given || missing != test.missing ||
			(len(got.Later) > 0) != test.later || (got.Needs != nil) != test.needs {
			t.Errorf("%s: %s, %+v", name, slices.Sorted(maps.Keys(got.Fields)), got)
		}
	}
	audited := made(t, field("CreatedById", schema.Reference, nil), text("here"), func(m *Maker) { m.Audit = true })
	keyed := made(t, field("A", schema.String, nil), nil, func(m *Maker) { m.Key = "Old__c" })
	if string(audited.Fields["CreatedById"]) != `"HERE"` || string(keyed.Fields["Old__c"]) != `"old"` {
		t.Errorf("%+v, %+v", audited, keyed)
	}
}

func TestSameValue(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		typ  schema.Type
		a, b string
		want bool
	}{
		{schema.Double, "1.50", "1.5", true}, {schema.Double, "1E2", "100", true}, {schema.Double, "1", "", false},
		{schema.DateTime, "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000+0000", true},
		{schema.DateTime, "", "", true}, {schema.DateTime, "x", "y", false},
		{schema.Reference, "001000000000001AAA", "001000000000001", true},
		{schema.Reference, "001000000000001AAA", "001000000000002AAA", false},
		{schema.String, " a\r\nb ", "a\nb", true}, {schema.String, "a", "A", false},
		{schema.Boolean, "true", "false", false},
	} {
		if SameValue(schema.Field{Type: test.typ}, test.a, test.b) != test.want {
			t.Errorf("%s %q and %q", test.typ, test.a, test.b)
		}
	}
}

// The manual has the table, line by line.
func TestManualPrintsReasons(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../../../docs/howto/archive-back.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range Reasons() {
		row := "| " + string(line.Reason) + " | " + line.What + " | " + line.Why + " |"
		if !strings.Contains(string(page), row+"\n") {
			t.Errorf("docs/howto/archive-back.md lacks\n%s", row)
		}
	}
	_, table, _ := strings.Cut(string(page), "| reason | of what | why |\n")
	if n := strings.Count(table, "\n| "); n != len(Reasons()) {
		t.Errorf("the table has %d rows, and there are %d reasons", n, len(Reasons()))
	}
}
