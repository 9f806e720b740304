// Package admin does with an org what Salesforce has no API for: by methods of
// [Records] and [Schema], and over HTTP under /_org/.
package admin

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"time"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/halves"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/usage"
	"catchment/internal/fakeorg/web"
)

// The routes under /_org are the test's own way into the org: Salesforce has
// nothing of the kind, so they ask for no session. A [Guard] stands before them.

// Server does what an administrator would, or nobody.
type Server struct {
	Records *Records
	Schema  *Schema
	Clock   *orgtime.Clock
	Faults  *faults.Rules
	Usage   *usage.Meter
	Expire  func() // ends all sessions
}

// Routes are the test's own ways in.
func (a *Server) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/_org/undelete":        {Kind: web.Admin, Open: true, Methods: web.Post(turn(a.Records.Undelete))},
		"/_org/purge":           {Kind: web.Admin, Open: true, Methods: web.Post(turn(a.Records.Purge))},
		"/_org/clock":           {Kind: web.Admin, Open: true, Methods: web.Post(a.advance)},
		"/_org/expire-sessions": {Kind: web.Admin, Open: true, Methods: web.Post(a.expireSessions)},
		"/_org/faults": {Kind: web.Admin, Open: true,
			Methods: web.Methods{"GET": a.listFaults, "POST": a.addFaults}},
		"/_org/requests": {Kind: web.Admin, Open: true,
			Methods: web.Methods{"GET": a.requests, "DELETE": a.forget}},
		"/_org/writes":            {Kind: web.Admin, Open: true, Methods: web.Get(a.writes)},
		"/_org/triggers":          {Kind: web.Admin, Open: true, Methods: web.Post(a.setTriggers)},
		"/_org/transactions":      {Kind: web.Admin, Open: true, Methods: web.Post(a.begin)},
		"/_org/transactions/{id}": {Kind: web.Admin, Open: true, Methods: web.Post(a.end)},
		"/_org/records":           {Kind: web.Admin, Open: true, Methods: web.Post(a.changeRecords)},
		"/_org/schema":            {Kind: web.Admin, Open: true, Methods: web.Post(a.changeSchema)},
	}
}

