package mover

import (
	"errors"
	"hash/maphash"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// ErrUnexplained says that a job came to nothing, beside the failure's class, and that
// nothing was said which tells what to do about it: another job may do better, or
// another mover, which at least gets a reason.
var ErrUnexplained = errors.New("no reason that says what to do")

// Two ways in which Salesforce may refuse a query as more than it can answer,
// beside the failure's class: the same again can't help, less at once may.
var (
	ErrTooLong = errors.New("query takes too long") // fewer records at once
	ErrTooWide = errors.New("query names too much") // fewer fields at once
)

// Overload tells from Salesforce's text, or its code, whether a query was more
// than it can answer: ErrTooLong, ErrTooWide, or nil. A query of Bulk that isn't
// executed within two minutes fails with QUERY_TIMEOUT, and one whose result
// isn't retrieved in fifteen or thirty tries with "Retried more than fifteen
// times"; Salesforce's advice is to read ranges of Ids (Bulk API guide, "How
// Bulk Queries Are Processed").
func Overload(text string) error {
	text = strings.ToLower(text)
	has := func(part string) bool { return strings.Contains(text, part) }
	switch {
	case slices.ContainsFunc([]string{"query_too_complicated", "too complicated"}, has):
		return ErrTooWide
	case slices.ContainsFunc([]string{
		"retried more than", "timeout", "timed out", "time limit", "running for too long", "operation_too_large",
	}, has):
		return ErrTooLong
	}
	return nil
}

// A NoColumn is the refusal of a query that names a column which isn't there, whatever
// describe says of it. Both names are Salesforce's, and may be anybody's.
type NoColumn struct {
	Name   string
	Entity string // that lacks it, "" where that isn't said
	Err    error
}

func (e *NoColumn) Error() string { return e.Err.Error() }

// Unwrap gives what Salesforce said.
func (e *NoColumn) Unwrap() error { return e.Err }

// WithoutColumn makes a NoColumn of err where text, Salesforce's own, names a column
// that isn't there: "No such column 'Ghost__c' on entity 'Account'".
func WithoutColumn(err error, text string) error {
	said := regexp.MustCompile(`(?i)no such column '(\w{1,255})'(?: on entity '(\w{1,255})')?`)
	found := said.FindStringSubmatch(text)
	if err == nil || found == nil {
		return err
	}
	return &NoColumn{Name: found[1], Entity: found[2], Err: err}
}

// Unexplained marks a failure as one without a reason.
func Unexplained(err error) error { return unexplained{err} }

type unexplained struct{ error }

// Unwrap gives the failure, and ErrUnexplained, of which its text says nothing.
func (e unexplained) Unwrap() []error { return []error{e.error, ErrUnexplained} }

// Circle is the failure of a listing that leads in a circle, or to more than was
// announced. What came so far may be anything.
func Circle(format string, args ...any) error {
	const hint = "something between this machine and Salesforce may answer in its place: look for a proxy or a " +
		"cache; where there is none, ask Salesforce Support about it"
	return Unexplained(plan.Failf(plan.Bug, hint, format, args...))
}

// A Trail remembers which way a listing of pages has gone, so that a server that leads
// in a circle, of whatever length, is left at its first repetition.
type Trail struct {
	of    string
	seen  map[uint64]struct{}
	seed  maphash.Seed
	steps int
}

// emptyAtMost is how many pages of a listing may hold no record, and trailAtMost how many
// there may be: ten times what makes up the terabyte of results that an org has a day,
// in pages of 100,000 narrow records.
const (
	emptyAtMost = 100
	trailAtMost = 1_000_000
)

// NewTrail begins the way through the pages of a job that hold so many records together.
func NewTrail(job string, records int64) *Trail {
	return &Trail{of: job, seen: map[uint64]struct{}{}, seed: maphash.MakeSeed(),
		steps: int(min(max(records, 0), trailAtMost-emptyAtMost)) + emptyAtMost}
}

// Step goes to where a URL leads, and fails where that was before.
func (t *Trail) Step(url string) error {
	sum := maphash.String(t.seed, url)
	if _, again := t.seen[sum]; again {
		return Circle("the pages of job %s lead in a circle: page %d is one before", t.of, len(t.seen)+1)
	}
	if len(t.seen) >= t.steps {
		return Circle("job %s has more pages than its records can fill: %d so far", t.of, len(t.seen))
	}
	t.seen[sum] = struct{}{}
	return nil
}
