package fakeorg

import (
	"encoding/json"
	"net/http"
	"strings"
)

// How many records one request may write and read.
const (
	mostWritten = 200
	mostRead    = 2000
)

// A saved is what became of one record of a collection.
type saved struct {
	ID      string    `json:"id,omitempty"`
	Success bool      `json:"success"`
	Errors  []saveErr `json:"errors"`
	Created *bool     `json:"created,omitempty"`
}

type saveErr struct {
	Code    string   `json:"statusCode"`
	Message string   `json:"message"`
	Fields  []string `json:"fields"`
}

// unsaved says why a record wasn't written.
func unsaved(id string, err error) saved {
	e := saveErr{Code: "UNKNOWN_EXCEPTION", Message: reason(err), Fields: []string{}}
	if api, ok := err.(*apiError); ok {
		e.Code = api.Code
		e.Fields = append(e.Fields, api.Fields...)
	}
	return saved{ID: id, Errors: []saveErr{e}}
}

// A collected record is one of a collection: its object, its Id where it has
// one, and its fields.
type collected struct {
	obj   *object
	id    string
	given map[string]json.RawMessage
	err   error
}

// collection reads the records that a client sends.
func (o *Org) collection(c *call) (records []collected, allOrNone bool, err error) {
	var asked struct {
		AllOrNone bool                         `json:"allOrNone"`
		Records   []map[string]json.RawMessage `json:"records"`
	}
	if err := c.decode(&asked); err != nil {
		return nil, false, err
	}
	if len(asked.Records) > mostWritten {
		return nil, false, tooMany(len(asked.Records))
	}
	for _, given := range asked.Records {
		records = append(records, o.collect(given))
	}
	return records, asked.AllOrNone, nil
}

func tooMany(n int) error {
	return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "The number of records, %d, exceeds the limit of %d", n, mostWritten)
}

// collect takes attributes and Id out of a record.
func (o *Org) collect(given map[string]json.RawMessage) collected {
	var attributes struct{ Type string }
	if err := json.Unmarshal(given["attributes"], &attributes); err != nil {
		return collected{err: refuse(http.StatusBadRequest, "INVALID_INPUT", "The attributes of a record must tell its type")}
	}
	r := collected{given: given}
	for key, value := range given {
		if strings.EqualFold(key, "id") {
			if err := json.Unmarshal(value, &r.id); err != nil {
				r.err = refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", value)
			}
			delete(given, key)
		}
	}
	delete(given, "attributes")
	obj, ok := o.object(attributes.Type)
	if !ok {
		r.err = refuse(http.StatusBadRequest, "INVALID_TYPE", "sObject type '%s' is not supported.", attributes.Type)
	}
	r.obj = obj
	return r
}

// saveAll does one thing to every record: each by itself, or all or none.
func (o *Org) saveAll(c *call, n int, allOrNone bool, save func(t *Transaction, i int) (saved, error)) ([]saved, error) {
	results := make([]saved, n)
	err := o.within(c, func(t *Transaction) error {
		var first error
		for i := range n {
			err := t.try(func(t *Transaction) (err error) {
				results[i], err = save(t, i)
				return err
			})
			if err != nil {
				results[i] = unsaved(results[i].ID, err)
				first = err
			}
		}
		if allOrNone {
			return first
		}
		return nil
	})
	if err == nil || !allOrNone {
		return results, err
	}
	for i := range results {
		if results[i].Success {
			results[i] = unsaved("", refuse(http.StatusBadRequest, "ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid and the request was using AllOrNone header"))
		}
	}
	return results, nil
}

func fineResult(id string) saved { return saved{ID: id, Success: true, Errors: []saveErr{}} }

func (o *Org) createMany(w http.ResponseWriter, c *call) error {
	return o.saveMany(w, c, func(t *Transaction, r collected) (saved, error) {
		id, err := t.create(r.obj, r.given)
		return fineResult(id), err
	})
}

func (o *Org) updateMany(w http.ResponseWriter, c *call) error {
	return o.saveMany(w, c, func(t *Transaction, r collected) (saved, error) {
		full, ok := fullID(r.id)
		if !ok {
			return saved{}, refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", r.id)
		}
		return fineResult(full), t.update(r.obj, full, r.given)
	})
}

func (o *Org) upsertMany(w http.ResponseWriter, c *call) error {
	key := c.PathValue("field")
	return o.saveMany(w, c, func(t *Transaction, r collected) (saved, error) {
		var value string
		for name, raw := range r.given {
			if strings.EqualFold(name, key) {
				value = strings.Trim(string(raw), `"`)
				delete(r.given, name)
			}
		}
		if strings.EqualFold(key, "Id") {
			value = r.id
		}
		id, created, err := t.upsert(r.obj, key, value, r.given)
		done := fineResult(id)
		done.Created = &created
		return done, err
	})
}

func (o *Org) saveMany(w http.ResponseWriter, c *call, save func(*Transaction, collected) (saved, error)) error {
	records, allOrNone, err := o.collection(c)
	if err != nil {
		return err
	}
	results, err := o.saveAll(c, len(records), allOrNone, func(t *Transaction, i int) (saved, error) {
		if records[i].err != nil {
			return saved{}, records[i].err
		}
		return save(t, records[i])
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, results)
	return nil
}

func (o *Org) deleteMany(w http.ResponseWriter, c *call) error {
	ids := strings.Split(c.FormValue("ids"), ",")
	if len(ids) > mostWritten {
		return tooMany(len(ids))
	}
	results, err := o.saveAll(c, len(ids), c.FormValue("allOrNone") == "true", func(t *Transaction, i int) (saved, error) {
		return fineResult(ids[i]), t.each(ids[i:i+1], t.remove)
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, results)
	return nil
}

// readMany answers with the records of a list of Ids, null for one that isn't
// there.
func (o *Org) readMany(w http.ResponseWriter, c *call) error {
	var asked struct{ IDs, Fields []string }
	if c.Method == http.MethodGet {
		asked.IDs, asked.Fields = strings.Split(c.FormValue("ids"), ","), strings.Split(c.FormValue("fields"), ",")
	} else if err := c.decode(&asked); err != nil {
		return err
	}
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	if len(asked.IDs) > mostRead {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "The number of Ids, %d, exceeds the limit of %d", len(asked.IDs), mostRead)
	}
	fields, err := obj.named(asked.Fields)
	if err != nil {
		return err
	}
	snap, rows := o.now(), newRecordWriter(c.version, fields)
	dst := []byte{'['}
	for i, id := range asked.IDs {
		if i > 0 {
			dst = append(dst, ',')
		}
		full, _ := fullID(id)
		if r, ok := snap.find(obj, full); ok && !r.deleted() {
			dst = rows.appendRow(dst, r)
		} else {
			dst = append(dst, "null"...)
		}
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(append(dst, ']')) // a broken connection is the client's to notice
	return nil
}

// named finds the fields of a list of names.
func (o *object) named(names []string) ([]*fieldDescribe, error) {
	var fields []*fieldDescribe
	for _, name := range names {
		at := o.place(strings.TrimSpace(name))
		if at < 0 {
			return nil, noColumn(name, o)
		}
		fields = append(fields, o.slots[at].fieldDescribe)
	}
	return fields, nil
}
