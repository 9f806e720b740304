package evidence

import "strings"

// Repeats is what a job has in staging of keys that it has more than once.
type Repeats struct {
	Rows      int64    // beyond the first of each key
	Apart     int64    // keys whose rows are in more pages than one, as where a page came twice
	Differing int64    // keys whose rows aren't equal in all their columns
	Keys      []string // the first three of them: those that differ, where some do
}

// Some is how many keys a Repeats names.
const Some = 3

// Names is the keys that are named, as a text.
func (r Repeats) Names() string { return strings.Join(r.Keys, ", ") }

// Alike tells whether so many rows more than keys are records that one page holds
// more than once, equal in all their columns.
func (r Repeats) Alike(extra int64) bool { return r.Rows == extra && r.Apart == 0 && r.Differing == 0 }

// Add counts a key with so many rows, in so many pages, which are alike or not. Those
// that differ come first.
func (r *Repeats) Add(key string, rows, pages int64, differ bool) {
	r.Rows += rows - 1
	if pages > 1 {
		r.Apart++
	}
	if differ {
		r.Differing++
	}
	if len(r.Keys) < Some && (differ || r.Differing == 0) {
		r.Keys = append(r.Keys, strings.ReplaceAll(key, "\x1f", " "))
	}
}
