package soql

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// A reading is the value that a function makes of a record.
type reading func(r Record, now Clock) string

// A scalar is a bound expression over one record.
type scalar struct {
	path *Path
	read reading // nil where the field itself is meant
}

// fixed is a Record with one value only: what a function has made of the real
// record, in the place of it.
type fixed string

// Value implements Record.
func (f fixed) Value(*Path) string { return string(f) }

// computed holds what a function makes of a record against a value.
type computed struct {
	read reading
	term predicate
}

func (p computed) match(r Record, now Clock) bool { return p.term.match(fixed(p.read(r, now)), now) }

// scalar binds a name, or a function that isn't an aggregate.
func (b *binder) scalar(e syntax.Expr) (scalar, *refusal.Error) {
	call, ok := e.(syntax.Call)
	if !ok {
		path, err := b.path(e.(syntax.Name))
		return scalar{path: path}, err
	}
	switch call.Family() {
	case function.Date:
		return b.datePart(call)
	case function.Shown:
		return b.shown(call)
	case function.Distance:
		return b.distance(call)
	}
	return scalar{}, b.refuse(call.Pos, refusal.MalformedQuery, "the function %s can not be used here", call.Function)
}

// result makes the path of what a call computes: a field without a place.
func result(c syntax.Call, describe string) *Path {
	return &Path{Field: Field{Name: c.String(), Type: describe, Filterable: true, Sortable: true, Groupable: true}}
}

// datePart binds a date function, which counts in UTC unless convertTimezone
// asks for the user's zone.
func (b *binder) datePart(call syntax.Call) (scalar, *refusal.Error) {
	arg, local := call.Args[0], false
	if zone, ok := arg.(syntax.Call); ok {
		arg, local = zone.Args[0], true
	}
	path, err := b.path(arg.(syntax.Name))
	if err != nil {
		return scalar{}, err
	}
	k := kindOf(path.Field.Type)
	clockOnly := local || call.Function == "HOUR_IN_DAY" || call.Function == "DAY_ONLY"
	if k != kindDateTime && (k != kindDate || clockOnly) {
		return scalar{}, b.refuse(arg.Position(), refusal.InvalidField, "field '%s' of type %s can not be used with the function %s",
			path.Field.Name, path.Field.Type, call.Function)
	}
	out := result(call, "int")
	if call.Function == "DAY_ONLY" {
		out = result(call, "date")
	}
	return scalar{path: out, read: func(r Record, now Clock) string {
		t, ok := readMoment(k.value(r, path))
		if !ok {
			return ""
		}
		if local {
			t = now.local(t)
		}
		return function.PartOf(t, call.Function)
	}}, nil
}

// readMoment reads the canonical text of a date or a datetime.
func readMoment(v string) (time.Time, bool) {
	if t, err := time.Parse(literal.DayLayout, v); err == nil {
		return t, true
	}
	return literal.ReadInstant(v)
}

// shown binds toLabel, FORMAT and convertCurrency of a field, perhaps in one
// another.
func (b *binder) shown(call syntax.Call) (scalar, *refusal.Error) {
	inner, err := b.scalar(call.Args[0])
	if err != nil {
		return scalar{}, err
	}
	return b.showing(call, inner)
}

// showing gives the form that a function gives to a value.
func (b *binder) showing(call syntax.Call, inner scalar) (scalar, *refusal.Error) {
	field := inner.path.Field
	k := kindOf(field.Type)
	refused := b.refuse(call.Args[0].Position(), refusal.InvalidField, "field '%s' of type %s can not be used with the function %s",
		call.Args[0], field.Type, call.Function)
	out := *inner.path
	value := func(r Record, now Clock) string {
		if inner.read != nil {
			return inner.read(r, now)
		}
		return k.value(r, inner.path)
	}
	switch call.Function {
	case "toLabel":
		if !slices.Contains([]string{"picklist", "multipicklist", "combobox", "string"}, field.Type) {
			return scalar{}, refused
		}
		return scalar{path: &out, read: func(r Record, now Clock) string { return function.Labels(field.Labels, value(r, now)) }}, nil
	case "convertCurrency":
		if field.Type != "currency" {
			return scalar{}, refused
		}
		return scalar{path: &out, read: value}, nil // an org with one currency has no rates to convert by
	}
	if k == kindNone || k == kindBoolean || k == kindID {
		return scalar{}, refused
	}
	out.Field.Type = "string"
	return scalar{path: &out, read: func(r Record, now Clock) string { return localized(value(r, now), field.Type, now) }}, nil
}

