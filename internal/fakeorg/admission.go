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
		o.count(c, r)
		if err := o.answer(w, c, r); err != nil {
			reply.Error(w, err)
		}
		done() // not deferred: an answer that is broken off has no end
	}
}

// count counts a request, whatever becomes of it.
func (o *Org) count(c *web.Call, r web.Resource) {
	if !web.FreeInner(c.Request) {
		o.usage.Count(r.Kind)
	}
	if write := r.Write(c.Method); write != "" {
		o.usage.CountWrite(write)
	}
	if r.Kind == web.Unknown {
		o.usage.CountUnknown(c.Method, c.URL.Path)
	}
}

// answer answers a call, or tells why not.
func (o *Org) answer(w http.ResponseWriter, c *web.Call, r web.Resource) error {
	if err := o.meanwhile(c.Fault); err != nil {
		return err
	}
	if c.Fault.Preempt(w, c.Request) {
		return nil
	}
	if err := o.admit(w, c, r); err != nil {
		return err
	}
	return r.Methods[c.Method](w, c)
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
