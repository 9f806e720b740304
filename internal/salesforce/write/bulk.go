package write

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
)

// A Table is many records to write by jobs of Bulk API 2.0.
type Table struct {
	Verb    Verb // Insert or Delete
	Object  string
	Columns []string // of an insert, by API name; a delete has the Id alone
	// Rows yields the values in the order of the columns, "" for none. An error ends the write.
	Rows iter.Seq2[[]string, error]
	Key  string // a column, as Records.Key says
	// Began, where it isn't nil, is told of each job once it holds its records and before any is written. Who
	// remembers it can TakeUp after a crash. Its error ends the write, and nothing of this job is written.
	Began func(Job) error
}

// IDs makes the rows of a delete.
func IDs(ids iter.Seq[string]) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for id := range ids {
			if !yield([]string{id}, nil) {
				return
			}
		}
	}
}

// Bulk writes all rows, job after job, and hands what became of each to each, in the order of the rows. Where
// it ends with an error, rows without an outcome weren't written. Memory is that of one job.
func (w *Writer) Bulk(ctx context.Context, t Table, each func(Outcome) error) error {
	s, err := w.sheetOf(t, 0)
	if err != nil {
		return err
	}
	for row, err := range t.Rows {
		if err != nil {
			return named(t.Verb, t.Object, err)
		}
		if s.full(row) {
			if err := w.write(ctx, s, each); err != nil {
				return named(t.Verb, t.Object, err)
			}
			s = newSheet(s.table, s.prefix, s.first+int64(len(s.rows)))
		}
		s.add(row)
	}
	return named(t.Verb, t.Object, w.write(ctx, s, each))
}

// TakeUp finds out what became of a job that Began told of, in a process that has ended since. The table has
// to yield the same rows. A job that wasn't closed is aborted.
func (w *Writer) TakeUp(ctx context.Context, job Job, t Table, each func(Outcome) error) error {
	s, err := w.sheetOf(t, job.First)
	if err != nil {
		return err
	}
	if id, ok := fullID(job.ID); !ok || !strings.HasPrefix(id, jobPrefix) {
		return plan.Failf(plan.Bug, "", "take up a job: that is no Id of one")
	}
	n := int64(0)
	for row, err := range t.Rows {
		if err != nil {
			return named(t.Verb, t.Object, err)
		}
		if n++; n > job.First && n <= job.First+job.Rows {
			s.add(row)
		}
	}
	if int64(len(s.rows)) != job.Rows {
		return plan.Failf(plan.Bug, "", "take up job %s: the table has %d of its %d rows", job.ID, len(s.rows),
			job.Rows)
	}
	if err := w.spend(t.Verb, t.Object, len(s.sent)); err != nil {
		return err
	}
	return named(t.Verb, t.Object, w.finish(ctx, ending{job: job, takenUp: true}, s, each))
}

// sheetOf begins the first sheet of a table that may be written.
func (w *Writer) sheetOf(t Table, first int64) (*sheet, error) {
	may, err := w.allowance(t.Verb, t.Object)
	if err != nil {
		return nil, err
	}
	switch t.Verb {
	case Delete:
		t.Columns = []string{"Id"}
	case Insert:
		if len(t.Columns) == 0 {
			return nil, plan.Failf(plan.Bug, "", "insert %s: no columns", t.Object)
		}
	default:
		return nil, plan.Failf(plan.Bug, "", "no job can %s", t.Verb)
	}
	if !areColumns(t.Columns) {
		return nil, plan.Failf(plan.Bug, "", "%s %s: a column can't be named so, or stands there twice", t.Verb,
			t.Object)
	}
	return newSheet(t, may.Prefix, first), nil
}

// areColumns tells whether names may be those of columns, each another. Salesforce puts its own before them.
func areColumns(names []string) bool {
	seen := map[string]bool{}
	for _, name := range names {
		before, after, nested := strings.Cut(name, ".") // a record that is referred to by its external Id
		lower := strings.ToLower(name)
		switch {
		case !schema.IsName(before), nested && !schema.IsName(after), strings.HasPrefix(lower, "sf__"), seen[lower]:
			return false
		}
		seen[lower] = true
	}
	return true
}

