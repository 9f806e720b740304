package soql

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/syntax"
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

var drawNumber = rapid.SampledFrom(
	strings.Fields(`0 -0 1 -1 10 9 1.0 1.5 -1.5 0.001 100 99999999999999999999.5 99999999999999999999.25 007`))

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
		return drawDay(t).Format(literal.DayLayout)
	case "datetime":
		return drawDay(t).Format(literal.InstantLayout)
	case "time":
		return drawDay(t).Format(literal.TimeLayout)
	}
	return drawText.Draw(t, "text")
}

func drawLiteral(t *rapid.T, typ string) literal.Literal {
	l := literal.Literal{N: -1, Kind: literal.Null, Text: "null"}
	if rapid.IntRange(0, 9).Draw(t, "null") == 0 {
		return l
	}
	l.Kind = literal.String
	switch typ {
	case "id", "reference":
		l.Text = drawID(t) + rapid.SampledFrom([]string{"", "AAA"}).Draw(t, "suffix")
	case "int":
		l.Kind, l.Text = literal.Number, rapid.SampledFrom([]string{"0", "-1", "10", "+9", "007"}).Draw(t, "int")
	case "double", "currency", "percent":
		l.Kind, l.Text = literal.Number, drawNumber.Draw(t, "number")
		if typ == "currency" && rapid.Bool().Draw(t, "in USD") {
			l.Kind, l.Text = literal.Currency, "USD"+strings.TrimPrefix(l.Text, "-")
		}
	case "boolean":
		l.Kind, l.Text = literal.Boolean, rapid.SampledFrom([]string{"true", "false"}).Draw(t, "boolean")
	case "time":
		l.Kind, l.Text = literal.Time, drawDay(t).Format(literal.TimeLayout)
	case "date", "datetime":
		return drawDate(t, typ)
	default:
		l.Text = drawText.Draw(t, "text")
	}
	return l
}

func drawDate(t *rapid.T, typ string) literal.Literal {
	l := literal.Literal{N: -1}
	switch {
	case rapid.Bool().Draw(t, "relative"):
		name, counted := strings.CutSuffix(rapid.SampledFrom(relativeNames()).Draw(t, "name"), ":")
		l.Kind, l.Text = literal.Relative, name
		if counted {
			l.N = rapid.IntRange(0, 5).Draw(t, "n")
		}
	case typ == "date":
		l.Kind, l.Text = literal.Date, drawDay(t).Format(literal.DayLayout)
	default:
		l.Kind, l.Text = literal.DateTime, drawDay(t).Format(literal.InstantLayout)
	}
	return l
}

func drawComparison(t *rapid.T, fields []Field) syntax.Condition {
	f := rapid.SampledFrom(fields).Draw(t, "field")
	var ops []syntax.Op
	for _, op := range []syntax.Op{
		syntax.Equal, syntax.NotEqual, syntax.Less, syntax.LessOrEqual, syntax.Greater, syntax.GreaterOrEqual,
		syntax.In, syntax.NotIn, syntax.Like, syntax.Includes, syntax.Excludes,
	} {
		if operates(op, kindOf(f.Type), f.Type) {
			ops = append(ops, op)
		}
	}
	c := syntax.Comparison{Left: syntax.Name{Parts: []string{f.Name}}, Op: rapid.SampledFrom(ops).Draw(t, "op")}
	values := 1
	if c.Op.TakesList() {
		values = rapid.IntRange(1, 4).Draw(t, "values")
	}
	for range values {
		switch c.Op {
		case syntax.Like:
			text := rapid.StringOfN(rapid.RuneFrom([]rune("aBé%_😀\n")), 0, 5, -1).Draw(t, "pattern")
			text += rapid.SampledFrom([]string{"", `\%`, `\_`, `\\`, "%"}).Draw(t, "escape")
			c.Values = append(c.Values, literal.Literal{Kind: literal.Pattern, Text: text, N: -1})
		case syntax.Includes, syntax.Excludes:
			c.Values = append(c.Values, literal.Literal{Kind: literal.String, Text: drawText.Draw(t, "set"), N: -1})
		default:
			c.Values = append(c.Values, drawLiteral(t, f.Type))
		}
	}
	return c
}

