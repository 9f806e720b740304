package rehydrate

import (
	"cmp"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/schema"
)

// parentsFirst orders objects so that those come first that others refer to. Where they do so in a circle, first
// the lookups are passed over that a record can be made without, then the higher level goes first.
func parentsFirst(all []*subject, level func(*subject) int) []*subject {
	left := slices.Clone(all)
	slices.SortStableFunc(left, func(a, b *subject) int {
		return cmp.Or(level(a)-level(b), strings.Compare(a.name, b.name))
	})
	var done []*subject
	for len(left) > 0 {
		free := func(strict bool) int {
			return slices.IndexFunc(left, func(s *subject) bool {
				return !slices.ContainsFunc(left, func(other *subject) bool {
					return other != s && refers(s, other, strict)
				})
			})
		}
		at := free(false)
		if at < 0 {
			at = max(0, free(true))
		}
		done = append(done, left[at])
		left = slices.Delete(left, at, at+1)
	}
	return done
}

// refers tells whether records of one object refer to those of another, by lookups that they can be given; with
// strict, by one that they can't be made without. What is born with another record comes after it.
func refers(s, other *subject, strict bool) bool {
	if b, ok := bornOf(s.name); ok && strings.EqualFold(b.with, other.name) {
		return true
	}
	if b, ok := bornOf(other.name); ok && strings.EqualFold(b.with, s.name) {
		return false
	}
	return slices.ContainsFunc(s.src.Object.Fields, func(f schema.Field) bool {
		return f.Createable && (!strict || remake.Needed(f)) &&
			slices.ContainsFunc(f.ReferenceTo, func(to string) bool { return strings.EqualFold(to, other.name) })
	})
}
