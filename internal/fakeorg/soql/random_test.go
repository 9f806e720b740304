package soql

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// relativeNames gives every relative date; those that count end with a colon.
func relativeNames() []string {
	return strings.Fields(`YESTERDAY TODAY TOMORROW LAST_WEEK THIS_WEEK NEXT_WEEK LAST_MONTH THIS_MONTH NEXT_MONTH
		LAST_90_DAYS NEXT_90_DAYS LAST_N_DAYS: NEXT_N_DAYS: N_DAYS_AGO: LAST_N_WEEKS: NEXT_N_WEEKS: N_WEEKS_AGO:
		LAST_N_MONTHS: NEXT_N_MONTHS: N_MONTHS_AGO: THIS_QUARTER LAST_QUARTER NEXT_QUARTER LAST_N_QUARTERS:
		NEXT_N_QUARTERS: N_QUARTERS_AGO: THIS_YEAR LAST_YEAR NEXT_YEAR LAST_N_YEARS: NEXT_N_YEARS: N_YEARS_AGO:
		THIS_FISCAL_QUARTER LAST_FISCAL_QUARTER NEXT_FISCAL_QUARTER LAST_N_FISCAL_QUARTERS: NEXT_N_FISCAL_QUARTERS:
		N_FISCAL_QUARTERS_AGO: THIS_FISCAL_YEAR LAST_FISCAL_YEAR NEXT_FISCAL_YEAR LAST_N_FISCAL_YEARS:
		NEXT_N_FISCAL_YEARS: N_FISCAL_YEARS_AGO:`)
}

// The values are few and close together, so that random comparisons meet.
var drawText = rapid.StringOfN(rapid.RuneFrom([]rune("aAbBéÉß'\"\\%_\n\r\t\u0000 ;😀")), 0, 4, -1)

var drawNumber = rapid.SampledFrom(strings.Fields(`0 -0 1 -1 10 9 1.0 1.5 -1.5 0.001 100 99999999999999999999.5 99999999999999999999.25 007`))

// drawDay stays within years of noon.
func drawDay(t *rapid.T) time.Time {
	return noon().Now.AddDate(0, 0, rapid.IntRange(-1500, 1500).Draw(t, "days")).
		Add(time.Duration(rapid.IntRange(-12, 12).Draw(t, "hours")) * time.Hour)
}

func drawID(t *rapid.T) string {
	return "00100000000000" + rapid.SampledFrom([]string{"0", "1", "A", "a", "Z", "z"}).Draw(t, "id")
}

// drawValue draws what a record may hold in a field; null now and then.
func drawValue(t *rapid.T, typ string) string {
	if rapid.IntRange(0, 4).Draw(t, "null") == 0 {
		return ""
	}
	switch typ {
	case "id", "reference":
		return drawID(t) + "AAA"
	case "int", "double", "currency", "percent":
		return drawNumber.Draw(t, "number") + rapid.SampledFrom([]string{"", "E1", "e-2", "E+0"}).Draw(t, "exponent")
	case "boolean":
		return rapid.SampledFrom([]string{"true", "false"}).Draw(t, "boolean")
	case "date":
		return drawDay(t).Format(dayLayout)
	case "datetime":
		return drawDay(t).Format(instantLayout)
	case "time":
		return drawDay(t).Format(timeLayout)
	}
	return drawText.Draw(t, "text")
}