func drawCondition(t *rapid.T, fields []Field, depth int) syntax.Condition {
	shape := 0
	if depth > 0 {
		shape = rapid.IntRange(0, 4).Draw(t, "shape")
	}
	switch shape {
	case 1:
		return syntax.Not{Term: drawCondition(t, fields, depth-1)}
	case 2, 3:
		terms := make([]syntax.Condition, rapid.IntRange(2, 3).Draw(t, "terms"))
		for i := range terms {
			terms[i] = drawCondition(t, fields, depth-1)
		}
		if shape == 2 {
			return syntax.And{Terms: terms}
		}
		return syntax.Or{Terms: terms}
	}
	return drawComparison(t, fields)
}

func drawQuery(t *rapid.T, e *Entity) *syntax.Query {
	var fields []Field
	for _, f := range e.Fields {
		if f.Filterable && kindOf(f.Type) != kindNone {
			fields = append(fields, f)
		}
	}
	name := func() syntax.Name {
		return syntax.Name{Parts: []string{rapid.SampledFrom(fields).Draw(t, "field").Name}}
	}
	q := &syntax.Query{
		Select:  []syntax.Item{syntax.FieldItem{Name: name()}},
		From:    syntax.Source{Name: syntax.Name{Parts: []string{e.Name}}},
		Where:   drawCondition(t, fields, 3),
		Limit:   rapid.IntRange(-1, 3).Draw(t, "limit"),
		Offset:  rapid.IntRange(-1, 2).Draw(t, "offset"),
		AllRows: rapid.Bool().Draw(t, "all rows"),
	}
	q.From.Alias = rapid.SampledFrom([]string{"", "a", "view"}).Draw(t, "alias")
	q.Scope = rapid.SampledFrom([]string{"", "mine"}).Draw(t, "scope")
	q.With = rapid.SampledFrom([]string{"", "USER_MODE"}).Draw(t, "with")
	q.For = rapid.SampledFrom([][]string{nil, {"VIEW"}, {"UPDATE", "REFERENCE"}}).Draw(t, "for")
	q.Update = rapid.SampledFrom([][]string{nil, {"TRACKING"}}).Draw(t, "update")
	nulls := []syntax.Nulls{syntax.NullsDefault, syntax.NullsFirst, syntax.NullsLast}
	for range rapid.IntRange(0, 2).Draw(t, "orders") {
		q.OrderBy = append(q.OrderBy, syntax.Order{By: name(), Desc: rapid.Bool().Draw(t, "desc"),
			Nulls: rapid.SampledFrom(nulls).Draw(t, "nulls")})
	}
	return q
}

// drawName draws a dotted name, whether it leads anywhere or not.
func drawName(t *rapid.T) syntax.Name {
	part := rapid.SampledFrom([]string{"Id", "Name", "Owner", "a", "Account"})
	return syntax.Name{Parts: rapid.SliceOfN(part, 1, 3).Draw(t, "name")}
}

// drawCall draws a function of some names.
func drawCall(t *rapid.T) syntax.Call {
	call := func(function string, args ...syntax.Expr) syntax.Call {
		return syntax.Call{Function: function, Args: args}
	}
	value := func(kind literal.Kind, text string) literal.Literal {
		return literal.Literal{Kind: kind, Text: text, N: -1}
	}
	switch rapid.IntRange(0, 4).Draw(t, "call") {
	case 0:
		return call("FORMAT", call("MAX", drawName(t)))
	case 1:
		return call("DAY_ONLY", call("convertTimezone", drawName(t)))
	case 2:
		place := call("GEOLOCATION", value(literal.Number, "37.5"), value(literal.Number, "-122"))
		return call("DISTANCE", drawName(t), place, value(literal.String, "mi"))
	}
	return call(rapid.SampledFrom([]string{"COUNT", "toLabel", "GROUPING"}).Draw(t, "function"), drawName(t))
}

