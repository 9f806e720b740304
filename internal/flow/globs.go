package flow

import (
	"fmt"
	"iter"
	"path"
	"slices"
	"strings"

	"catchment/internal/schema"
)

// Pattern tells whether the object of a flow stands for others.
func (fl Flow) Pattern() bool { return strings.ContainsAny(fl.Object, "*?") }

// objectShape is the name of an object, or a pattern of names.
func objectShape() shape {
	is := like(objectPattern)
	is["maxLength"] = longestName
	return is
}

// wrongObject says why a flow can't be of an object of this name, or "".
func wrongObject(s string) string {
	switch {
	case objectRE.MatchString(s) && len(s) <= longestName:
		return ""
	case len(s) <= longestName:
		return fmt.Sprintf(`%q is not the API name of an object, nor a pattern of names, as "*" or "Sales_*"`, s)
	}
	return "the name can't be one of an object: " + wrongName(s)
}

// Matches tells whether the object of a flow is or stands for the object of a name, whatever
// the case of both.
func (fl Flow) Matches(name string) bool { return matches(fl.Object, name) }

func matches(object, name string) bool {
	matched, err := path.Match(strings.ToLower(object), strings.ToLower(name))
	return object == Star || err == nil && matched // a pattern has no letter that path calls bad
}

// patterns are the flows whose objects are patterns, in the order in which they take objects.
func patterns(flows []Flow) []Flow {
	var some, all []Flow
	for _, fl := range flows {
		switch {
		case fl.Wrong != nil || !fl.Pattern():
		case fl.Object == Star:
			all = append(all, fl)
		default:
			some = append(some, fl)
		}
	}
	return append(some, all...)
}

// leavesOut tells whether a flow's exclude_objects name an object.
func (fl Flow) leavesOut(object string) bool {
	return slices.ContainsFunc(fl.ExcludeObjects, func(out string) bool { return matches(out, object) })
}

// expand takes the flow of a pattern.
func (r *resolution) expand(fl Flow, objects []schema.Object) {
	if problems := r.unmatched(fl); len(problems) > 0 {
		r.refuse(fl, problems...)
		return
	}
	free := func(name string) bool {
		return fl.Matches(name) && !r.named[strings.ToLower(name)] && !fl.leavesOut(name)
	}
	one := fl
	one.ExcludeObjects, one.star = nil, true
	for _, o := range objects {
		if free(o.Name) && r.known.starTakes(o) {
			one.Object = o.Name
			r.add(one)
		}
	}
	for _, c := range r.copied {
		o, is := r.known.byName[strings.ToLower(c.Name)]
		taken := r.known.starTakes(schema.Object{Name: c.Name, Queryable: true, Retrieveable: true})
		if (!is || !o.Queryable) && free(c.Name) && taken {
			one.Object, one.Wrong = c.Name, r.known.vanished(c, "exclude_objects: ["+c.Name+"]")
			r.add(one)
		}
	}
}

// unmatched reports what of a pattern and of what it leaves out is no object.
func (r *resolution) unmatched(fl Flow) []problem {
	var problems []problem
	is := func(name string) bool {
		there := func(known string) bool { return matches(name, known) }
		_, was := r.wasCopied(name)
		return was || slices.ContainsFunc(r.known.names, there) ||
			slices.ContainsFunc(r.copied, func(c schema.Object) bool { return there(c.Name) })
	}
	for i, name := range fl.ExcludeObjects {
		if !is(name) {
			problems = append(problems, fl.problem(index("exclude_objects", i),
				"the org has no object %q that this user can see%s", name, meant(name, r.known.names)))
		}
	}
	if fl.Object == Star {
		return problems
	}
	if !is(fl.Object) {
		return append(problems, fl.problem("object", "the org has no object like %q that this user can see", fl.Object))
	}
	why := ""
	for _, name := range r.known.names {
		if !fl.Matches(name) {
			continue
		}
		left := r.known.starLeaves(r.known.byName[strings.ToLower(name)])
		if left == "" {
			return problems
		}
		why = fmt.Sprintf("a pattern leaves out what %q matches, as %s: %s", fl.Object, name, left)
	}
	if why != "" {
		problems = append(problems, fl.problem("object", "%s", why))
	}
	return problems
}

// StarLeaves tells which objects the flows of patterns leave out by themselves: those that they
// match, and that no flow names, neither as its own nor to leave it out. They come by the
// reason.
func (f *File) StarLeaves(objects []schema.Object) iter.Seq2[string, []string] {
	known := newCatalogue(objects)
	left := map[string][]string{}
	for _, o := range objects {
		named, matched := false, false
		for _, fl := range f.Flows {
			named = named || strings.EqualFold(fl.Object, o.Name) || fl.leavesOut(o.Name)
			matched = matched || fl.Pattern() && fl.Matches(o.Name)
		}
		if why := known.starLeaves(o); matched && why != "" && !named {
			left[why] = append(left[why], o.Name)
		}
	}
	return func(yield func(reason string, names []string) bool) {
		for _, why := range []string{leftFiltered, leftHanging, leftOther, leftUnread, leftNames} {
			if names := left[why]; len(names) > 0 && !yield(why, names) {
				return
			}
		}
	}
}
