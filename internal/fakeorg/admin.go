package fakeorg

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
)

// The routes under /_org are the test's own way into the org: Salesforce has
// nothing of the kind, so they ask for no session.

// adminAPI does what an administrator would, or nobody.
type adminAPI struct {
	records *recordAdmin
	schema  *schemaAdmin
	clock   *Clock
	faults  *faults
	usage   *usage
	expire  func() // ends all sessions
}

func newAdminAPI(
	records *recordAdmin, schema *schemaAdmin, clock *Clock, f *faults, u *usage, expire func(),
) *adminAPI {
	return &adminAPI{records, schema, clock, f, u, expire}
}

// routes are the test's own ways in.
func (a *adminAPI) routes() map[string]resource {
	return map[string]resource{
		"/_org/undelete":          {"admin", true, post(adminTurn(a.records.Undelete))},
		"/_org/purge":             {"admin", true, post(adminTurn(a.records.Purge))},
		"/_org/clock":             {"admin", true, post(a.adminClock)},
		"/_org/expire-sessions":   {"admin", true, post(a.adminExpire)},
		"/_org/faults":            {"admin", true, map[string]handler{"GET": a.adminFaults, "POST": a.adminFault}},
		"/_org/requests":          {"admin", true, map[string]handler{"GET": a.adminRequests, "DELETE": a.adminForget}},
		"/_org/transactions":      {"admin", true, post(a.adminBegin)},
		"/_org/transactions/{id}": {"admin", true, post(a.adminEnd)},
		"/_org/records":           {"admin", true, post(a.adminRecords)},
		"/_org/schema":            {"admin", true, post(a.adminSchema)},
	}
}

// adminBody reads what was posted; an empty body is an empty object.
func adminBody(c *call, into any) error {
	err := json.NewDecoder(c.Body).Decode(into)
	if err != nil && err != io.EOF {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	return nil
}

// adminTurn does something to the records of a list.
func adminTurn(do func(ids ...string) error) handler {
	return func(w http.ResponseWriter, c *call) error {
		var list struct{ IDs []string }
		if err := adminBody(c, &list); err != nil {
			return err
		}
		if err := do(list.IDs...); err != nil {
			return err
		}
		return adminDone(w)
	}
}

func (a *adminAPI) adminClock(w http.ResponseWriter, c *call) error {
	var asked struct{ Advance string }
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	if asked.Advance != "" {
		d, err := time.ParseDuration(asked.Advance)
		if err != nil || d < 0 {
			return refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "advance must be a duration such as 90m")
		}
		a.clock.Advance(d)
	}
	writeJSON(w, http.StatusOK, map[string]string{"now": a.clock.Now().Format(bulkTime)})
	return nil
}

func (a *adminAPI) adminExpire(w http.ResponseWriter, _ *call) error {
	a.expire()
	return adminDone(w)
}

// adminFault adds the rules of a list; an empty one clears them all.
func (a *adminAPI) adminFault(w http.ResponseWriter, c *call) error {
	rules, err := ParseFaults(c.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	if len(rules) == 0 {
		a.faults.clear()
	}
	for _, rule := range rules {
		a.faults.add(rule)
	}
	return adminDone(w)
}

func (a *adminAPI) adminFaults(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, a.faults.all())
	return nil
}

func (a *adminAPI) adminRequests(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, a.usage.requests())
	return nil
}

func (a *adminAPI) adminForget(w http.ResponseWriter, _ *call) error {
	a.usage.forget()
	return adminDone(w)
}

// adminBegin begins a transaction; requests join it by the header
// Org-Transaction.
func (a *adminAPI) adminBegin(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusCreated, map[string]string{"id": a.records.Begin().ID()})
	return nil
}

func (a *adminAPI) adminEnd(w http.ResponseWriter, c *call) error {
	var asked struct{ Do string }
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	t, err := a.records.ledger.transaction(c.PathValue("id"))
	if err != nil {
		return err
	}
	switch asked.Do {
	case "commit":
		err = t.Commit()
	case "rollback":
		err = t.Rollback()
	default:
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "do must be commit or rollback")
	}
	if err != nil {
		return err
	}
	return adminDone(w)
}

// adminRecords does to records what no API of Salesforce does.
func (a *adminAPI) adminRecords(w http.ResponseWriter, c *call) error {
	var asked struct {
		Do           string
		IDs          []string
		Master       string
		Field, Value string
		Object       string
		Values       map[string]string
	}
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	turns := map[string]func(ids ...string) error{
		"undelete": a.records.Undelete, "purge": a.records.Purge, "touch": a.records.Touch, "archive": a.records.Archive,
		"hide": a.records.HideRecord, "show": a.records.ShowRecord,
		"record": func(...string) error {
			_, err := a.records.Record(asked.Object, asked.Values)
			return err
		},
		"merge": func(ids ...string) error { return a.records.Merge(asked.Master, ids...) },
		"drift": func(ids ...string) error {
			for _, id := range ids {
				if err := a.records.Drift(id, asked.Field, asked.Value); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return adminDo(w, turns, asked.Do, asked.IDs...)
}

// adminSchema changes objects and fields, or what the user sees of them.
func (a *adminAPI) adminSchema(w http.ResponseWriter, c *call) error {
	var asked struct {
		Do, Object, To, Prefix string
		Field                  Field
	}
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	object, field := asked.Object, asked.Field.Name
	changes := map[string]func(...string) error{
		"add-object":    func(...string) error { return a.schema.AddObject(object, asked.Prefix) },
		"add-standard":  func(...string) error { return a.schema.AddStandard(object) },
		"rename-object": func(...string) error { return a.schema.RenameObject(object, asked.To) },
		"delete-object": func(...string) error { return a.schema.DeleteObject(object) },
		"hide-object":   func(...string) error { return a.schema.HideObject(object) },
		"show-object":   func(...string) error { return a.schema.ShowObject(object) },
		"add-field":     func(...string) error { return a.schema.AddField(object, asked.Field) },
		"rename-field":  func(...string) error { return a.schema.RenameField(object, field, asked.To) },
		"retype-field":  func(...string) error { return a.schema.RetypeField(object, asked.Field) },
		"delete-field":  func(...string) error { return a.schema.DeleteField(object, field) },
		"hide-field":    func(...string) error { return a.schema.HideField(object, field) },
		"show-field":    func(...string) error { return a.schema.ShowField(object, field) },
		"track-history": func(...string) error { return a.schema.TrackHistory(object, field) },
	}
	return adminDo(w, changes, asked.Do)
}

// adminDo does what was asked for by its name.
func adminDo(w http.ResponseWriter, all map[string]func(...string) error, name string, ids ...string) error {
	do, ok := all[name]
	if !ok {
		return refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "do must be one of %s", strings.Join(slices.Sorted(maps.Keys(all)), ", "))
	}
	if err := do(ids...); err != nil {
		return err
	}
	return adminDone(w)
}

func adminDone(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
