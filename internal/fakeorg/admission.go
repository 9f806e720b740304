package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"
)

// serve wraps a resource in what all have in common: counting, what has been
// scripted to go wrong, the session, the version, the limit, and how a refusal
// is written.
func (o *Org) serve(r resource) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		rule := o.faults.match(r.kind, req.Method, req.URL.RequestURI())
		c := &call{Request: req, version: req.PathValue("version"), fault: rule}
		w, done := rule.shorten(w), func() {}
		if !o.plain {
			w, done = o.zips.compress(w, req)
		}
		defer done()
		if !freeInner(req) {
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
		if err := o.login.check(c); err != nil {
			return err
		}
	}
	if c.version != "" && !freeInner(c.Request) {
		if err := o.usage.charge(w); err != nil {
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
