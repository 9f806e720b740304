package fakeorg

import (
	"maps"
	"net/http"
	"slices"
	"strings"

	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// serve wraps a resource in what all have in common: counting, what has been
// scripted to go wrong, the session, the version, the limit, and how a refusal
// is written.
func (o *Org) serve(r web.Resource) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		rule := o.faults.Match(r.Kind, req.Method, req.URL.RequestURI())
		c := &web.Call{Request: req, Version: req.PathValue("version"), Fault: rule, Faults: o.faults}
		w, done := rule.Shorten(w), func() {}
		if !o.plain && !r.Plain {
			w, done = o.zips.Compress(w, req)
		}
		defer done()
		if !web.FreeInner(req) {
			o.usage.Count(r.Kind)
		}
		if write := r.Write(req.Method); write != "" {
			o.usage.CountWrite(write)
		}
		if r.Kind == web.Unknown {
			o.usage.CountUnknown(req.Method, req.URL.Path)
		}
		if err := o.meanwhile(rule); err != nil {
			reply.Error(w, err)
			return
		}
		if c.Fault.Preempt(w, req) {
			return
		}
		if err := o.admit(w, c, r); err != nil {
			reply.Error(w, err)
			return
		}
		if err := r.Methods[req.Method](w, c); err != nil {
			reply.Error(w, err)
		}
	}
}

// meanwhile does what a rule has happen between a request and its answer.
func (o *Org) meanwhile(rule *faults.Rule) error {
	if rule == nil {
		return nil
	}
	if rule.Hear != nil {
		rule.Hear()
	}
	if rule.Meanwhile == nil {
		return nil
	}
	return o.Records.Do(rule.Meanwhile)
}

// admit checks everything that comes before the resource itself.
func (o *Org) admit(w http.ResponseWriter, c *web.Call, r web.Resource) error {
	if err := web.Unpack(c.Request); err != nil {
		return err
	}
	if len(c.RequestURI) > longestURI {
		return reply.Refuse(http.StatusRequestURITooLong, "URI_TOO_LONG", "The URI is longer than %d bytes", longestURI)
	}
	if c.Version != "" {
		if err := o.versions.Check(c.Version); err != nil {
			return err
		}
	}
	if r.Kind == web.Admin {
		if err := o.guard.Check(c.Request); err != nil {
			return err
		}
	}
	if r.Methods == nil {
		return reply.NotFound()
	}
	if !r.Open {
		if err := o.login.Check(c); err != nil {
			return err
		}
	}
	if c.Version != "" && !web.FreeInner(c.Request) {
		if err := o.usage.Charge(w); err != nil {
			return err
		}
	}
	if r.Methods[c.Method] == nil {
		return reply.Refuse(http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED",
			"HTTP Method '%s' not allowed. Allowed are %s",
			c.Method, strings.Join(slices.Sorted(maps.Keys(r.Methods)), ","))
	}
	return nil
}

// longestURI is how long a URI may be, by the limits reference.
const longestURI = 16_384