// readBody reads what was posted; an empty body is an empty object.
func readBody(c *web.Call, into any) error {
	err := json.NewDecoder(c.Body).Decode(into)
	if err != nil && err != io.EOF {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	return nil
}

// turn does something to the records of a list.
func turn(do func(ids ...string) error) web.Handler {
	return func(w http.ResponseWriter, c *web.Call) error {
		var list struct{ IDs []string }
		if err := readBody(c, &list); err != nil {
			return err
		}
		if err := do(list.IDs...); err != nil {
			return err
		}
		return done(w)
	}
}

func (a *Server) advance(w http.ResponseWriter, c *web.Call) error {
	var asked struct{ Advance string }
	if err := readBody(c, &asked); err != nil {
		return err
	}
	if asked.Advance != "" {
		d, err := time.ParseDuration(asked.Advance)
		if err != nil || d < 0 {
			return reply.Bad("INVALID_ARGUMENT_TYPE", "advance must be a duration such as 90m")
		}
		a.Clock.Advance(d)
	}
	reply.JSON(w, http.StatusOK, map[string]string{"now": a.Clock.Now().Format(orgtime.BulkLayout)})
	return nil
}

func (a *Server) expireSessions(w http.ResponseWriter, _ *web.Call) error {
	a.Expire()
	return done(w)
}

// addFaults adds the rules of a list; an empty one clears them all.
func (a *Server) addFaults(w http.ResponseWriter, c *web.Call) error {
	rules, err := faults.Parse(c.Body)
	if err != nil {
		return reply.Bad("JSON_PARSER_ERROR", "%v", err)
	}
	if len(rules) == 0 {
		a.Faults.Clear()
	}
	for _, rule := range rules {
		a.Faults.Add(rule)
	}
	return done(w)
}

func (a *Server) listFaults(w http.ResponseWriter, _ *web.Call) error {
	reply.JSON(w, http.StatusOK, a.Faults.All())
	return nil
}

// requests tells how many requests of each kind there were, and names what was asked for
// in vain.
func (a *Server) requests(w http.ResponseWriter, _ *web.Call) error {
	counts := map[string]int{}
	maps.Copy(counts, a.Usage.Requests())
	for path, n := range a.Usage.Unknown() {
		counts[web.Unknown+" "+path] = n
	}
	reply.JSON(w, http.StatusOK, counts)
	return nil
}

// writes tells how many requests there were to change records, by what they were.
func (a *Server) writes(w http.ResponseWriter, _ *web.Call) error {
	counts := map[string]int{}
	maps.Copy(counts, a.Usage.Writes())
	reply.JSON(w, http.StatusOK, counts)
	return nil
}

func (a *Server) forget(w http.ResponseWriter, _ *web.Call) error {
	a.Usage.Forget()
	return done(w)
}

// setTriggers puts the triggers of a list in the place of all that there are.
func (a *Server) setTriggers(w http.ResponseWriter, c *web.Call) error {
	var all []change.Trigger
	if err := readBody(c, &all); err != nil {
		return err
	}
	if err := a.Records.SetTriggers(all...); err != nil {
		return err
	}
	return done(w)
}

// begin begins a transaction; requests join it by the header
// Org-Transaction.
func (a *Server) begin(w http.ResponseWriter, _ *web.Call) error {
	reply.JSON(w, http.StatusCreated, map[string]string{"id": a.Records.Begin().ID()})
	return nil
}

func (a *Server) end(w http.ResponseWriter, c *web.Call) error {
	var asked struct{ Do string }
	if err := readBody(c, &asked); err != nil {
		return err
	}
	t, err := a.Records.ledger.Transaction(c.PathValue("id"))
	if err != nil {
		return err
	}
	switch asked.Do {
	case "commit":
		err = t.Commit()
	case "rollback":
		err = t.Rollback()
	default:
		return reply.Bad("INVALID_ARGUMENT_TYPE", "do must be commit or rollback")
	}
	if err != nil {
		return err
	}
	return done(w)
}

// changeRecords does to records what no API of Salesforce does.
func (a *Server) changeRecords(w http.ResponseWriter, c *web.Call) error {
	var asked asked
	if err := readBody(c, &asked); err != nil {
		return err
	}
	if err := a.Records.do(asked); err != nil {
		return err
	}
	return done(w)
}

// changeSchema changes objects and fields, or what the user sees of them.
func (a *Server) changeSchema(w http.ResponseWriter, c *web.Call) error {
	var asked struct {
		Do, Object, To, Prefix string
		Field                  Field
		Label                  halves.Text
		Flags                  map[string]bool
	}
	if err := readBody(c, &asked); err != nil {
		return err
	}
	object, field := asked.Object, asked.Field.Name
	changes := map[string]func(...string) error{
		"add-object":    func(...string) error { return a.Schema.AddObject(object, asked.Prefix) },
		"add-standard":  func(...string) error { return a.Schema.AddStandard(object) },
		"rename-object": func(...string) error { return a.Schema.RenameObject(object, asked.To) },
		"delete-object": func(...string) error { return a.Schema.DeleteObject(object) },
		"hide-object":   func(...string) error { return a.Schema.HideObject(object) },
		"show-object":   func(...string) error { return a.Schema.ShowObject(object) },
		"add-field":     func(...string) error { return a.Schema.AddField(object, asked.Field) },
		"rename-field":  func(...string) error { return a.Schema.RenameField(object, field, asked.To) },
		"retype-field":  func(...string) error { return a.Schema.RetypeField(object, asked.Field) },
		"delete-field":  func(...string) error { return a.Schema.DeleteField(object, field) },
		"hide-field":    func(...string) error { return a.Schema.HideField(object, field) },
		"show-field":    func(...string) error { return a.Schema.ShowField(object, field) },
		"set-object":    func(...string) error { return a.Schema.SetObject(object, asked.Label, asked.Flags) },
		"set-field":     func(...string) error { return a.Schema.SetField(object, asked.Field, asked.Flags) },
		"track-history": func(...string) error { return a.Schema.TrackHistory(object, field) },
	}
	return doNamed(w, changes, asked.Do)
}

// doNamed does what was asked for by its name, and answers with nothing.
func doNamed(w http.ResponseWriter, all map[string]func(...string) error, name string) error {
	if err := named(all, name); err != nil {
		return err
	}
	return done(w)
}

func done(w http.ResponseWriter) error {
	w.WriteHeader(http.StatusNoContent)
	return nil
}
