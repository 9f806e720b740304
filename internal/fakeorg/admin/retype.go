package admin

import (
	"slices"
	"strconv"

	"catchment/internal/fakeorg/describe"
)

// RetypeField makes the field of that name what is told. What becomes of its values
// is up to the two types.
func (s *Schema) RetypeField(object string, field Field) error {
	if err := s.retypeField(object, field); err != nil {
		return err
	}
	return s.onPerson(object, field.Name, true, func(twin string) error {
		field.Name, field.ExternalID = twin, false
		return s.retypeField("Account", field)
	})
}

func (s *Schema) retypeField(object string, field Field) error {
	to := field.describes()[0]
	obj, ok := s.ledger.Store.Catalog().Find(object)
	if !ok || obj.Slot(field.Name) < 0 || obj.Slots[obj.Slot(field.Name)].Formula != nil {
		return s.redescribe(object, to)
	}
	old := obj.Slots[obj.Slot(field.Name)]
	convert := conversion(old.Field, to)
	if convert == nil {
		return s.redescribe(object, to)
	}
	return s.ledger.Retype(object, field.Name, to, convert)
}

// conversion is what Salesforce makes of the values of a field that gets another
// type; nil where they stay as they are written. Two pages tell of it. "Considerations
// for Converting the Field Type of a Custom Field" (Salesforce Help) lists what can
// lose data; "Change Events for Custom Field Type Conversions" (Change Data Capture
// Developer Guide) says that values are set to null where the types aren't
// compatible, that others are preserved or truncated, and which are which. Neither
// says that a record's SystemModstamp moves.
func conversion(from, to *describe.Field) func(string) string {
	apart := []string{"boolean", "date", "datetime", "time", "multipicklist"}
	switch {
	case from.Type != to.Type && (slices.Contains(apart, from.Type) || slices.Contains(apart, to.Type)):
		return func(string) string { return "" }
	case isNumber(to.Type) && !isNumber(from.Type):
		return onlyNumbers
	case to.Type == "picklist" && from.Type != to.Type:
		return onlyOf(to.PicklistValues)
	case to.Length > 0 && to.Length < from.Length:
		return func(value string) string { return cut(value, to.Length) }
	}
	return nil
}

func isNumber(typ string) bool { return typ == "int" || typ == "long" || isDecimal(typ) }

// onlyNumbers keeps the texts that a number may have.
func onlyNumbers(value string) string {
	if _, err := strconv.ParseFloat(value, 64); err != nil {
		return ""
	}
	return value
}

// onlyOf keeps the values that a picklist has.
func onlyOf(choices []describe.Choice) func(string) string {
	return func(value string) string {
		if !slices.ContainsFunc(choices, func(c describe.Choice) bool { return c.Value == value }) {
			return ""
		}
		return value
	}
}

// cut shortens a text to so many characters.
func cut(value string, length int) string {
	if all := []rune(value); len(all) > length {
		return string(all[:length])
	}
	return value
}
