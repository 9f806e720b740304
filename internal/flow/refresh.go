package flow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"catchment/internal/schema"
)

// A Refresh says how often the fields are compared that change without leaving
// a stamp. The zero Refresh says nothing.
type Refresh struct {
	Every  time.Duration // Never, or how long after the last time
	At     Cron          // at its times instead
	Sample bool          // each run compares some records instead, and tells what it found
}

// Never is the Every of a flow that isn't refreshed.
const Never time.Duration = -1

func parseRefresh(s string) (Refresh, error) {
	switch s {
	case "off":
		return Refresh{Every: Never}, nil
	case "sample":
		return Refresh{Sample: true}, nil
	}
	if strings.Contains(s, " ") {
		at, err := parseCron(s, time.Hour)
		return Refresh{At: at}, err
	}
	d, err := parseDuration(s)
	if err != nil || d < time.Hour {
		return Refresh{}, fmt.Errorf("%q is not a length of time of an hour or more, as in 12h or 1d, nor times as in 0 3 * * *, nor off or sample", s)
	}
	return Refresh{Every: d}, nil
}

func (r Refresh) String() string {
	switch {
	case r.Sample:
		return "sample"
	case r.At != "":
		return string(r.At)
	case r.Every <= 0:
		return "off"
	}
	return r.Every.String()
}

// Planned tells whether all records are compared from time to time.
func (r Refresh) Planned() bool { return r.Every > 0 || r.At != "" }

// Due tells whether it is time for a refresh, seen from now. zone is the org's.
func (r Refresh) Due(last, now time.Time, zone *time.Location) bool {
	return r.Every > 0 && !now.Before(last.Add(r.Every)) || r.At.due(last, now, zone)
}

// Unstamped lists those of the fields whose values change although the record
// isn't stamped: formulas and roll-ups, which describe calls calculated, those
// that a flow names, and those that Salesforce computes without saying so.
func Unstamped(fl Flow, o schema.Object, fields []schema.Field) []schema.Field {
	var all []schema.Field
	for _, f := range fields {
		named := slices.ContainsFunc(append(computed(o.Name), fl.RefreshFields...), func(n string) bool { return strings.EqualFold(n, f.Name) })
		if f.Calculated || named {
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