// drawItem draws an entry of the select list that isn't a query.
func drawItem(t *rapid.T) syntax.Item {
	alias := rapid.SampledFrom([]string{"", "n", "max"})
	switch rapid.IntRange(0, 2).Draw(t, "item") {
	case 0:
		return syntax.CallItem{Call: drawCall(t), Alias: alias.Draw(t, "alias")}
	case 1:
		when := syntax.TypeofCase{Object: "Account", Fields: []syntax.Name{drawName(t), drawName(t)}}
		return syntax.TypeofItem{Relationship: drawName(t), Cases: []syntax.TypeofCase{when},
			Else: []syntax.Name{drawName(t)}}
	}
	return syntax.FieldItem{Name: drawName(t), Alias: alias.Draw(t, "alias")}
}

// drawAnything draws a statement with everything that can stand in one,
// whether it makes sense or not.
func drawAnything(t *rapid.T, e *Entity, depth int) *syntax.Query {
	q := drawQuery(t, e)
	for range rapid.IntRange(0, 3).Draw(t, "more items") {
		item := drawItem(t)
		if depth > 0 && rapid.IntRange(0, 3).Draw(t, "nested") == 0 {
			item = syntax.QueryItem{Query: drawAnything(t, e, depth-1)}
		}
		q.Select = append(q.Select, item)
	}
	if rapid.Bool().Draw(t, "parents") {
		q.Parents = []syntax.Source{{Name: drawName(t), Alias: "p"}, {Name: drawName(t)}}
	}
	if rapid.Bool().Draw(t, "groups") {
		five := literal.Literal{Kind: literal.Number, Text: "5", N: -1}
		q.GroupBy = []syntax.Expr{drawName(t), drawCall(t)}
		q.Subtotals = rapid.SampledFrom([]string{"", "ROLLUP", "CUBE"}).Draw(t, "subtotals")
		q.Having = syntax.Comparison{Left: drawCall(t), Op: syntax.Less, Values: []literal.Literal{five}}
		q.OrderBy = append(q.OrderBy, syntax.Order{By: drawCall(t), Desc: true})
	}
	if depth > 0 && rapid.Bool().Draw(t, "join") {
		join := syntax.Comparison{Left: drawName(t), Op: syntax.NotIn, Query: drawAnything(t, e, depth-1)}
		q.Where = syntax.And{Terms: []syntax.Condition{q.Where, join}}
	}
	if q.With == "" && rapid.Bool().Draw(t, "categories") {
		q.Categories = []syntax.Category{
			{Group: "g__c", Selector: "AT", Names: []string{"a__c", "b__c"}},
			{Group: "h__c", Selector: "BELOW", Names: []string{"c__c"}},
		}
	}
	return q
}

// withoutPositions gives a copy of a tree in which every position is 0.
func withoutPositions(v reflect.Value) reflect.Value {
	out := reflect.New(v.Type()).Elem()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return out
		}
		inner := withoutPositions(v.Elem())
		if v.Kind() == reflect.Interface {
			out.Set(inner)
			return out
		}
		out.Set(reflect.New(v.Type().Elem()))
		out.Elem().Set(inner)
	case reflect.Slice:
		if v.IsNil() {
			return out
		}
		out.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
		for i := range v.Len() {
			out.Index(i).Set(withoutPositions(v.Index(i)))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() && f.Name != "Pos" {
				out.Field(i).Set(withoutPositions(v.Field(i)))
			}
		}
	default:
		out.Set(v)
	}
	return out
}

// TestRandomRoundTrip prints random trees and reads them again.
func TestRandomRoundTrip(t *testing.T) {
	account, _ := newTestSchema().Entity("Account")
	rapid.Check(t, func(t *rapid.T) {
		q := drawAnything(t, account, 2)
		text := q.String()
		again, err := syntax.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if got := withoutPositions(reflect.ValueOf(again)).Interface(); !reflect.DeepEqual(got, q) {
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
