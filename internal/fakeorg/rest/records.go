package rest

import (
	"encoding/json"
	"net/http"
	"strings"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// Records answers about one record at a time.
type Records struct {
	store   *store.Store
	ledger  *change.Ledger
	options RecordOptions
}

// NewRecords makes Records of what a store holds.
func NewRecords(s *store.Store, l *change.Ledger, options RecordOptions) *Records {
	return &Records{s, l, options}
}

// pathRow finds the record that the path names.
func (a *Records) pathRow(c *web.Call) (*store.Row, error) {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return nil, err
	}
	given := c.PathValue("id")
	id, ok := recordid.Full(given)
	if !ok {
		if len(given) == recordid.Short || len(given) == recordid.Long {
			return nil, reply.Bad("MALFORMED_ID", "malformed id %s", given)
		}
		return nil, reply.Refuse(http.StatusNotFound, "NOT_FOUND",
			"Provided external ID field does not exist or is not accessible: %s", given)
	}
	r, ok := a.store.Now().Find(obj, id)
	if !ok && (r == nil || !r.Record.Purged || r.Unborn()) {
		if c.Method != http.MethodGet { // seen in answers to composite requests
			return nil, reply.Refuse(http.StatusNotFound, "INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
		}
		return nil, reply.NotFound()
	}
	if !ok || r.Deleted() {
		return nil, reply.Refuse(http.StatusNotFound, "ENTITY_IS_DELETED", "entity is deleted")
	}
	return r, nil
}

func (a *Records) read(w http.ResponseWriter, c *web.Call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	return a.writeRow(w, c, r)
}

// writeRow answers with the fields of a record that are asked for.
func (a *Records) writeRow(w http.ResponseWriter, c *web.Call, r *store.Row) error {
	fields := r.Object.About.Fields
	if asked := c.FormValue("fields"); asked != "" {
		var err error
		if fields, err = namedFields(r.Object, strings.Split(asked, ",")); err != nil {
			return err
		}
	}
	writeBody(w, encode.NewRecord(c.Version, fields).AppendRow(nil, r))
	return nil
}

// Routes are the ways to single records.
func (a *Records) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/sobjects/{object}": {Kind: "record", Writes: true,
			Methods: web.Methods{"GET": a.basicInfo, "POST": a.create}},
		"/sobjects/{object}/{id}": {Kind: "record", Writes: true,
			Methods: web.Methods{"GET": a.read, "PATCH": a.update, "DELETE": a.delete}},
		"/sobjects/{object}/{id}/{value}": {Kind: "record", Writes: true,
			Methods: web.Methods{"GET": a.readByKey, "PATCH": a.upsertByKey, "DELETE": a.deleteByKey}},
		"/sobjects/{object}/{id}/VersionData": {Kind: "body", Plain: true, Methods: web.Get(a.readBody("VersionData"))},
		"/sobjects/{object}/{id}/Body":        {Kind: "body", Plain: true, Methods: web.Get(a.readBody("Body"))},
		"/sobjects/{object}/{id}/body":        {Kind: "body", Plain: true, Methods: web.Get(a.readBody("Body"))},
	}
}

// namedFields finds the fields of a list of names.
func namedFields(obj *store.Object, names []string) ([]*describe.Field, error) {
	var fields []*describe.Field
	for _, name := range names {
		at := obj.Place(strings.TrimSpace(name))
		if at < 0 {
			return nil, obj.NoColumn(name)
		}
		fields = append(fields, obj.Slots[at].Field)
	}
	return fields, nil
}

// basicInfo is GET on an object itself: what describe global says, without
// what one has looked at lately.
func (a *Records) basicInfo(w http.ResponseWriter, c *web.Call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	reply.JSON(w, http.StatusOK, map[string]any{"objectDescribe": flagsOf(obj, c.Version), "recentItems": []any{}})
	return nil
}

// givenIn reads the fields that a client writes.
func givenIn(c *web.Call) (map[string]json.RawMessage, error) {
	var values map[string]json.RawMessage
	if err := c.Decode(&values); err != nil {
		return nil, err
	}
	delete(values, "attributes")
	return values, nil
}

func (a *Records) create(w http.ResponseWriter, c *web.Call) error {
	obj, err := pathObject(a.store, c)
	if err != nil {
		return err
	}
	if !obj.About.Createable {
		return reply.Refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED",
			"HTTP Method 'POST' not allowed. Allowed are GET")
	}
	given, err := a.given(c, obj)
	if err != nil {
		return err
	}
	var id string
	err = a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) (err error) {
		id, err = e.Create(obj, given)
		return err
	})
	if err != nil {
		return a.refused(given, err)
	}
	w.Header().Set("Location", "/services/data/"+c.Version+"/sobjects/"+obj.Name()+"/"+id)
	reply.JSON(w, http.StatusCreated, map[string]any{"id": id, "success": true, "errors": []any{}})
	return nil
}

func (a *Records) update(w http.ResponseWriter, c *web.Call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	given, err := a.given(c, r.Object)
	if err != nil {
		return err
	}
	err = a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) error {
		return e.Update(r.Object, r.Text(r.Object.Sys.ID), given)
	})
	if err != nil {
		return a.refused(given, err)
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *Records) delete(w http.ResponseWriter, c *web.Call) error {
	r, err := a.pathRow(c)
	if err != nil {
		return err
	}
	return a.deleteRow(w, c, r)
}

func (a *Records) deleteRow(w http.ResponseWriter, c *web.Call, r *store.Row) error {
	err := a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) error {
		return e.Delete(r.Object, r.Text(r.Object.Sys.ID))
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
