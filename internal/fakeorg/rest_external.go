package fakeorg

import (
	"encoding/base64"
	"net/http"
)

// What stands behind an object's name and two more parts of a path: either a
// record by the value of a key, or one field of a record.

// keyRow finds the one record that a key of the path leads to.
func (o *Org) keyRow(c *call) (*row, error) {
	obj, err := o.pathObject(c)
	if err != nil {
		return nil, err
	}
	key, value := c.PathValue("id"), c.PathValue("value")
	at := obj.keyField(key)
	if at < 0 {
		return nil, refuse(http.StatusNotFound, "NOT_FOUND", "Provided external ID field does not exist or is not accessible: %s", key)
	}
	t := o.newTransaction()
	ids := t.byKey(obj, at, value)
	switch {
	case len(ids) == 0:
		return nil, notFound()
	case len(ids) > 1:
		return nil, ambiguous(key, ids)
	}
	return t.find(obj, ids[0])
}

// ambiguous refuses a key that several records have.
func ambiguous(key string, ids []string) error {
	return refuse(http.StatusMultipleChoices, "DUPLICATE_EXTERNAL_ID", "%s: more than one record found for external id field: %v", key, ids)
}

// readByKey answers with a record found by its key, or with the bytes of a
// field of a record found by its Id.
func (o *Org) readByKey(w http.ResponseWriter, c *call) error {
	if id, ok := fullID(c.PathValue("id")); ok {
		return o.readBytes(w, c, id)
	}
	r, err := o.keyRow(c)
	if err != nil {
		return err
	}
	return o.writeRow(w, c, r)
}

// readBytes answers with what a base64 field holds.
func (o *Org) readBytes(w http.ResponseWriter, c *call, id string) error {
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	r, ok := o.now().find(obj, id)
	at := obj.place(c.PathValue("value"))
	if !ok || r.deleted() || at < 0 || obj.slots[at].Type != "base64" {
		return notFound()
	}
	content, err := base64.StdEncoding.DecodeString(r.text(at))
	if err != nil {
		return refuse(http.StatusInternalServerError, "UNKNOWN_EXCEPTION", "%s holds no base64", obj.slots[at].Name)
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	_, _ = w.Write(content) // a broken connection is the client's to notice
	return nil
}

func (o *Org) upsertByKey(w http.ResponseWriter, c *call) error {
	obj, err := o.pathObject(c)
	if err != nil {
		return err
	}
	given, err := c.body()
	if err != nil {
		return err
	}
	var id string
	var created bool
	err = o.within(c, func(t *Transaction) (err error) {
		id, created, err = t.upsert(obj, c.PathValue("id"), c.PathValue("value"), given)
		return err
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	writeJSON(w, status, map[string]any{"id": id, "success": true, "errors": []any{}, "created": created})
	return nil
}

func (o *Org) deleteByKey(w http.ResponseWriter, c *call) error {
	r, err := o.keyRow(c)
	if err != nil {
		return err
	}
	return o.deleteRow(w, c, r)
}
