package fakeorg

import (
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A call is a request that is under way.
type call struct {
	*http.Request
	version string // v66.0, empty outside /services/data
	token   string // of the session
	fault   *Rule  // what is to go wrong with the answer, or nil
}

// A handler answers a call, or returns why not.
type handler func(http.ResponseWriter, *call) error

// A resource is what a path stands for: its kind, for counting, and a handler
// for each method.
type resource struct {
	kind    string
	open    bool // without a session
	methods map[string]handler
}

func get(h handler) map[string]handler  { return map[string]handler{http.MethodGet: h} }
func post(h handler) map[string]handler { return map[string]handler{http.MethodPost: h} }

const dataPath = "/services/data/{version}"

// newRoutes says what the org answers.
func (o *Org) newRoutes() http.Handler {
	mux := http.NewServeMux()
	outside := map[string]resource{
		"/services/oauth2/token":          {"login", true, post(o.token)},
		"/services/oauth2/introspect":     {"login", true, post(o.introspect)},
		"/services/oauth2/revoke":         {"login", true, post(o.revoke)},
		"/services/oauth2/userinfo":       {"identity", false, get(o.userInfo)},
		"/id/{org}/{user}":                {"identity", false, get(o.userInfo)},
		"/services/data":                  {"versions", true, get(o.versions)},
		"/services/Soap/u/{number}":       {"login", true, post(o.soap)},
		"/services/Soap/u/{number}/{org}": {"login", true, post(o.soap)},
		"/":                               {"unknown", true, nil},
	}
	inside := map[string]resource{
		"":                            {"resources", false, get(o.resources)},
		"/limits":                     {"limits", false, get(o.limits)},
		"/query":                      {"query", false, get(o.query)},
		"/queryAll":                   {"query", false, get(o.queryAll)},
		"/query/{locator}":            {"query-more", false, get(o.queryMore)},
		"/queryAll/{locator}":         {"query-more", false, get(o.queryMore)},
		"/sobjects":                   {"describe-global", false, get(o.describeGlobal)},
		"/sobjects/{object}":          {"record", false, map[string]handler{"GET": o.basicInfo, "POST": o.create}},
		"/sobjects/{object}/describe": {"describe", false, get(o.describe)},
		"/sobjects/{object}/updated":  {"updated", false, get(o.getUpdated)},
		"/sobjects/{object}/deleted":  {"deleted", false, get(o.getDeleted)},
		"/sobjects/{object}/{id}":     {"record", false, map[string]handler{"GET": o.read, "PATCH": o.update, "DELETE": o.delete}},
		"/jobs/query":                 {"job", false, map[string]handler{"GET": o.listJobs, "POST": o.createJob}},
		"/jobs/query/{job}":           {"job", false, map[string]handler{"GET": o.jobStatus, "PATCH": o.abortJob, "DELETE": o.deleteJob}},
		"/jobs/query/{job}/results":   {"results", false, get(o.results)},
		"/{rest...}":                  {"unknown", true, nil},
	}
	for _, spelling := range []string{"resultPages", "resultpages"} {
		inside["/jobs/query/{job}/"+spelling] = resource{"result-pages", false, get(o.resultPages)}
	}
	maps.Copy(outside, o.adminRoutes())
	for path, r := range outside {
		mux.HandleFunc(path, o.serve(r))
	}
	maps.Copy(inside, o.ingestRoutes())
	maps.Copy(inside, o.restRoutes())
	for path, r := range inside {
		mux.HandleFunc(dataPath+path, o.serve(r))
	}
	return mux
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
	o.purgeAged()
	o.runIngests()
	o.routes.ServeHTTP(w, r)
}

// cleanPath collapses slashes and drops the last one.
func cleanPath(path string) string {
	parts := strings.FieldsFunc(path, func(c rune) bool { return c == '/' })
	return "/" + strings.Join(parts, "/")
}

// serve wraps a resource in what all have in common: counting, what has been
// scripted to go wrong, the session, the version, the limit, and how a refusal
// is written.
func (o *Org) serve(r resource) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		rule := o.faults.match(r.kind, req.Method, req.URL.RequestURI())
		c := &call{Request: req, version: req.PathValue("version"), fault: rule}
		w, done := o.compress(rule.shorten(w), req)
		defer done()
		if in, ok := innerOf(req); !ok || !in.free {
			o.usage.count(r.kind)
		}
		if c.fault.preempt(w, req) {
			return
		}
		if err := o.admit(w, c, r); err != nil {
			writeError(w, err)
			return
		}
		if err := r.methods[req.Method](w, c); err != nil {
			writeError(w, err)
		}
	}
}

