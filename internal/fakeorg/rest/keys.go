package rest

import (
	"net/http"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// What stands behind an object's name and two more parts of a path: either a
// record by the value of a key, or one field of a record.

// keyRow finds the one record that a key of the path leads to.
func (a *Records) keyRow(c *web.Call) (*store.Row, error) {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return nil, err
	}
	return a.ledger.FindByKey(obj, c.PathValue("id"), c.PathValue("value"))
}

// readByKey answers with a record found by its key, or with the bytes of a
// field of a record found by its Id.
func (a *Records) readByKey(w http.ResponseWriter, c *web.Call) error {
	if _, ok := recordid.Full(c.PathValue("id")); ok {
		return a.readBody(c.PathValue("value"))(w, c)
	}
	r, err := a.keyRow(c)
	if err != nil {
		return err
	}
	return a.writeRow(w, c, r)
}

func (a *Records) upsertByKey(w http.ResponseWriter, c *web.Call) error {
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
	err = a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) (err error) {
		id, created, err = e.Upsert(obj, c.PathValue("id"), c.PathValue("value"), given)
		return err
	})
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	reply.JSON(w, status, map[string]any{"id": id, "success": true, "errors": []any{}, "created": created})
	return nil
}

func (a *Records) deleteByKey(w http.ResponseWriter, c *web.Call) error {
	r, err := a.keyRow(c)
	if err != nil {
		return err
	}
	return a.deleteRow(w, c, r)
}