// localized writes a value as the locale en_US does.
func localized(v, describe string, now Clock) string {
	switch kindOf(describe) {
	case kindInteger, kindDecimal:
		if describe == "currency" && v != "" {
			return "USD " + function.Thousands(v)
		}
		return function.Thousands(v)
	case kindDate:
		if t, ok := readMoment(v); ok {
			return t.Format("1/2/2006")
		}
	case kindDateTime:
		if t, ok := readMoment(v); ok {
			return now.local(t).Format("1/2/2006 3:04 PM")
		}
	case kindTime:
		if t, err := time.Parse(literal.TimeLayout, v); err == nil {
			return t.Format("3:04 PM")
		}
	}
	return v
}

// distance binds DISTANCE(place, GEOLOCATION(37.775, -122.418), 'mi').
func (b *binder) distance(call syntax.Call) (scalar, *refusal.Error) {
	field, ok := call.Args[0].(syntax.Name)
	place, fixedPlace := call.Args[1].(syntax.Call)
	unit, radius := call.Args[2].(literal.Literal), 0.0
	switch {
	case !ok || !fixedPlace:
		return scalar{}, b.refuse(call.Pos, refusal.MalformedQuery, "DISTANCE takes a field, a GEOLOCATION and a unit")
	case strings.EqualFold(unit.Text, "km"):
		radius = 6371
	case strings.EqualFold(unit.Text, "mi"):
		radius = 3958.8
	default:
		return scalar{}, b.refuse(unit.Pos, refusal.MalformedQuery, "Invalid distance unit: %s. Valid unit: 'mi', 'km'", unit.Text)
	}
	latitude, longitude, err := b.coordinates(field)
	if err != nil {
		return scalar{}, err
	}
	there := [2]float64{degrees(place.Args[0].String()), degrees(place.Args[1].String())}
	return scalar{path: result(call, "double"), read: func(r Record, _ Clock) string {
		x, y := r.Value(latitude), r.Value(longitude)
		if x == "" || y == "" {
			return ""
		}
		return strconv.FormatFloat(radius*function.Angle([2]float64{degrees(x), degrees(y)}, there), 'f', -1, 64)
	}}, nil
}

// coordinates finds the components of a compound field: BillingLatitude of
// BillingAddress, Place__Latitude__s of Place__c.
func (b *binder) coordinates(n syntax.Name) (latitude, longitude *Path, err *refusal.Error) {
	path, err := b.path(n)
	if err != nil {
		return nil, nil, err
	}
	before, after := strings.TrimSuffix(path.Field.Name, "Address"), ""
	switch path.Field.Type {
	case "location":
		before, after = strings.TrimSuffix(path.Field.Name, "c"), "__s"
	case "address":
	default:
		return nil, nil, b.refuse(n.Pos, refusal.InvalidField, "field '%s' is not a location: DISTANCE can't be used with it", path.Field.Name)
	}
	part := func(name string) (*Path, *refusal.Error) {
		parts := append(slices.Clone(n.Parts[:len(n.Parts)-1]), before+name+after)
		return b.path(syntax.Name{Parts: parts, Pos: n.Pos})
	}
	if latitude, err = part("Latitude"); err != nil {
		return nil, nil, err
	}
	longitude, err = part("Longitude")
	return latitude, longitude, err
}

// degrees reads a coordinate; the store and the parser hold only numbers.
func degrees(v string) float64 {
	f, _ := strconv.ParseFloat(v, 64)
	return f
}
