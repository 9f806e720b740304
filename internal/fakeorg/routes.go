package fakeorg

import (
	"maps"
	"net/http"
	"net/url"
	"strings"
)

const dataPath = "/services/data/{version}"

// newRoutes says what the org answers.
func (o *Org) newRoutes(options Options, a *asker, queries *jobs) {
	o.routes = http.NewServeMux()
	outside := map[string]resource{
		"/services/data": {"versions", true, get(versions)},
		"/":              {"unknown", true, nil},
	}
	maps.Copy(outside, o.login.routes())
	maps.Copy(outside, newAdminAPI(o.recordAdmin, o.schemaAdmin, o.clock, o.faults, o.usage, o.ExpireSessions).routes())
	for path, r := range outside {
		o.routes.HandleFunc(path, o.serve(r))
	}
	inside := map[string]resource{
		"":           {"resources", false, get(o.resources)},
		"/limits":    {"limits", false, get(o.usage.limits)},
		"/{rest...}": {"unknown", true, nil},
	}
	for _, more := range []map[string]resource{
		newDescribeAPI(o.store).routes(),
		newQueryAPI(o.store, o.clock, a).routes(),
		newRecordAPI(o.store, o.ledger).routes(),
		newCollectionAPI(o.store, o.ledger).routes(),
		newReplicationAPI(o.store, o.ledger, o.clock, options.replication(o.birth)).routes(),
		newCompositeAPI(o.ledger, o.routes, options.NotInComposite).routes(),
		queries.routes(),
		o.ingests.routes(),
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
	r.URL = &url.URL{Path: cleanPath(r.URL.Path), RawQuery: r.URL.RawQuery}
	if method := r.URL.Query().Get("_HttpMethod"); method != "" && r.Method == http.MethodPost {
		r.Method = strings.ToUpper(method) // for clients that can't send PATCH
	}
	w.Header().Set("Date", o.clock.Now().Format(http.TimeFormat))
	o.ledger.purgeAged()
	o.ingests.runIngests()
	o.routes.ServeHTTP(w, r)
}

func (o *Org) resources(w http.ResponseWriter, c *call) error {
	at := "/services/data/" + c.version + "/"
	urls := map[string]string{"identity": o.login.identityURL(c.Request)}
	for _, name := range []string{"composite", "jobs", "limits", "query", "queryAll", "sobjects"} {
		urls[name] = at + name
	}
	writeJSON(w, http.StatusOK, urls)
	return nil
}
