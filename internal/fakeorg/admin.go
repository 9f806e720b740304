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

func (o *Org) adminRoutes() map[string]resource {
	return map[string]resource{
		"/_org/undelete":          {"admin", true, post(adminTurn(o.Undelete))},
		"/_org/purge":             {"admin", true, post(adminTurn(o.Purge))},
		"/_org/clock":             {"admin", true, post(o.adminClock)},
		"/_org/expire-sessions":   {"admin", true, post(o.adminExpire)},
		"/_org/faults":            {"admin", true, map[string]handler{"GET": o.adminFaults, "POST": o.adminFault}},
		"/_org/requests":          {"admin", true, map[string]handler{"GET": o.adminRequests, "DELETE": o.adminForget}},
		"/_org/transactions":      {"admin", true, post(o.adminBegin)},
		"/_org/transactions/{id}": {"admin", true, post(o.adminEnd)},
		"/_org/records":           {"admin", true, post(o.adminRecords)},
		"/_org/schema":            {"admin", true, post(o.adminSchema)},
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

func (o *Org) adminClock(w http.ResponseWriter, c *call) error {
	var asked struct{ Advance string }
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	if asked.Advance != "" {
		d, err := time.ParseDuration(asked.Advance)
		if err != nil || d < 0 {
			return refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "advance must be a duration such as 90m")
		}
		o.clock.Advance(d)
	}
	writeJSON(w, http.StatusOK, map[string]string{"now": o.clock.Now().Format(bulkTime)})
	return nil
}

func (o *Org) adminExpire(w http.ResponseWriter, _ *call) error {
	o.ExpireSessions()
	return adminDone(w)
}

// adminFault adds the rules of a list; an empty one clears them all.
func (o *Org) adminFault(w http.ResponseWriter, c *call) error {
	rules, err := ParseFaults(c.Body)
	if err != nil {
		return refuse(http.StatusBadRequest, "JSON_PARSER_ERROR", "%v", err)
	}
	if len(rules) == 0 {
		o.ClearFaults()
	}
	for _, rule := range rules {
		o.Fault(rule)
	}
	return adminDone(w)
}

func (o *Org) adminFaults(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, o.Faults())
	return nil
}

func (o *Org) adminRequests(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, o.Requests())
	return nil
}

func (o *Org) adminForget(w http.ResponseWriter, _ *call) error {
	o.ForgetRequests()
	return adminDone(w)
}

// adminBegin begins a transaction; requests join it by the header
// Org-Transaction.
func (o *Org) adminBegin(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusCreated, map[string]string{"id": o.Begin().ID()})
	return nil
}

func (o *Org) adminEnd(w http.ResponseWriter, c *call) error {
	var asked struct{ Do string }
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	t, err := o.transaction(c.PathValue("id"))
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
func (o *Org) adminRecords(w http.ResponseWriter, c *call) error {
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
		"undelete": o.Undelete, "purge": o.Purge, "touch": o.Touch, "archive": o.Archive,
		"hide": o.HideRecord, "show": o.ShowRecord,
		"record": func(...string) error {
			_, err := o.Record(asked.Object, asked.Values)
			return err
		},
		"merge": func(ids ...string) error { return o.Merge(asked.Master, ids...) },
		"drift": func(ids ...string) error {
			for _, id := range ids {
				if err := o.Drift(id, asked.Field, asked.Value); err != nil {
					return err
				}
			}
			return nil
		},
	}
	return adminDo(w, turns, asked.Do, asked.IDs...)
}

// adminSchema changes objects and fields, or what the user sees of them.
func (o *Org) adminSchema(w http.ResponseWriter, c *call) error {
	var asked struct {
		Do, Object, To, Prefix string
		Field                  Field
	}
	if err := adminBody(c, &asked); err != nil {
		return err
	}
	object, field := asked.Object, asked.Field.Name
	changes := map[string]func(...string) error{
		"add-object":    func(...string) error { return o.AddObject(object, asked.Prefix) },
		"add-standard":  func(...string) error { return o.AddStandard(object) },
		"rename-object": func(...string) error { return o.RenameObject(object, asked.To) },
		"delete-object": func(...string) error { return o.DeleteObject(object) },
		"hide-object":   func(...string) error { return o.HideObject(object) },
		"show-object":   func(...string) error { return o.ShowObject(object) },
		"add-field":     func(...string) error { return o.AddField(object, asked.Field) },
		"rename-field":  func(...string) error { return o.RenameField(object, field, asked.To) },
		"retype-field":  func(...string) error { return o.RetypeField(object, asked.Field) },
		"delete-field":  func(...string) error { return o.DeleteField(object, field) },
		"hide-field":    func(...string) error { return o.HideField(object, field) },
		"show-field":    func(...string) error { return o.ShowField(object, field) },
		"track-history": func(...string) error { return o.TrackHistory(object, field) },
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
