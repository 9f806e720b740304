package events

import (
	"encoding/hex"
	"strconv"
)

// Told is an event as the org's own record has it, for whoever holds a client to it: with the names of fields in place
// of bitmaps, and the values that it was made of.
type Told struct {
	ID       string         `json:"id"`
	ReplayID string         `json:"replayId"` // as hexadecimal digits
	SchemaID string         `json:"schemaId"`
	Header   ToldHeader     `json:"header"`
	Fields   map[string]any `json:"fields"` // those that aren't null; a compound one is a map
}

// ToldHeader is a [Header] with names.
type ToldHeader struct {
	EntityName      string   `json:"entityName"`
	RecordIDs       []string `json:"recordIds"`
	ChangeType      string   `json:"changeType"`
	ChangeOrigin    string   `json:"changeOrigin"`
	TransactionKey  string   `json:"transactionKey"`
	SequenceNumber  int      `json:"sequenceNumber"`
	CommitTimestamp int64    `json:"commitTimestamp"`
	CommitNumber    string   `json:"commitNumber"` // too many digits for some readers of JSON
	CommitUser      string   `json:"commitUser"`
	NulledFields    []string `json:"nulledFields"`
	DiffFields      []string `json:"diffFields"`
	ChangedFields   []string `json:"changedFields"`
}

// Told lists the events that are kept, behind a position: at most so many.
func (b *Bus) Told(after uint64, most int) []Told {
	all := []Told{}
	for _, e := range b.After(after, most, func(string) bool { return true }).Events {
		all = append(all, e.told())
	}
	return all
}

func (e *Event) told() Told {
	fields := map[string]any{}
	for _, v := range e.values {
		f := e.Schema.fields[v.field]
		if v.part < 0 {
			fields[f.name] = f.kind.told(v.text)
			continue
		}
		parts, ok := fields[f.name].(map[string]any)
		if !ok {
			parts = map[string]any{}
			fields[f.name] = parts
		}
		parts[f.parts[v.part].name] = f.parts[v.part].kind.told(v.text)
	}
	return Told{
		ID: e.ID, ReplayID: hex.EncodeToString(ReplayID(e.Number)), SchemaID: e.Schema.ID, Fields: fields,
		Header: ToldHeader{
			EntityName: e.Entity, RecordIDs: e.RecordIDs, ChangeType: e.Type.String(), ChangeOrigin: e.Origin,
			TransactionKey: e.TransactionKey, SequenceNumber: e.SequenceNumber, CommitTimestamp: e.CommitTimestamp,
			CommitNumber: strconv.FormatInt(e.CommitNumber, 10), CommitUser: e.CommitUser,
			NulledFields: e.names(e.nulled), DiffFields: e.names(e.diffs), ChangedFields: e.names(e.changed),
		},
	}
}

// names are fields as people call them: BillingAddress.City.
func (e *Event) names(places []place) []string {
	names := []string{}
	for _, p := range places {
		f := e.Schema.fields[p.field]
		if p.part < 0 {
			names = append(names, f.name)
		} else {
			names = append(names, f.name+"."+f.parts[p.part].name)
		}
	}
	return names
}

// told is a value as JSON has it.
func (k kind) told(stored string) any {
	switch k {
	case text:
		return stored
	case boolean:
		return stored == "true"
	case double:
		n, err := strconv.ParseFloat(stored, 64)
		if err != nil {
			return nil
		}
		return n
	}
	n, ok := k.number(stored)
	if !ok {
		return nil
	}
	return n
}
