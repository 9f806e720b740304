package soql

import "time"

// A Record gives the values of one record in canonical text, as a Bulk CSV
// cell holds them: "" is null, booleans are true and false, datetimes look
// like 2026-01-02T03:04:05.000Z, decimals are text.
type Record interface {
	// Value gives the field at the end of p; "" too where a relationship of p
	// leads nowhere.
	Value(p *Path) string
}

// A Clock is what relative dates are measured against. A week starts on
// Sunday, as in the locale en_US; a fiscal year starts in January.
type Clock struct {
	Now  time.Time
	Zone *time.Location // of the user who asks; nil is UTC
}

// local gives t in the zone of the user.
func (c Clock) local(t time.Time) time.Time {
	if c.Zone == nil {
		return t.UTC()
	}
	return t.In(c.Zone)
}
