package flow

import (
	"slices"
	"strings"

	"catchment/internal/schema"
)

// Unstamped lists those of the fields whose values change although the record
// isn't stamped: formulas and roll-ups, which describe calls calculated, those
// that a flow names, and those that Salesforce sets without saying so.
func Unstamped(fl Flow, o schema.Object, fields []schema.Field) []schema.Field {
	var all []schema.Field
	for _, f := range fields {
		is := func(name string) bool { return strings.EqualFold(name, f.Name) }
		if f.Calculated || slices.ContainsFunc(quiet(o.Name), is) || slices.ContainsFunc(fl.RefreshFields, is) {
			all = append(all, f)
		}
	}
	return all
}

// quiet are fields that describe doesn't call calculated, and that behave so all
// the same (estuary/connectors#3414). Salesforce archives activities by itself.
func quiet(object string) []string {
	switch strings.ToLower(object) {
	case "contractlineitem":
		return []string{"Status"}
	case "event", "task":
		return []string{"IsArchived"}
	}
	return nil
}
