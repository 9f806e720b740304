// Package ledger is what a stage table says of the attempts that are under way: which pages of which jobs it has.
//
// An attempt's ledger is a property of the stage table, set by the very commits that add the rows. So a page and its
// line are seen together. It goes when the attempt was consolidated; the rows may stay, as history.
//
// Files, from the top: ledger.go, text.go.
package ledger

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
)

// A Ledger is what an attempt has in staging, in the order in which it was read.
type Ledger struct{ Jobs []Job }

// A Job is pages that have the same columns and do the same.
type Job struct {
	Name     string
	Op       warehouse.Op
	Columns  []string // in order of their names
	Reason   gone.Reason
	Override bool
	ReadAt   time.Time
	Pages    []Page
}

// A Page is a line: the page has so many rows, and its place in the attempt.
type Page struct {
	Seq, Rows   int64
	key, digest string // short hashes of what it is called, and of what it holds
}

// Lacking is the pages of a batch that the ledger lacks. A batch that contradicts it is a bug: a stored page never
// changes (invariant 3), and one job has one header.
func (l Ledger) Lacking(b warehouse.Batch) ([]warehouse.Page, error) {
	var fresh []warehouse.Page
	for _, p := range b.Pages {
		if !slices.EqualFunc(p.Header, b.Pages[0].Header, strings.EqualFold) {
			return nil, plan.Failf(plan.Bug, "", "pages %s and %s of one batch differ in their headers",
				b.Pages[0].Key, p.Key)
		}
		has, err := l.has(b, p)
		if err != nil {
			return nil, err
		}
		if !has {
			fresh = append(fresh, p)
		}
	}
	return fresh, nil
}

// has tells whether a page is there.
func (l Ledger) has(b warehouse.Batch, p warehouse.Page) (has bool, err error) {
	key, digest := short(p.Key), short(p.Digest)
	for _, j := range l.Jobs {
		for _, line := range j.Pages {
			switch {
			case line.key == key && (line.digest != digest || line.Rows != p.Rows):
				return false, plan.Failf(plan.Bug, "", "page %s has changed since it was loaded", p.Key)
			case line.key == key:
				has = true
			case line.Seq == p.Seq:
				return false, plan.Failf(plan.Bug, "", "page %s has the place of another in attempt %s", p.Key,
					b.Attempt)
			}
		}
		if j.Name == b.Job && len(j.Pages) > 0 && !j.fits(b, p) {
			return false, plan.Failf(plan.Bug, "", "page %s differs from the pages of its job that were loaded, in "+
				"its columns or in what it does", p.Key)
		}
	}
	return has, nil
}

// fits tells whether a page may be of the job.
func (j Job) fits(b warehouse.Batch, p warehouse.Page) bool {
	return j.Op == b.Op && len(j.Columns) == len(p.Header) && j.Reason == b.Reason && j.Override == b.Override
}

// With is the ledger with pages of a batch, which has values in some columns.
func (l Ledger) With(b warehouse.Batch, columns []string, pages []warehouse.Page) Ledger {
	jobs := slices.Clone(l.Jobs)
	at := slices.IndexFunc(jobs, func(j Job) bool { return j.Name == b.Job && j.ReadAt.Equal(b.ReadAt) })
	if at < 0 {
		at = len(jobs)
		columns = slices.Sorted(slices.Values(columns))
		jobs = append(jobs, Job{Name: b.Job, Op: b.Op, Columns: columns, Reason: b.Reason, Override: b.Override,
			ReadAt: b.ReadAt.UTC().Truncate(time.Microsecond)})
	}
	lines := slices.Clone(jobs[at].Pages)
	for _, p := range pages {
		lines = append(lines, Page{Seq: p.Seq, Rows: p.Rows, key: short(p.Key), digest: short(p.Digest)})
	}
	slices.SortFunc(lines, func(a, b Page) int { return cmp.Compare(a.Seq, b.Seq) })
	jobs[at].Pages = lines
	slices.SortStableFunc(jobs, func(a, b Job) int {
		return cmp.Or(a.ReadAt.Compare(b.ReadAt), cmp.Compare(a.first(), b.first()))
	})
	return Ledger{jobs}
}

// first is the place of a job's first page.
func (j Job) first() int64 {
	if len(j.Pages) == 0 {
		return 0
	}
	return j.Pages[0].Seq
}

// Of is the ledger of some jobs alone.
func (l Ledger) Of(names ...string) Ledger {
	return l.only(func(j Job) bool { return slices.Contains(names, j.Name) })
}

// Without is the ledger without some jobs.
func (l Ledger) Without(names ...string) Ledger {
	return l.only(func(j Job) bool { return !slices.Contains(names, j.Name) })
}

func (l Ledger) only(which func(Job) bool) (some Ledger) {
	for _, j := range l.Jobs {
		if which(j) {
			some.Jobs = append(some.Jobs, j)
		}
	}
	return some
}

// Count tells how many pages and rows there are.
func (l Ledger) Count() (pages, rows int64) {
	for _, j := range l.Jobs {
		for _, p := range j.Pages {
			pages++
			rows += p.Rows
		}
	}
	return pages, rows
}

// Versions counts the rows that are versions of a record: what was only seen is none.
func (l Ledger) Versions() int64 {
	_, rows := l.only(func(j Job) bool { return j.Op != warehouse.Seen }).Count()
	return rows
}

// Has tells whether the page of a place is there.
func (l Ledger) Has(job string, seq int64) bool {
	return slices.ContainsFunc(l.Jobs, func(j Job) bool {
		return j.Name == job && slices.ContainsFunc(j.Pages, func(p Page) bool { return p.Seq == seq })
	})
}
