package fakeorg

import (
	"maps"
	"net/http"
	"net/url"
	"strings"

	"catchment/internal/fakeorg/admin"
	"catchment/internal/fakeorg/bulk"
	"catchment/internal/fakeorg/composite"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/rest"
	"catchment/internal/fakeorg/soap"
	"catchment/internal/fakeorg/web"
)

const dataPath = "/services/data/{version}"

// newRoutes says what the org answers.
func (o *Org) newRoutes(options Options, a *query.Asker, queries *bulk.Queries) {
	o.routes = http.NewServeMux()
	outside := map[string]web.Resource{
		"/": {Kind: web.Unknown, Open: true},
	}
	maps.Copy(outside, o.versions.Routes())
	maps.Copy(outside, o.login.Routes())
	maps.Copy(outside, bulk.NewClassic(o.login.Works).Routes())
	cursors := &query.Cursors{}
	partner := &soap.Server{
		Login: o.login, Store: o.store, Ledger: o.ledger, Clock: o.clock, Asker: a, Cursors: cursors,
		Usage: o.usage, CheckVersion: o.versions.Check,
	}
	maps.Copy(outside, partner.Routes())
	outer := &admin.Server{
		Records: o.Records, Schema: o.Schema, Clock: o.clock, Faults: o.faults, Usage: o.usage,
		Expire: o.ExpireSessions,
	}
	maps.Copy(outside, outer.Routes())
	if o.pubsub != nil {
		maps.Copy(outside, o.pubsub.Routes())
	}
	for path, r := range outside {
		o.routes.HandleFunc(path, o.serve(r))
	}
	inside := map[string]web.Resource{
		"":           {Kind: "resources", Methods: web.Get(o.resources)},
		"/limits":    {Kind: "limits", Methods: web.Get(o.usage.Limits)},
		"/{rest...}": {Kind: web.Unknown, Open: true},
	}
	for _, more := range []map[string]web.Resource{
		rest.NewDescribes(o.store).Routes(),
		rest.NewQueries(o.store, o.clock, a, cursors).Routes(),
		rest.NewTooling(o.store, o.clock).Routes(),
		rest.NewSearches(o.store, o.clock, a).Routes(),
		rest.NewRecords(o.store, o.ledger, options.records()).Routes(),
		rest.NewCollections(o.store, o.ledger).Routes(),
		rest.NewReplication(o.store, o.ledger, o.clock, options.replication(o.birth)).Routes(),
		composite.New(o.ledger, o.routes, options.NotInComposite).Routes(),
		queries.Routes(),
		o.ingests.Routes(),
	} {
		maps.Copy(inside, more)
	}
	for path, r := range inside {
		o.routes.HandleFunc(dataPath+path, o.serve(r))
	}
}

// ServeHTTP answers a request as Salesforce would: slashes too many are
// forgiven, and the date is the org's own.
func (o *Org) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	r = r.Clone(r.Context())
	r.URL = &url.URL{Path: web.CleanPath(r.URL.Path), RawQuery: r.URL.RawQuery}
	if method := r.URL.Query().Get("_HttpMethod"); method != "" && r.Method == http.MethodPost {
		r.Method = strings.ToUpper(method) // for clients that can't send PATCH
	}
	w.Header().Set("Date", o.clock.Now().Format(http.TimeFormat))
	o.ledger.PurgeAged()
	o.ingests.RunIngests()
	o.routes.ServeHTTP(w, r)
}

func (o *Org) resources(w http.ResponseWriter, c *web.Call) error {
	at := "/services/data/" + c.Version + "/"
	urls := map[string]string{"identity": o.login.IdentityURL(c.Request)}
	for _, name := range []string{
		"composite", "jobs", "limits", "parameterizedSearch", "query", "queryAll", "search", "sobjects",
		"tooling",
	} {
		urls[name] = at + name
	}
	reply.JSON(w, http.StatusOK, urls)
	return nil
}
