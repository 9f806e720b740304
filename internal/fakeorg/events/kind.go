package events

import (
	"strings"

	"catchment/internal/fakeorg/store"
)

// A kind is how a value is written in Avro.
type kind byte

const (
	text kind = iota
	boolean
	integer
	long
	double
	date      // the milliseconds since 1970
	moment    // the same
	timeOfDay // the milliseconds since midnight
)

// avro is what Avro calls the kind. None has one of Avro's logical types: dates and times are numbers whose meaning
// only the describe tells.
func (k kind) avro() string {
	switch k {
	case boolean:
		return "boolean"
	case integer:
		return "int"
	case long, date, moment, timeOfDay:
		return "long"
	case double:
		return "double"
	}
	return "string"
}

// kindOf is how values of a type of describe are written.
func kindOf(typ string) kind {
	switch typ {
	case "boolean":
		return boolean
	case "int":
		return integer
	case "long":
		return long
	case "double", "currency", "percent":
		return double
	case "date":
		return date
	case "datetime":
		return moment
	case "time":
		return timeOfDay
	}
	return text
}

// noteOf is what stands in a field's doc: the name under which Salesforce itself knows its type.
func noteOf(s store.Slot) string {
	names := map[string]string{
		"boolean": "Boolean", "int": "Integer", "long": "Long", "double": "Double", "currency": "Currency",
		"percent": "Percent", "date": "DateOnly", "datetime": "DateTime", "time": "TimeOnly", "reference": "EntityId",
		"picklist": "DynamicEnum", "multipicklist": "MultiEnum", "combobox": "DynamicEnum", "email": "Email",
		"phone": "Phone", "url": "Url", "encryptedstring": "EncryptedText", "anyType": "AnyType", "json": "Json",
	}
	name := names[s.Type]
	switch {
	case s.Type == "textarea" && s.Length > 255:
		name = "StringPlusClob"
	case s.Type == "textarea":
		name = "MultiLineText"
	case name == "":
		name = "Text"
	}
	return "Data:" + name
}

// Channel is the name of the events of an entity: AccountChangeEvent, Invoice__ChangeEvent.
func Channel(entity string) string {
	if stem, custom := strings.CutSuffix(entity, "__c"); custom {
		return stem + "__ChangeEvent"
	}
	return entity + "ChangeEvent"
}
