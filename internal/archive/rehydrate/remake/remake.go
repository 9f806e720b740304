// Package remake makes of an archived row what a new record is to be given, and says which of its fields can't
// come back. It asks nobody: where lookups lead to, its caller knows.
//
// Start at Maker.Make. missing.go is the table of what can't come back.
package remake

import (
	"encoding/json"
	"strings"

	"catchment/internal/salesforce/write"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// A Lead is where a lookup leads by now.
type Lead string

// The leads.
const (
	Leads Lead = "leads" // to a record that is there
	Waits Lead = "waits" // to one that is yet to come back
	Gone  Lead = "gone"  // to nothing
	Aside Lead = "aside" // to one that was to come back, and didn't
)

// A Maker makes records of one object.
type Maker struct {
	Object schema.Object
	Table  shape.Table
	Audit  bool                                        // audit fields are given along
	Key    string                                      // the field that takes the old Id; "" for none
	Omit   map[string]Reason                           // further fields that aren't given, by their names in lower case
	Lead   func(field, id string) (now string, _ Lead) // where a lookup leads
}

// A Made is what a new record is to be given.
type Made struct {
	Fields  write.Fields
	Missing []Missing         // what it isn't given for reasons of its own, and not for those of Cant
	Later   map[string]string // lookups to fill once what they lead to is there: its old Id by the field
	Waits   []string          // the old Ids that it needs before it can be made at all
	Needs   *Missing          // what it can't be made without, and which can't be had
}

// Value finds what a row holds of a field, nil for nothing.
func (m *Maker) Value(row archived.Row, field string) *string {
	for i, c := range m.Table.Columns {
		if strings.EqualFold(c.Field, field) && i < len(row.Values) {
			return row.Values[i]
		}
	}
	return nil
}

// Make makes of a row what a new record is to be given.
func (m *Maker) Make(row archived.Row) Made {
	made := Made{Fields: write.Fields{}, Later: map[string]string{}}
	fields := m.Object.Index()
	for i, c := range m.Table.Columns {
		f, ok := fields.Field(c.Field)
		if !ok || i >= len(row.Values) {
			continue
		}
		if value := row.Values[i]; value == nil {
			m.leaveEmpty(&made, f)
		} else if m.Cant(f) == "" {
			m.give(&made, f, *value)
		}
	}
	if m.Key != "" {
		made.Fields[m.Key] = quoted(row.ID)
	}
	return made
}

// leaveEmpty keeps a field without a value from getting one by default.
func (m *Maker) leaveEmpty(made *Made, f schema.Field) {
	if f.Createable && f.Nillable && f.Defaulted && m.Cant(f) == "" {
		made.Fields[f.Name] = json.RawMessage("null")
	}
}

// Cant says why no record can be given a field at all, or "".
func (m *Maker) Cant(f schema.Field) Reason {
	if why, omitted := m.Omit[strings.ToLower(f.Name)]; omitted {
		return why
	}
	switch {
	case strings.EqualFold(f.Name, "Id"):
		return OtherID
	case strings.EqualFold(f.Name, "SystemModstamp"):
		return Stamp
	case IsAudit(f.Name):
		if m.Audit {
			return ""
		}
		return Audit
	case f.AutoNumber:
		return AutoNumber
	case f.Calculated:
		return Calculated
	case !f.Createable, f.Type.Compound(), f.Type == schema.Base64:
		return ByOrg
	}
	return ""
}

// IsAudit tells whether a field says who made or changed a record, and when.
func IsAudit(field string) bool {
	switch strings.ToLower(field) {
	case "createddate", "createdbyid", "lastmodifieddate", "lastmodifiedbyid":
		return true
	}
	return false
}

// Needed tells whether a record can't be made without a field.
func Needed(f schema.Field) bool {
	return f.Createable && !f.Nillable && !f.Defaulted && f.Type != schema.Boolean
}

// give gives a record the value of a field.
func (m *Maker) give(made *Made, f schema.Field, value string) {
	if f.Type == schema.Reference {
		m.lead(made, f, value)
		return
	}
	raw, ok := valueOf(f.Type, value)
	if ok {
		made.Fields[f.Name] = raw
		return
	}
	made.lacks(f, NotAValue)
}

// lead has a lookup lead where what it led to is now.
func (m *Maker) lead(made *Made, f schema.Field, old string) {
	now, lead := m.Lead(f.Name, old)
	switch lead {
	case Leads:
		made.Fields[f.Name] = quoted(now)
	case Gone:
		made.lacks(f, LeadsGone)
	case Aside:
		if Needed(f) || !f.Updateable {
			made.lacks(f, LeadsAside)
		} else {
			made.Later[f.Name] = old // once somebody brings that back
		}
	case Waits:
		if made.Waits = append(made.Waits, old); Needed(f) {
			made.Needs = &Missing{f.Name, Fixed}
		} else {
			made.Later[f.Name] = old
		}
	}
}

// lacks notes that a field has no value, and that there is no record without one.
func (m *Made) lacks(f schema.Field, why Reason) {
	one := Missing{f.Name, why}
	m.Missing = append(m.Missing, one)
	if Needed(f) {
		m.Needs = &one
	}
}

// Without takes a field out that the org refuses. Who may not write audit fields may not write those of any record.
func (m *Made) Without(field string, why Reason) {
	delete(m.Fields, field)
	if why != Audit {
		m.Missing = append(m.Missing, Missing{field, why})
	}
}
