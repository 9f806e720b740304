package admin

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// SetObject makes describe say otherwise of an object: by its label, where one is
// given, and by flags as it calls them. An object that isn't queryable, replicateable,
// createable, updateable or deletable is refused from then on where that is asked of it;
// of other flags describe tells, and nothing follows.
func (s *Schema) SetObject(name string, label halves.Text, flags map[string]bool) error {
	return s.reshape(name, func(next *store.Object) error {
		next.About.Label = cmp.Or(label, next.About.Label)
		return setFlags(&next.About.Flags, flags)
	})
}

// SetField makes describe say otherwise of a field: by its label and the labels of its
// picklist's values, where some are given, and by flags as it calls them. What can't be
// written, filtered, sorted or grouped is refused from then on.
func (s *Schema) SetField(object string, field Field, flags map[string]bool) error {
	return s.reshape(object, func(next *store.Object) error {
		at := next.Slot(field.Name)
		if at < 0 {
			return next.NoColumn(field.Name)
		}
		about := *next.Slots[at].Field
		next.Slots[at].Field = &about
		if err := relabel(&about, field); err != nil {
			return err
		}
		return setFlags(&about, flags)
	})
}

// relabel gives a field and the values of its picklist the labels that are told.
func relabel(f *describe.Field, told Field) error {
	f.Label = cmp.Or(told.Label, f.Label)
	f.PicklistValues = slices.Clone(f.PicklistValues)
	for value, label := range told.Labels {
		at := slices.IndexFunc(f.PicklistValues, func(c describe.Choice) bool { return c.Value == value })
		if at < 0 {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "%s has no value %q in its picklist", f.Name, value)
		}
		f.PicklistValues[at].Label = label
	}
	return nil
}

// setFlags writes flags by the names that describe has for them.
func setFlags(into any, flags map[string]bool) error {
	if len(flags) == 0 {
		return nil
	}
	text, err := json.Marshal(flags)
	if err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return reply.Bad("INVALID_ARGUMENT_TYPE", "describe has no such flag: %v", err)
	}
	return nil
}
