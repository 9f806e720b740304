package admin

import (
	"cmp"
	"strings"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/store"
)

// A Field says what a field is to be. Only Name and Type are needed.
type Field struct {
	Name       string      `json:"name"`
	Type       string      `json:"type"`      // as describe has it: string, currency, reference, location, ...
	Length     int         `json:"length"`    // of a text; 255
	Precision  int         `json:"precision"` // digits of a number in all; 18
	Scale      int         `json:"scale"`     // those of them that stand behind the point
	References []string    `json:"references"`
	Values     []string    `json:"values"` // of a picklist, which then takes no others
	Label      halves.Text `json:"label"`  // what the user reads; made of the name
	// Labels are what the user reads for a value of a picklist, where it isn't the value.
	Labels     map[string]halves.Text `json:"labels"`
	Required   bool                   `json:"required"`
	ExternalID bool                   `json:"externalId"`
	Cascade    bool                   `json:"cascade"`  // a lookup: records go with their parent
	Restrict   bool                   `json:"restrict"` // a lookup: the parent can't be deleted before them

	// Formula is a path to a parent's field, such as Account__r.Industry. The
	// field shows what that holds, whenever it is read, and leaves no stamp.
	Formula string `json:"formula"`
}

// describes turns a Field into fields as describe has them: a geolocation is
// three.
func (f Field) describes() []*describe.Field {
	if f.Type == "location" {
		stem := strings.TrimSuffix(f.Name, "__c")
		var all []*describe.Field
		for _, part := range [...]string{stem + "__Latitude__s", stem + "__Longitude__s"} {
			d := describe.NewField(part, "double", 18).DigitsAfter(15).Part(f.Name)
			d.Precision = 18
			all = append(all, d)
		}
		return append(all, describe.NewField(f.Name, "location", 0))
	}
	size := cmp.Or(f.Length, 255)
	if isDecimal(f.Type) {
		size = cmp.Or(f.Precision, 18)
	}
	d := describe.NewField(f.Name, f.Type, size).DigitsAfter(f.Scale)
	if f.Type == "reference" {
		d = describe.NewLookup(f.Name, f.References...)
		d.CascadeDelete, d.RestrictedDelete = f.Cascade, f.Restrict
	}
	d.Nillable = d.Nillable && !f.Required
	if f.ExternalID {
		d.ExternalId, d.IDLookup, d.Unique = true, true, true
	}
	d.Label = cmp.Or(f.Label, d.Label)
	for _, value := range f.Values {
		label := cmp.Or(f.Labels[value], halves.Text(value))
		d.PicklistValues = append(d.PicklistValues, describe.Choice{Active: true, Label: label, Value: value})
		d.RestrictedPicklist = true
	}
	if f.Formula != "" {
		d.Calculated, d.CalculatedFormula = true, &f.Formula
		d.Createable, d.Updateable = false, false
	}
	return []*describe.Field{d}
}

func isDecimal(typ string) bool { return typ == "currency" || typ == "double" || typ == "percent" }

func (f Field) slots() []store.Slot {
	var all []store.Slot
	for _, d := range f.describes() {
		s := store.Slot{Field: d}
		if f.Formula != "" {
			s.Formula = strings.Split(f.Formula, ".")
		}
		all = append(all, s)
	}
	return all
}
