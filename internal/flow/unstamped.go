package flow

import (
	"slices"
	"strings"

	"catchment/internal/schema"
)

// Unstamped lists those of the fields whose values change although the record
// isn't stamped: formulas and roll-ups, which describe calls calculated, those
// that a flow names, and those that Salesforce computes without saying so.
func Unstamped(fl Flow, o schema.Object, fields []schema.Field) []schema.Field {
	var all []schema.Field
	for _, f := range fields {
		is := func(name string) bool { return strings.EqualFold(name, f.Name) }
		if f.Calculated || slices.ContainsFunc(computed(o.Name), is) || slices.ContainsFunc(fl.RefreshFields, is) {
			all = append(all, f)
		}
	}
	return all
}

// computed are fields that describe doesn't call calculated, and that behave so
// all the same (estuary/connectors#3414).
func computed(object string) []string {
	if strings.EqualFold(object, "ContractLineItem") {
		return []string{"Status"}
	}
	return nil
}
