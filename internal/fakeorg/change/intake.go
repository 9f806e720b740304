package change

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// An intake checks what a client gives a record of an object.
type intake struct {
	sight
	obj    *store.Object
	audits bool // the user may set audit fields of this object
	retire bool // the user may give records to owners who aren't active
	bodies *bodies.Store
}

// values checks what a client wrote and brings it into the form in which it is
// stored, by the positions of the fields.
func (in intake) values(given map[string]json.RawMessage, creating bool) (map[int]string, error) {
	obj, values := in.obj, map[int]string{}
	if in.audits {
		given = withoutIgnored(obj, given)
	}
	var locked []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		at := obj.Place(name)
		if lookup := obj.LookupOf(name); at < 0 && lookup >= 0 && strings.HasPrefix(string(given[name]), "{") {
			parent, err := in.parentByKey(obj.Slots[lookup], given[name])
			if err != nil {
				return nil, err
			}
			at, given[name] = lookup, reply.Raw(parent)
		}
		if at < 0 {
			return nil, obj.NoColumn(name)
		}
		f := obj.Slots[at].Field
		audited := in.audits && isAudit(f.Name)
		if creating && !f.Createable && !audited || !creating && !f.Updateable {
			locked = append(locked, f.Name)
			continue
		}
		value, err := in.value(f, given[name])
		if err != nil {
			return nil, err
		}
		values[at] = value
	}
	if locked != nil {
		return nil, reply.Bad("INVALID_FIELD_FOR_INSERT_UPDATE",
			"Unable to create/update fields: %s. Please check the security settings of this field and verify "+
				"that it is read/write for your profile or permission set.",
			strings.Join(locked, ", ")).On(locked...)
	}
	if creating {
		if err := in.activeOwner(values); err != nil {
			return nil, err
		}
	}
	return values, complete(obj, values, creating)
}

// complete refuses values that leave a required field empty.
func complete(o *store.Object, values map[int]string, creating bool) error {
	var missing []string
	for _, f := range o.About.Fields {
		value, given := values[o.Place(f.Name)]
		if f.Name == "Name" && values[o.Place("LastName")] != "" {
			continue // a person's name is put together from its parts
		}
		needed := f.Createable && !f.Nillable && !f.DefaultedOnCreate && f.Type != "boolean"
		if needed && value == "" && (creating || given) {
			missing = append(missing, f.Name)
		}
	}
	if missing == nil {
		return nil
	}
	return reply.Bad("REQUIRED_FIELD_MISSING",
		"Required fields are missing: [%s]", strings.Join(missing, ", ")).On(missing...)
}

// value turns one JSON value into the text that is stored: "" for null, and
// the decimal text of a number as it came.
func (in intake) value(f *describe.Field, raw json.RawMessage) (string, error) {
	if f.Type == "base64" {
		return in.body(f, raw)
	}
	text, quoted := string(raw), false
	if text == "null" {
		if f.Type == "boolean" {
			return "false", nil
		}
		return "", nil
	}
	if raw[0] == '"' {
		quoted = true
		var read halves.Text
		if err := json.Unmarshal(raw, &read); err != nil {
			return "", reply.Bad("JSON_PARSER_ERROR", "%v", err)
		}
		text = string(read)
		if text == "" && f.Type != "boolean" {
			return "", nil
		}
	}
	switch f.Type {
	case "boolean":
		if text == "true" || text == "false" {
			return text, nil
		}
	case "int", "double", "currency", "percent":
		if numberForm.MatchString(text) {
			return text, fitsNumber(f, text)
		}
	case "date":
		if day, err := time.Parse(time.DateOnly, text); err == nil && quoted {
			return text, inCalendar(f, day)
		}
	case "datetime":
		if moment, ok := orgtime.Parse(text); ok && quoted {
			return orgtime.Stamp(moment), inCalendar(f, moment)
		}
	case "reference":
		if quoted {
			return in.reference(f, text)
		}
	default:
		if quoted {
			if err := fitsPicklist(f, text); err != nil {
				return "", err
			}
			return text, fitsText(f, text)
		}
	}
	return "", reply.Bad("JSON_PARSER_ERROR",
		"Cannot deserialize instance of %s from %s value %s or request may be missing a required field", f.Type,
		tokenKind(raw), text)
}

// A number as JSON writes it; Salesforce takes it in quotes as well.
var numberForm = regexp.MustCompile(`^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$`)

