package fakeorg

import (
	"encoding/json"
	"net/http"
	"strings"
)

// recordAPI answers about one record at a time.
type recordAPI struct {
	store  *store
	ledger *ledger
}

func newRecordAPI(s *store, l *ledger) *recordAPI { return &recordAPI{s, l} }

// pathRow finds the record that the path names.
func (a *recordAPI) pathRow(c *call) (*row, error) {
	obj, err := pathObject(a.store, c)
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
	r, ok := a.store.now().find(obj, id)
	if !ok && (r == nil || !r.record.purged || r.unborn()) {
		return nil, notFound()
	}
	if !ok || r.deleted() {
		return nil, refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
	}
	return r, nil
}

func (a *recordAPI) read(w http.ResponseWriter, c *call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	return a.writeRow(w, c, r)
}

// writeRow answers with the fields of a record that are asked for.
func (a *recordAPI) writeRow(w http.ResponseWriter, c *call, r *row) error {
	fields := r.obj.about.Fields
	if asked := c.FormValue("fields"); asked != "" {
		var err error
		if fields, err = namedFields(r.obj, strings.Split(asked, ",")); err != nil {
			return err
		}
	}
	writeBody(w, newRecordWriter(c.version, fields).appendRow(nil, r))
	return nil
}

// routes are the ways to single records.
func (a *recordAPI) routes() map[string]resource {
	return map[string]resource{
		"/sobjects/{object}":              {"record", false, map[string]handler{"GET": a.basicInfo, "POST": a.create}},
		"/sobjects/{object}/{id}":         {"record", false, map[string]handler{"GET": a.read, "PATCH": a.update, "DELETE": a.delete}},
		"/sobjects/{object}/{id}/{value}": {"record", false, map[string]handler{"GET": a.readByKey, "PATCH": a.upsertByKey, "DELETE": a.deleteByKey}},
	}
}

// namedFields finds the fields of a list of names.
func namedFields(obj *object, names []string) ([]*fieldDescribe, error) {
	var fields []*fieldDescribe
	for _, name := range names {
		at := obj.place(strings.TrimSpace(name))
		if at < 0 {
			return nil, obj.noColumn(name)
		}
		fields = append(fields, obj.slots[at].fieldDescribe)
	}
	return fields, nil
}

// basicInfo is GET on an object itself: what describe global says, without
// what one has looked at lately.
func (a *recordAPI) basicInfo(w http.ResponseWriter, c *call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, map[string]any{"objectDescribe": flagsOf(obj, c.version), "recentItems": []any{}})
	return nil
}

// givenIn reads the fields that a client writes.
func givenIn(c *call) (map[string]json.RawMessage, error) {
	var values map[string]json.RawMessage
	if err := c.decode(&values); err != nil {
		return nil, err
	}
	delete(values, "attributes")
	return values, nil
}

func (a *recordAPI) create(w http.ResponseWriter, c *call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	if !obj.about.Createable {
		return refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED",
			"HTTP Method 'POST' not allowed. Allowed are GET")
	}
	given, err := givenIn(c)
	if err != nil {
		return err
	}
	var id string
	err = a.ledger.within(c.transaction(), func(e *edit) (err error) {
		id, err = e.create(obj, given)
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/services/data/"+c.version+"/sobjects/"+obj.name()+"/"+id)
	writeJSON(w, http.StatusCreated, map[string]any{"id": id, "success": true, "errors": []any{}})
	return nil
}

func (a *recordAPI) update(w http.ResponseWriter, c *call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	given, err := givenIn(c)
	if err != nil {
		return err
	}
	err = a.ledger.within(c.transaction(), func(e *edit) error { return e.update(r.obj, r.text(r.obj.sys.id), given) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *recordAPI) delete(w http.ResponseWriter, c *call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	return a.deleteRow(w, c, r)
}

func (a *recordAPI) deleteRow(w http.ResponseWriter, c *call, r *row) error {
	if !r.obj.about.Deletable {
		return refuse(http.StatusBadRequest, "INSUFFICIENT_ACCESS_OR_READONLY", "entity type cannot be deleted: %s", r.obj.name())
	}
	err := a.ledger.within(c.transaction(), func(e *edit) error { return e.remove(r.obj, r.text(r.obj.sys.id)) })
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
