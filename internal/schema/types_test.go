package schema

import "testing"

func TestTypes(t *testing.T) {
	for _, c := range []struct {
		types                                  []Type
		text, number, decimal, compound, apart bool
	}{
		{types: []Type{ID, Reference, String, TextArea, Email, Phone, URL, Picklist, MultiPicklist, Combobox,
			EncryptedString, AnyType, DataCategory, MasterRecord}, text: true},
		{types: []Type{"", "a new one"}, text: true},
		{types: []Type{Boolean, Date, DateTime, Time}},
		{types: []Type{Int, Long}, number: true},
		{types: []Type{Double, Currency, Percent}, number: true, decimal: true},
		{types: []Type{Base64, JSON, ComplexValue}, text: true, apart: true},
		{types: []Type{Address, Location}, text: true, apart: true, compound: true},
	} {
		for _, typ := range c.types {
			if typ.Text() != c.text || typ.Number() != c.number || typ.Decimal() != c.decimal ||
				typ.Compound() != c.compound || typ.InBulk() == c.apart {
				t.Errorf("%s: %+v", typ, typ.traits())
			}
		}
	}
}