// tokenKind is what Salesforce's JSON reader calls a value.
func tokenKind(raw json.RawMessage) string {
	switch raw[0] {
	case '"':
		return "VALUE_STRING"
	case 't', 'f':
		return "VALUE_BOOLEAN"
	case '{':
		return "START_OBJECT"
	case '[':
		return "START_ARRAY"
	}
	return "VALUE_NUMBER"
}

// fitsNumber refuses more digits before the point than the field has. A number
// with an exponent is taken as it is.
func fitsNumber(f *describe.Field, text string) error {
	if strings.ContainsAny(text, "eE") {
		return nil
	}
	before, _, fraction := strings.Cut(strings.TrimPrefix(text, "-"), ".")
	room := f.Precision - f.Scale
	if f.Type == "int" {
		room = f.Digits
	}
	if len(before) > room || f.Type == "int" && fraction {
		return reply.Bad("NUMBER_OUTSIDE_VALID_RANGE",
			"%s: value outside of valid range on numeric field: %s", f.Label, text).On(f.Name)
	}
	return nil
}

func fitsText(f *describe.Field, text string) error {
	if f.Length > 0 && halves.Length(text) > f.Length {
		return reply.Bad("STRING_TOO_LONG",
			"%s: data value too large: %.255s (max length=%d)", f.Label, text, f.Length).On(f.Name)
	}
	return nil
}

// fitsPicklist refuses what a restricted picklist doesn't offer.
func fitsPicklist(f *describe.Field, text string) error {
	offered := func(v describe.Choice) bool { return v.Active && v.Value == text }
	if !f.RestrictedPicklist || f.Type != "picklist" || slices.ContainsFunc(f.PicklistValues, offered) {
		return nil
	}
	return reply.Bad("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
		"%s: bad value for restricted picklist field: %s", f.Label, text).On(f.Name)
}

// inCalendar refuses years that Salesforce doesn't know.
func inCalendar(f *describe.Field, t time.Time) error {
	if t.Year() < 1700 || t.Year() > 4000 {
		return reply.Bad("INVALID_DATE", "%s: invalid date", f.Label).On(f.Name)
	}
	return nil
}

// reference checks that a lookup leads to a record of the right object.
func (in intake) reference(f *describe.Field, text string) (string, error) {
	id, ok := recordid.Full(text)
	if !ok {
		return "", reply.Bad("MALFORMED_ID", "%s: id value of incorrect type: %s", f.Label, text).On(f.Name)
	}
	target, ok := in.store.Catalog().Owner(id)
	if ok && !slices.Contains(f.ReferenceTo, target.Name()) {
		return "", reply.Bad("FIELD_INTEGRITY_EXCEPTION",
			"%s: id value of incorrect type: %s", f.Label, text).On(f.Name)
	}
	if ok {
		if r, err := in.find(target, id); err == nil && !r.Deleted() {
			return id, nil
		}
	}
	return "", reply.Bad("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id").On(f.Name)
}

// parentByKey follows a lookup that is given as {"Account": {"Key__c": "x"}}.
func (in intake) parentByKey(lookup store.Slot, raw json.RawMessage) (string, error) {
	var keys map[string]string
	if err := json.Unmarshal(raw, &keys); err != nil {
		return "", reply.Bad("JSON_PARSER_ERROR", "%s: %v", lookup.Name, err)
	}
	for name, value := range keys {
		for _, target := range lookup.ReferenceTo {
			obj, ok := in.store.Object(target)
			if !ok || obj.KeyField(name) < 0 {
				continue
			}
			if ids := in.byKey(obj, obj.KeyField(name), value); len(ids) == 1 {
				return ids[0], nil
			}
			return "", reply.Bad("INVALID_FIELD",
				"Foreign key external ID: %s not found for field %s in entity %s", value,
				name, target)
		}
	}
	return "", reply.Bad("INVALID_FIELD", "no external ID leads to %s", lookup.Name).On(lookup.Name)
}

// unique refuses a value that another record has in a field where none may.
func (in intake) unique(values map[int]string, own string) error {
	for at, value := range values {
		if value == "" || !in.obj.Slots[at].Unique {
			continue
		}
		others := slices.DeleteFunc(in.byKey(in.obj, at, value), func(id string) bool { return id == own })
		if len(others) > 0 {
			name := in.obj.Slots[at].Name
			return reply.Bad("DUPLICATE_VALUE", "duplicate value found: %s duplicates value on record with id: %s",
				name, others[0]).On(name)
		}
	}
	return nil
}
