package soql

import (
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/soql/function"
	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// distance binds DISTANCE(place, GEOLOCATION(37.775, -122.418), 'mi').
func (s *scope) distance(call syntax.Call) (scalar, *refusal.Error) {
	field, ok := call.Args[0].(syntax.Name)
	place, fixedPlace := call.Args[1].(syntax.Call)
	unit, radius := call.Args[2].(literal.Literal), 0.0
	switch {
	case !ok || !fixedPlace:
		return scalar{}, s.malformed(call.Pos, "DISTANCE takes a field, a GEOLOCATION and a unit")
	case strings.EqualFold(unit.Text, "km"):
		radius = 6371
	case strings.EqualFold(unit.Text, "mi"):
		radius = 3958.8
	default:
		return scalar{}, s.malformed(unit.Pos, "Invalid distance unit: %s. Valid unit: 'mi', 'km'", unit.Text)
	}
	latitude, longitude, err := s.coordinates(field)
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
func (s *scope) coordinates(n syntax.Name) (latitude, longitude *Path, err *refusal.Error) {
	path, err := s.path(n)
	if err != nil {
		return nil, nil, err
	}
	before, after := strings.TrimSuffix(path.Field.Name, "Address"), ""
	switch path.Field.Type {
	case "location":
		before, after = strings.TrimSuffix(path.Field.Name, "c"), "__s"
	case "address":
	default:
		return nil, nil, s.refuse(n.Pos, refusal.InvalidField,
			"field '%s' is not a location: DISTANCE can't be used with it", path.Field.Name)
	}
	part := func(name string) (*Path, *refusal.Error) {
		parts := append(slices.Clone(n.Parts[:len(n.Parts)-1]), before+name+after)
		return s.path(syntax.Name{Parts: parts, Pos: n.Pos})
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