// admit checks everything that comes before the resource itself.
func (o *Org) admit(w http.ResponseWriter, c *call, r resource) error {
	if err := unpack(c.Request); err != nil {
		return err
	}
	if len(c.RequestURI) > longestURI {
		return refuse(http.StatusRequestURITooLong, "URI_TOO_LONG", "The URI is longer than %d bytes", longestURI)
	}
	if c.version != "" {
		if err := checkVersion(c.version); err != nil {
			return err
		}
	}
	if r.methods == nil {
		return notFound()
	}
	if !r.open {
		if err := o.checkSession(c); err != nil {
			return err
		}
	}
	if in, ok := innerOf(c.Request); c.version != "" && (!ok || !in.free) {
		if err := o.charge(w); err != nil {
			return err
		}
	}
	if r.methods[c.Method] == nil {
		return refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED", "HTTP Method '%s' not allowed. Allowed are %s",
			c.Method, strings.Join(slices.Sorted(maps.Keys(r.methods)), ","))
	}
	return nil
}

// longestURI is how long a URI may be, by the limits reference.
const longestURI = 16_384

// The API versions of Summer '26; those before v31 are retired.
const (
	oldestVersion = 31
	newestVersion = 67
)

var versionForm = regexp.MustCompile(`^v(\d{1,3})\.0$`)

func checkVersion(version string) error {
	m := versionForm.FindStringSubmatch(version)
	if m == nil {
		return notFound()
	}
	n, _ := strconv.Atoi(m[1]) // three digits at most
	if n < oldestVersion {
		return refuse(http.StatusGone, "GONE", "The requested API version has been retired.")
	}
	if n > newestVersion {
		return notFound()
	}
	return nil
}

// versionNumber is 66 for v66.0.
func (c *call) versionNumber() int {
	n, _ := strconv.Atoi(strings.TrimSuffix(c.version[1:], ".0")) // checkVersion has passed it
	return n
}

func (o *Org) versions(w http.ResponseWriter, _ *call) error {
	type version struct {
		Label   string `json:"label"`
		URL     string `json:"url"`
		Version string `json:"version"`
	}
	seasons := [...]string{"Winter", "Spring", "Summer"}
	var all []version
	for n := oldestVersion; n <= newestVersion; n++ {
		year := 14 + (n-oldestVersion+1)/3 // v31.0 was Summer '14
		number := strconv.Itoa(n) + ".0"
		label := seasons[(n-oldestVersion+2)%3] + " '" + strconv.Itoa(year)
		if (n-oldestVersion)%3 == 1 {
			label = seasons[0] + " '" + strconv.Itoa(year+1)
		}
		all = append(all, version{label, "/services/data/v" + number, number})
	}
	writeJSON(w, http.StatusOK, all)
	return nil
}

func (o *Org) resources(w http.ResponseWriter, c *call) error {
	at := "/services/data/" + c.version + "/"
	urls := map[string]string{"identity": o.identityURL(c.Request)}
	for _, name := range []string{"composite", "jobs", "limits", "query", "queryAll", "sobjects"} {
		urls[name] = at + name
	}
	writeJSON(w, http.StatusOK, urls)
	return nil
}

// pathObject finds the object that the path names.
func (o *Org) pathObject(c *call) (*object, error) {
	obj, ok := o.object(c.PathValue("object"))
	if !ok {
		return nil, notFound()
	}
	return obj, nil
}
