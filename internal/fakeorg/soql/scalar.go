package soql

import (
	"slices"
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

// value gives the value of a scalar in the form that its kind compares.
func (s scalar) value(r Record, k kind, now Clock) string {
	if s.read != nil {
		return s.read(r, now)
	}
	return k.value(r, s.path)
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
func (s *scope) scalar(e syntax.Expr) (scalar, *refusal.Error) {
	call, ok := e.(syntax.Call)
	if !ok {
		path, err := s.path(e.(syntax.Name))
		return scalar{path: path}, err
	}
	switch call.Family() {
	case function.Date:
		return s.datePart(call)
	case function.Shown:
		return s.shown(call)
	case function.Distance:
		return s.distance(call)
	}
	return scalar{}, s.malformed(call.Pos, "the function %s can not be used here", call.Function)
}

// result makes the path of what a call computes: a field without a place.
func result(c syntax.Call, describe string) *Path {
	return &Path{Field: Field{Name: c.String(), Type: describe, Filterable: true, Sortable: true, Groupable: true}}
}

// datePart binds a date function, which counts in UTC unless convertTimezone
// asks for the user's zone.
func (s *scope) datePart(call syntax.Call) (scalar, *refusal.Error) {
	arg, local := call.Args[0], false
	if zone, ok := arg.(syntax.Call); ok {
		arg, local = zone.Args[0], true
	}
	path, err := s.path(arg.(syntax.Name))
	if err != nil {
		return scalar{}, err
	}
	k := kindOf(path.Field.Type)
	clockOnly := local || call.Function == "HOUR_IN_DAY" || call.Function == "DAY_ONLY"
	if k != kindDateTime && (k != kindDate || clockOnly) {
		return scalar{}, s.refuse(arg.Position(), refusal.InvalidField,
			"field '%s' of type %s can not be used with the function %s",
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
func (s *scope) shown(call syntax.Call) (scalar, *refusal.Error) {
	inner, err := s.scalar(call.Args[0])
	if err != nil {
		return scalar{}, err
	}
	return s.showing(call, inner)
}

// showing gives the form that a function gives to a value.
func (s *scope) showing(call syntax.Call, inner scalar) (scalar, *refusal.Error) {
	field := inner.path.Field
	k := kindOf(field.Type)
	refused := s.refuse(call.Args[0].Position(), refusal.InvalidField,
		"field '%s' of type %s can not be used with the function %s", call.Args[0], field.Type, call.Function)
	out := *inner.path
	value := func(r Record, now Clock) string { return inner.value(r, k, now) }
	switch call.Function {
	case "toLabel":
		if !slices.Contains([]string{"picklist", "multipicklist", "combobox", "string"}, field.Type) {
			return scalar{}, refused
		}
		return scalar{path: &out, read: func(r Record, now Clock) string {
			return function.Labels(field.Labels, value(r, now))
		}}, nil
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
	return scalar{path: &out, read: func(r Record, now Clock) string {
		return localized(value(r, now), field.Type, now)
	}}, nil
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
