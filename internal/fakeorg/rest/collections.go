package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// How many records one request may write and read.
const (
	mostWritten = 200
	mostRead    = 2000
)

// Collections answers about many records at once.
type Collections struct {
	store  *store.Store
	ledger *change.Ledger
}

// NewCollections makes Collections of what a store holds.
func NewCollections(s *store.Store, l *change.Ledger) *Collections { return &Collections{s, l} }

// Routes are the ways to many records.
func (a *Collections) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/composite/sobjects": {Kind: "collection", Writes: true,
			Methods: web.Methods{"POST": a.createMany, "PATCH": a.updateMany, "DELETE": a.deleteMany}},
		"/composite/sobjects/{object}": {Kind: "collection",
			Methods: web.Methods{"GET": a.readMany, "POST": a.readMany}},
		"/composite/sobjects/{object}/{field}": {Kind: "collection", Writes: true,
			Methods: web.Methods{"PATCH": a.upsertMany}},
		"/composite/tree/{object}": {Kind: "collection", Writes: true, Methods: web.Post(a.createTree)},
	}
}

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

// unsaved says why a record wasn't written. It names no Id.
func unsaved(err error) saved {
	e := saveErr{Code: "UNKNOWN_EXCEPTION", Message: reply.Reason(err), Fields: []string{}}
	if api, ok := err.(*reply.Refusal); ok {
		e.Code = api.Code
		e.Fields = append(e.Fields, api.Fields...)
	}
	return saved{Errors: []saveErr{e}}
}

// A collected record is one of a collection: its object, its Id where it has
// one, and its fields.
type collected struct {
	obj   *store.Object
	id    string
	given map[string]json.RawMessage
	err   error
}

// collection reads the records that a client sends.
func (a *Collections) collection(c *web.Call) (records []collected, allOrNone bool, err error) {
	var asked struct {
		AllOrNone bool                         `json:"allOrNone"`
		Records   []map[string]json.RawMessage `json:"records"`
	}
	if err := c.Decode(&asked); err != nil {
		return nil, false, err
	}
	if len(asked.Records) > mostWritten {
		return nil, false, tooMany(len(asked.Records))
	}
	for _, given := range asked.Records {
		records = append(records, a.collect(given))
	}
	return records, asked.AllOrNone, nil
}

func tooMany(n int) error {
	return reply.Bad("LIMIT_EXCEEDED", "The number of records, %d, exceeds the limit of %d", n, mostWritten)
}

// collect takes attributes and Id out of a record.
func (a *Collections) collect(given map[string]json.RawMessage) collected {
	var attributes struct{ Type string }
	if err := json.Unmarshal(given["attributes"], &attributes); err != nil {
		return collected{err: reply.Bad("INVALID_INPUT", "The attributes of a record must tell its type")}
	}
	r := collected{given: given}
	for key, value := range given {
		if strings.EqualFold(key, "id") {
			if err := json.Unmarshal(value, &r.id); err != nil {
				r.err = reply.Bad("MALFORMED_ID", "malformed id %s", value)
			}
			delete(given, key)
		}
	}
	delete(given, "attributes")
	obj, ok := a.store.Object(attributes.Type)
	if !ok {
		r.err = reply.Bad("INVALID_TYPE", "sObject type '%s' is not supported.", attributes.Type)
	}
	r.obj = obj
	return r
}

// saveAll does one thing to every record: each by itself, or all or none.
func (a *Collections) saveAll(
	c *web.Call, n int, allOrNone bool, save func(e *change.Edit, i int) (saved, error),
) ([]saved, error) {
	results := make([]saved, n)
	err := a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) error {
		var first error
		for i := range n {
			err := e.Try(func(e *change.Edit) (err error) {
				results[i], err = save(e, i)
				return err
			})
			if err != nil {
				results[i] = unsaved(reply.OfMany(err))
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
			results[i] = unsaved(reply.Bad("ALL_OR_NONE_OPERATION_ROLLED_BACK",
				"Record rolled back because not all records were valid and the request was using AllOrNone header"))
		}
	}
	return results, nil
}

