package fakeorg

import (
	"encoding/base64"
	"net/http"
)

// What stands behind an object's name and two more parts of a path: either a
// record by the value of a key, or one field of a record.

// keyRow finds the one record that a key of the path leads to.
func (a *recordAPI) keyRow(c *call) (*row, error) {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return nil, err
	}
	return a.ledger.findByKey(obj, c.PathValue("id"), c.PathValue("value"))
}

// readByKey answers with a record found by its key, or with the bytes of a
// field of a record found by its Id.
func (a *recordAPI) readByKey(w http.ResponseWriter, c *call) error {
	if id, ok := fullID(c.PathValue("id")); ok {
		return a.readBytes(w, c, id)
	}
	r, err := a.keyRow(c)
	if err != nil {
		return err
	}
	return a.writeRow(w, c, r)
}

// readBytes answers with what a base64 field holds.
func (a *recordAPI) readBytes(w http.ResponseWriter, c *call, id string) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	r, ok := a.store.now().find(obj, id)
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

func (a *recordAPI) upsertByKey(w http.ResponseWriter, c *call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	given, err := givenIn(c)
	if err != nil {
		return err
	}
	var id string
	var created bool
	err = a.ledger.within(c.transaction(), func(e *edit) (err error) {
		id, created, err = e.upsert(obj, c.PathValue("id"), c.PathValue("value"), given)
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

func (a *recordAPI) deleteByKey(w http.ResponseWriter, c *call) error {
	r, err := a.keyRow(c)
	if err != nil {
		return err
	}
	return a.deleteRow(w, c, r)
}
