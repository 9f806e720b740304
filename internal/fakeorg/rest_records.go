package fakeorg

import (
	"encoding/json"
	"net/http"
	"strings"
)

// pathRow finds the record that the path names.
func (o *Org) pathRow(c *call) (*row, error) {
	obj, err := o.pathObject(c)
	if err != nil {
		return nil, err
	}
	given := c.PathValue("id")
	id, ok := fullID(given)
	if !ok {
		if len(given) == shortID || len(given) == longID {
			return nil, refuse(http.StatusBadRequest, "MALFORMED_ID", "malformed id %s", given)
		}
		return nil, refuse(http.StatusNotFound, "NOT_FOUND",
			"Provided external ID field does not exist or is not accessible: %s", given)
	}
	r, ok := o.now().find(obj, id)
	if !ok && (r == nil || !r.record.purged || r.record == absent) {
		return nil, notFound()
	}
	if !ok || r.deleted() {
		return nil, refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
	}
	return r, nil
}

func (o *Org) read(w http.ResponseWriter, c *call) error {
	r, err := o.pathRow(c)
	if err != nil {
		return err
	}
	return o.writeRow(w, c, r)
}

// writeRow answers with the fields of a record that are asked for.
func (o *Org) writeRow(w http.ResponseWriter, c *call, r *row) error {
	fields := r.obj.about.Fields
	if asked := c.FormValue("fields"); asked != "" {
		var err error
		if fields, err = r.obj.named(strings.Split(asked, ",")); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	_, _ = w.Write(newRecordWriter(c.version, fields).appendRow(nil, r))
	return nil
}

// decode reads a JSON body.
func (c *call) decode(into any) error {
	if err := json.NewDecoder(c.Body).Decode(into); err != nil {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	return nil
}

// body reads the fields that a client writes.
func (c *call) body() (map[string]json.RawMessage, error) {
	var values map[string]json.RawMessage
	if err := c.decode(&values); err != nil {
		return nil, err
	}
	delete(values, "attributes")
	return values, nil
}

func (o *Org) create(w http.ResponseWriter, c *call) error {
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	if !obj.about.Createable {
		return refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED",
			"HTTP Method 'POST' not allowed. Allowed are GET")
	}
	given, err := c.body()
	if err != nil {
		return err
	}
	var id string
	err = o.within(c, func(t *Transaction) (err error) {
		id, err = t.create(obj, given)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/services/data/"+c.version+"/sobjects/"+obj.name()+"/"+id)
	writeJSON(w, http.StatusCreated, map[string]any{"id": id, "success": true, "errors": []any{}})
	return nil
}

func (o *Org) update(w http.ResponseWriter, c *call) error {
	r, err := o.pathRow(c)
	if err != nil {
		return err
	}
	given, err := c.body()
	if err != nil {
		return err
	}
	err = o.within(c, func(t *Transaction) error { return t.update(r.obj, r.text(r.obj.sys.id), given) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (o *Org) delete(w http.ResponseWriter, c *call) error {
	r, err := o.pathRow(c)
	if err != nil {
		return err
	}
	return o.deleteRow(w, c, r)
}

func (o *Org) deleteRow(w http.ResponseWriter, c *call, r *row) error {
	if !r.obj.about.Deletable {
		return refuse(http.StatusBadRequest, "INSUFFICIENT_ACCESS_OR_READONLY", "entity type cannot be deleted: %s", r.obj.name())
	}
	err := o.within(c, func(t *Transaction) error { return t.remove(r.obj, r.text(r.obj.sys.id)) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// within makes a change in the transaction that the call names, or at once.
func (o *Org) within(c *call, do func(*Transaction) error) error {
	id := c.Header.Get("Org-Transaction")
	if id == "" {
		return o.write(do)
	}
	t, err := o.transaction(id)
	if err != nil {
		return err
	}
	return t.do(do)
}

// transaction finds an open transaction.
func (o *Org) transaction(id string) (*Transaction, error) {
	o.writing.Lock()
	defer o.writing.Unlock()
	for _, t := range o.open {
		if t.id == id {
			return t, nil
		}
	}
	return nil, refuse(http.StatusNotFound, "NOT_FOUND", "no such open transaction: %s", id)
}