func drawLiteral(t *rapid.T, typ string) Literal {
	l := Literal{N: -1, Kind: Null, Text: "null"}
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return l
	}
	l.Kind = String
	switch typ {
	case "id", "reference":
		l.Text = drawID(t) + rapid.SampledFrom([]string{"", "AAA"}).Draw(t, "suffix")
	case "int":
		l.Kind, l.Text = Number, rapid.SampledFrom([]string{"0", "-1", "10", "+9", "007"}).Draw(t, "int")
	case "double", "currency", "percent":
		l.Kind, l.Text = Number, drawNumber.Draw(t, "number")
		if typ == "currency" && rapid.Bool().Draw(t, "in USD") {
			l.Kind, l.Text = Currency, "USD"+strings.TrimPrefix(l.Text, "-")
		}
	case "boolean":
		l.Kind, l.Text = Boolean, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "boolean")
	case "time":
		l.Kind, l.Text = Time, drawDay(t).Format(timeLayout)
	case "date", "datetime":
		return drawDate(t, typ)
	default:
		l.Text = drawText.Draw(t, "text")
	}
	return l
}

func drawDate(t *rapid.T, typ string) Literal {
	l := Literal{N: -1}
	switch {
	case rapid.Bool().Draw(t, "relative"):
		name, counted := strings.CutSuffix(rapid.SampledFrom(relativeNames()).Draw(t, "name"), ":")
		l.Kind, l.Text = Relative, name
		if counted {
			l.N = rapid.IntRange(0, 5).Draw(t, "n")
		}
	case typ == "date":
		l.Kind, l.Text = Date, drawDay(t).Format(dayLayout)
	default:
		l.Kind, l.Text = DateTime, drawDay(t).Format(instantLayout)
	}
	return l
}

func drawComparison(t *rapid.T, fields []Field) Condition {
	f := rapid.SampledFrom(fields).Draw(t, "field")
	var ops []Op
	for _, op := range []Op{Equal, NotEqual, Less, LessOrEqual, Greater, GreaterOrEqual, In, NotIn, Like, Includes, Excludes} {
		if operates(op, kindOf(f.Type), f.Type) {
			ops = append(ops, op)
		}
	}
	c := Comparison{Left: Name{Parts: []string{f.Name}}, Op: rapid.SampledFrom(ops).Draw(t, "op")}
	values := 1
	if c.Op.takesList() {
		values = rapid.IntRange(1, 4).Draw(t, "values")
	}
	for range values {
		switch c.Op {
		case Like:
			text := rapid.StringOfN(rapid.RuneFrom([]rune("aBé%_😀\n")), 0, 5, -1).Draw(t, "pattern")
			text += rapid.SampledFrom([]string{"", `\%`, `\_`, `\\`, "%"}).Draw(t, "escape")
			c.Values = append(c.Values, Literal{Kind: Pattern, Text: text, N: -1})
		case Includes, Excludes:
			c.Values = append(c.Values, Literal{Kind: String, Text: drawText.Draw(t, "set"), N: -1})
		default:
			c.Values = append(c.Values, drawLiteral(t, f.Type))
		}
	}
	return c
}

func drawCondition(t *rapid.T, fields []Field, depth int) Condition {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 4).Draw(t, "shape")
	}
	switch shape {
	case 1:
		return Not{Term: drawCondition(t, fields, depth-1)}
	case 2, 3:
		terms := make([]Condition, rapid.IntRange(2, 3).Draw(t, "terms"))
		for i := range terms {
			terms[i] = drawCondition(t, fields, depth-1)
		}
		if shape == 2 {
			return And{Terms: terms}
		}
		return Or{Terms: terms}
	}
	return drawComparison(t, fields)
}

