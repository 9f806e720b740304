package status

import (
	"slices"
	"strings"

	"catchment/internal/plural"
)

// The remarks are what there is to say of objects beside a table. What is true of
// several objects is said once, and of how many.
type remarks []remark

// A remark is one of them.
type remark struct {
	text, hint string
	of         []string
}

// add adds what there is to say of an object. Its own name doesn't make two alike
// different ones.
func (r *remarks) add(of, what, text, hint string) {
	text = what + strings.TrimPrefix(text, of+": ")
	for i, one := range *r {
		if one.text == text && one.hint == hint {
			if !slices.Contains(one.of, of) {
				(*r)[i].of = append(one.of, of)
			}
			return
		}
	}
	*r = append(*r, remark{text: text, hint: hint, of: []string{of}})
}

// namedAtMost is how many objects a remark names; the table has them all.
const namedAtMost = 3

// remark tells remarks, in the order in which they were added.
func (t *Text) remark(all remarks) {
	for _, r := range all {
		who, which := r.of[0], ""
		if len(r.of) > 1 {
			who, which = plural.Of(len(r.of), "object"), " ("+some(r.of)+")"
		}
		t.Talk("%s: %s%s", who, r.text, which)
		if r.hint != "" {
			t.Talk("%s: hint: %s", who, r.hint)
		}
	}
}

// some names the first of many.
func some(names []string) string {
	if len(names) <= namedAtMost+1 {
		last := len(names) - 1
		return strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return strings.Join(names[:namedAtMost], ", ") + " and " + plural.Count(len(names)-namedAtMost) + " more"
}
