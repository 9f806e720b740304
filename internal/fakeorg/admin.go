package fakeorg

import (
	"encoding/json"
	"io"
	"net/http"
	"time"
)

// The routes under /_org are the test's own way into the org: Salesforce has
// nothing of the kind, so they ask for no session.

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
	var rules []Rule
	if err := adminBody(c, &rules); err != nil {
		return err
	}
	if len(rules) == 0 {
		o.ClearFaults()
	}
	for _, rule := range rules {
		o.Fault(rule)
	}
	return adminDone(w)
}

func (o *Org) adminRequests(w http.ResponseWriter, _ *call) error {
	writeJSON(w, http.StatusOK, o.Requests())
	return nil
}

func adminDone(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