func drawQuery(t *rapid.T, e *Entity) *Query {
	var fields []Field
	for _, f := range e.Fields {
		if f.Filterable && kindOf(f.Type) != kindNone {
			fields = append(fields, f)
		}
	}
	name := func() Name { return Name{Parts: []string{rapid.SampledFrom(fields).Draw(t, "field").Name}} }
	q := &Query{Select: []Item{FieldItem{Name: name()}}, From: Source{Name: Name{Parts: []string{e.Name}}},
		Where: drawCondition(t, fields, 3), Limit: rapid.IntRange(-1, 3).Draw(t, "limit"), Offset: rapid.IntRange(-1, 2).Draw(t, "offset"),
		AllRows: rapid.Bool().Draw(t, "all rows")}
	q.From.Alias = rapid.SampledFrom([]string{"", "a", "view"}).Draw(t, "alias")
	q.Scope = rapid.SampledFrom([]string{"", "mine"}).Draw(t, "scope")
	q.With = rapid.SampledFrom([]string{"", "USER_MODE"}).Draw(t, "with")
	q.For = rapid.SampledFrom([][]string{nil, {"VIEW"}, {"UPDATE", "REFERENCE"}}).Draw(t, "for")
	q.Update = rapid.SampledFrom([][]string{nil, {"TRACKING"}}).Draw(t, "update")
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		q.OrderBy = append(q.OrderBy, Order{By: name(), Desc: rapid.Bool().Draw(t, "desc"),
			Nulls: rapid.SampledFrom([]Nulls{NullsDefault, NullsFirst, NullsLast}).Draw(t, "nulls")})
	}
	return q
}

// withoutPositions gives a copy of a tree in which every position is 0.
func withoutPositions(q *Query) *Query {
	out := *q
	out.text = ""
	out.From.Name.Pos = 0
	out.Select = []Item{FieldItem{Name: Name{Parts: q.Select[0].(FieldItem).Name.Parts}}}
	out.Where = conditionWithoutPositions(q.Where)
	out.OrderBy = nil
	for _, o := range q.OrderBy {
		o.By = Name{Parts: o.By.(Name).Parts}
		out.OrderBy = append(out.OrderBy, o)
	}
	return &out
}

func conditionWithoutPositions(c Condition) Condition {
	each := func(terms []Condition) (out []Condition) {
		for _, t := range terms {
			out = append(out, conditionWithoutPositions(t))
		}
		return out
	}
	switch c := c.(type) {
	case And:
		return And{Terms: each(c.Terms)}
	case Or:
		return Or{Terms: each(c.Terms)}
	case Not:
		return Not{Term: conditionWithoutPositions(c.Term)}
	}
	comparison := c.(Comparison)
	comparison.Left = Name{Parts: comparison.Left.(Name).Parts}
	values := make([]Literal, len(comparison.Values))
	for i, v := range comparison.Values {
		v.Pos = 0
		values[i] = v
	}
	comparison.Values = values
	return comparison
}

// TestRandomRoundTrip prints random trees and reads them again.
func TestRandomRoundTrip(t *testing.T) {
	account, _ := newTestSchema().Entity("Account")
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t, account)
		text := q.String()
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := withoutPositions(again); !reflect.DeepEqual(got, q) {
			t.Fatalf("%s\n got %#v\nwant %#v", text, got, q)
		}
	})
}

// TestRandomMatch holds Filter against the naive implementation.
func TestRandomMatch(t *testing.T) {
	schema := newTestSchema()
	account, _ := schema.Entity("Account")
	types := map[string]string{}
	for _, f := range account.Fields {
		types[f.Name] = f.Type
	}
	clock := noon()
	clock.Zone = time.FixedZone("", -3*3600)
	rapid.Check(t, func(t *rapid.T) {
		q := drawQuery(t, account)
		b, err := Bind(q, schema)
		if err != nil {
			t.Fatalf("%s: %v", q, err)
		}
		filter := b.Filter(clock)
		for range 20 {
			r := mapRecord{}
			for _, f := range account.Fields {
				r[f.Name] = drawValue(t, f.Type)
			}
			want := naive{types: types, record: r, clock: clock}.holds(q.Where)
			if got := filter(r); got != want {
				t.Fatalf("%s\n%v\n got %v\nwant %v", q, r, got, want)
			}
			if id := r["Id"]; want && id != "" {
				if lo, hi := b.Range("Id"); id[:15] < lo || hi != "" && id[:15] > hi {
					t.Fatalf("%s: %s matches, and is not in %s to %s", q, id, lo, hi)
				}
			}
		}
	})
}