func fineResult(id string) saved { return saved{ID: id, Success: true, Errors: []saveErr{}} }

func (a *Collections) createMany(w http.ResponseWriter, c *web.Call) error {
	return a.saveMany(w, c, func(e *change.Edit, r collected) (saved, error) {
		id, err := e.Create(r.obj, r.given)
		return fineResult(id), err
	})
}

func (a *Collections) updateMany(w http.ResponseWriter, c *web.Call) error {
	return a.saveMany(w, c, func(e *change.Edit, r collected) (saved, error) {
		full, ok := recordid.Full(r.id)
		if !ok || a.store.Catalog().IsOfAnother(r.obj, full) {
			return saved{}, reply.Bad("MALFORMED_ID",
				"%s ID: id value of incorrect type: %s", r.obj.About.Label, r.id).On("Id")
		}
		return fineResult(full), e.Update(r.obj, full, r.given)
	})
}

func (a *Collections) upsertMany(w http.ResponseWriter, c *web.Call) error {
	key := c.PathValue("field")
	return a.saveMany(w, c, func(e *change.Edit, r collected) (saved, error) {
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
		id, created, err := e.Upsert(r.obj, key, value, r.given)
		done := fineResult(id)
		done.Created = &created
		return done, err
	})
}

func (a *Collections) saveMany(
	w http.ResponseWriter, c *web.Call, save func(*change.Edit, collected) (saved, error),
) error {
	records, allOrNone, err := a.collection(c)
	if err != nil {
		return err
	}
	results, err := a.saveAll(c, len(records), allOrNone, func(e *change.Edit, i int) (saved, error) {
		if records[i].err != nil {
			return saved{}, records[i].err
		}
		if err := c.RecordFault(c.Method, records[i].obj.Name(), records[i].id); err != nil {
			return saved{ID: records[i].id}, err
		}
		return save(e, records[i])
	})
	if err != nil {
		return err
	}
	reply.JSON(w, http.StatusOK, results)
	return nil
}

func (a *Collections) deleteMany(w http.ResponseWriter, c *web.Call) error {
	ids := strings.Split(c.FormValue("ids"), ",")
	if len(ids) > mostWritten {
		return tooMany(len(ids))
	}
	allOrNone := c.FormValue("allOrNone") == "true"
	results, err := a.saveAll(c, len(ids), allOrNone, func(e *change.Edit, i int) (saved, error) {
		return fineResult(ids[i]), e.Each(ids[i:i+1], func(obj *store.Object, id string) error {
			if err := c.RecordFault(http.MethodDelete, obj.Name(), id); err != nil {
				return err
			}
			return e.Delete(obj, id)
		})
	})
	if err != nil {
		return err
	}
	reply.JSON(w, http.StatusOK, results)
	return nil
}

// readMany answers with the records of a list of Ids, null for one that isn't
// there.
func (a *Collections) readMany(w http.ResponseWriter, c *web.Call) error {
	var asked struct{ IDs, Fields []string }
	if c.Method == http.MethodGet {
		asked.IDs, asked.Fields = strings.Split(c.FormValue("ids"), ","), strings.Split(c.FormValue("fields"), ",")
	} else if err := c.Decode(&asked); err != nil {
		return err
	}
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	if len(asked.IDs) > mostRead {
		return reply.Bad("LIMIT_EXCEEDED", "The number of Ids, %d, exceeds the limit of %d", len(asked.IDs), mostRead)
	}
	fields, err := namedFields(obj, asked.Fields)
	if err != nil {
		return err
	}
	snap, rows := a.store.Now(), encode.NewRecord(c.Version, fields)
	dst := []byte{'['}
	for i, id := range asked.IDs {
		if i > 0 {
			dst = append(dst, ',')
		}
		full, _ := recordid.Full(id)
		if r, ok := snap.Find(obj, full); ok && !r.Deleted() {
			dst = rows.AppendRow(dst, r)
		} else {
			dst = append(dst, "null"...)
		}
	}
	writeBody(w, append(dst, ']'))
	return nil
}
