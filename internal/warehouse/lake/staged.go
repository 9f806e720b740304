package lake

import (
	"context"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// Staged tells how many pages and rows the ledger holds.
func (s loader) Staged(ctx context.Context, attempt, job string) (pages, rows int64, err error) {
	l, err := s.ledger(ctx, attempt)
	if err != nil {
		return 0, 0, named("ledger of attempt "+attempt, err)
	}
	if job != "" {
		l = l.Of(job)
	}
	pages, rows = l.Count()
	return pages, rows, nil
}

// ledger finds the ledger of an attempt, whatever table it is of.
func (s *site) ledger(ctx context.Context, attempt string) (ledger.Ledger, error) {
	all, err := s.registered(ctx)
	if err != nil {
		return ledger.Ledger{}, err
	}
	for _, name := range candidates(all, attempt) {
		t, err := s.found(ctx, tables.Name(s.Staging, name))
		if err != nil {
			return ledger.Ledger{}, err
		}
		if t == nil {
			continue
		}
		l, err := ledger.Read(t.Properties(), attempt)
		if err != nil || len(l.Jobs) > 0 {
			return l, err
		}
	}
	return ledger.Ledger{}, nil
}

// candidates are the tables that may have staged an attempt. The names of most attempts begin with their flow: then it
// is that flow's. Of others nobody knows.
func candidates(all map[string]line, attempt string) []string {
	if flow, _, is := strings.Cut(attempt, "-"); is && all[flow].Mark.Table != "" {
		return []string{all[flow].Mark.Table}
	}
	var names []string
	for _, m := range marksOf(all) {
		names = append(names, m.Table)
	}
	return names
}

// Keys counts the different keys that a job has in staging.
func (s loader) Keys(ctx context.Context, t shape.Table, attempt, job string) (n int64, err error) {
	last := ""
	err = s.staged(ctx, staging{t, attempt, job, nil}, func(b rows.Batch) {
		for i, key := range b.Keys {
			if n == 0 && i == 0 || key != last {
				n, last = n+1, key
			}
		}
	})
	return n, named("keys of attempt "+attempt, err)
}

// A staging is some columns of what a job has in staging.
type staging struct {
	table        shape.Table
	attempt, job string
	columns      []string // those of them that the stage table has
}

// staged calls each with the rows of a job, in order of their keys.
func (s loader) staged(ctx context.Context, of staging, each func(rows.Batch)) error {
	t, err := s.Find(ctx, s.stage(of.table))
	if err != nil {
		return err
	}
	has, err := ledger.Read(t.Properties(), of.attempt)
	if err != nil || len(has.Of(of.job).Jobs) == 0 {
		return err
	}
	made := slices.DeleteFunc(slices.Clone(of.columns), func(name string) bool {
		_, has := t.Schema().FindFieldByName(name)
		return !has
	})
	q := rows.Query{Key: of.table.Key, Columns: made, Where: ofJobs(of.attempt, of.job)}
	return s.each(ctx, t, q, func(b rows.Batch) error {
		each(b)
		return nil
	})
}

// ofJobs tells of the rows of an attempt's jobs.
func ofJobs(attempt string, jobs ...string) iceberg.BooleanExpression {
	return removal.Where{In: map[string][]string{columns.Attempt: {attempt}, columns.Job: jobs}}.Expression()
}

// Repeated tells of the keys that a job has in staging more than once.
func (s loader) Repeated(
	ctx context.Context, t shape.Table, attempt, job string,
) (found evidence.Repeats, err error) {
	var group repeats
	var differ, alike evidence.Repeats
	all := append([]string{columns.Seq}, shape.ColumnNames(t)...)
	err = s.staged(ctx, staging{t, attempt, job, all}, func(b rows.Batch) {
		for i, key := range b.Keys {
			if group.first != nil && key == group.key {
				group.add(b.Record, i)
				continue
			}
			group.tell(&differ, &alike)
			group = repeats{key: key, first: b.Record, at: i, rows: 1}
		}
	})
	group.tell(&differ, &alike)
	found = differ
	found.Rows, found.Apart = found.Rows+alike.Rows, found.Apart+alike.Apart
	if found.Differing == 0 {
		found.Keys = alike.Keys
	}
	return found, named("repeated keys of attempt "+attempt, err)
}

// repeats is the rows of one key.
type repeats struct {
	key    string
	first  arrow.RecordBatch // that has the first of them, nil for none
	at     int               // where in it
	rows   int64
	pages  map[int64]bool // nil where there is one row
	differ bool
}

// add adds a row. The first column is the page, the others are what a version says.
func (r *repeats) add(record arrow.RecordBatch, i int) {
	page := func(record arrow.RecordBatch, i int) int64 { return record.Column(0).(*array.Int64).Value(i) }
	if r.pages == nil {
		r.pages = map[int64]bool{page(r.first, r.at): true}
	}
	r.rows++
	r.pages[page(record, i)] = true
	for c := 1; c < int(record.NumCols()) && !r.differ; c++ {
		a, b := r.first.Column(c), record.Column(c)
		r.differ = a.IsNull(r.at) != b.IsNull(i) || a.ValueStr(r.at) != b.ValueStr(i)
	}
}

// tell counts the key where it came more than once: among those that differ, or those that are alike.
func (r *repeats) tell(differ, alike *evidence.Repeats) {
	found := alike
	if r.differ {
		found = differ
	}
	if r.rows > 1 {
		found.Add(r.key, r.rows, int64(len(r.pages)), r.differ)
	}
}

// Discard removes the staged rows and the ledger of an attempt's jobs, and the lines of what they kept out. What was
// consolidated stays, and so do its lines, also where somebody died before the ledger let go of it.
func (s loader) Discard(ctx context.Context, f warehouse.Fence, attempt string, keep ...string) error {
	return named("discard attempt "+attempt, s.discard(ctx, f, attempt, keep...))
}

func (s loader) discard(ctx context.Context, f warehouse.Fence, attempt string, keep ...string) error {
	m, known, err := s.known(ctx, f.Flow)
	if err != nil {
		return err
	}
	if !known || m.Fence > f.Number {
		return warehouse.ErrFenced
	}
	if done, err := s.merged(ctx, m.Table, attempt); done || err != nil {
		return err
	}
	if err := s.discardPages(ctx, f, m.Table, attempt, keep...); err != nil {
		return err
	}
	_, err = s.Commit(ctx, s.own(own.Rejected), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		if err := s.fenced(ctx, f); err != nil {
			return nil, err
		}
		c := &tables.Change{}
		any, err := removal.Of(ctx, t, removal.Where{In: map[string][]string{"flow": {f.Flow},
			columns.Attempt: {attempt}}, NotIn: map[string][]string{columns.Job: keep}}, c)
		if err != nil || !any {
			return nil, err
		}
		return c, nil
	})
	return err
}

// discardPages removes what some jobs of an attempt have in a stage table.
func (s loader) discardPages(ctx context.Context, f warehouse.Fence, name, attempt string, keep ...string) error {
	stage := tables.Name(s.Staging, name)
	if t, err := s.found(ctx, stage); t == nil || err != nil {
		return err
	}
	_, err := s.Commit(ctx, stage, func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		if err := s.fenced(ctx, f); err != nil {
			return nil, err
		}
		has, err := ledger.Read(t.Properties(), attempt)
		if err != nil {
			return nil, err
		}
		var jobs []string
		for _, j := range has.Without(keep...).Jobs {
			jobs = append(jobs, j.Name)
		}
		if len(jobs) == 0 {
			return nil, nil
		}
		c := &tables.Change{}
		where := removal.Where{In: map[string][]string{columns.Attempt: {attempt}, columns.Job: jobs}}
		if _, err := removal.Of(ctx, t, where, c); err != nil {
			return nil, err
		}
		return c, note(c, attempt, has.Of(keep...))
	})
	return err
}