// write sends the rows of a sheet as one job.
func (w *Writer) write(ctx context.Context, s *sheet, each func(Outcome) error) error {
	if len(s.sent) == 0 {
		return s.tell(each)
	}
	if err := w.spend(s.verb, s.object, len(s.sent)); err != nil {
		return err
	}
	job, err := w.fill(ctx, s)
	if err != nil { // nothing is written by a job that was never closed
		w.giveBack(s.verb, s.object, len(s.sent))
		return err
	}
	err = w.closeJob(ctx, job)
	if errors.Is(err, errNotClosed) {
		w.giveBack(s.verb, s.object, len(s.sent))
		return err
	}
	return w.finish(ctx, ending{job: job, closed: err == nil}, s, each)
}

// fill makes a job that holds the rows of a sheet, and isn't closed.
func (w *Writer) fill(ctx context.Context, s *sheet) (Job, error) {
	text, err := s.text()
	if err != nil {
		return Job{}, err
	}
	job, err := w.createJob(ctx, s)
	if err != nil {
		if !fault.Undone(err) {
			err = plan.Failf(plan.ClassOf(err), "it holds no records and writes nothing; Salesforce removes it after "+
				"seven days", "a job may have been made whose answer was lost: %w", err)
		}
		return Job{}, err
	}
	if err = w.upload(ctx, job, text); err == nil && s.table.Began != nil {
		err = s.table.Began(job)
	}
	if err != nil {
		w.abort(ctx, job)
	}
	return job, err
}

// An ending is a job whose end is waited for.
type ending struct {
	job     Job
	closed  bool // for certain; one that isn't, and turns out to be open, is aborted
	takenUp bool // from a process that has ended
}

// finish waits for the end of a job, takes its results, and looks up what they don't tell.
func (w *Writer) finish(ctx context.Context, e ending, s *sheet, each func(Outcome) error) error {
	info, err := w.await(ctx, e)
	if err == nil {
		err = w.results(ctx, e.job, s)
	}
	// Results that can't be had are no reason to know nothing: the records tell. What an aborted job had
	// begun may still come to its end.
	working := info.State != salesforce.JobComplete && info.State != salesforce.Failed
	err = errors.Join(err, w.settle(ctx, s, working))
	if s.settled() {
		err = nil
	}
	switch { // the next job would fare no better, or isn't wanted
	case info.State == salesforce.Failed:
		err = errors.Join(err, plan.Failf(plan.Fix, "mend what it says, and do the same again for what wasn't written",
			"job %s failed: %s", e.job.ID, info.Error))
	case info.State == salesforce.Aborted && !e.takenUp:
		err = errors.Join(err, plan.Failf(plan.Fix, "look who aborted it in Salesforce's setup, or why it took so long",
			"job %s was aborted", e.job.ID))
	}
	return errors.Join(err, s.tell(each))
}

// settle looks up the rows of which nobody knows what became. Where what writes isn't working any more, what
// isn't as it was to become stays as it is.
func (w *Writer) settle(ctx context.Context, s *sheet, working bool) error {
	open := s.open()
	if len(open) == 0 {
		return nil
	}
	pauses, unwritten := looksAfter(), Live
	if !working {
		pauses = pauses[:1]
	}
	look := w.lookDeleted(s.object, InBin, pauses)
	if s.verb == Insert {
		look, unwritten = w.lookInserted(s.object, s.table.Key, s.keyOf, pauses), Absent
	}
	if err := look(ctx, open); err != nil {
		return fmt.Errorf("look up what isn't known: %w", err)
	}
	for _, o := range open {
		if !working && o.State == Unknown && o.Found == unwritten {
			*o = failed(o.Row, o.ID, refusal.Refusal{Code: "NO_RESULT", Reason: refusal.Untold})
		}
	}
	return nil
}
