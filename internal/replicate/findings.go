package replicate

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"iter"
	"sync"
	"time"

	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/plan"
)

// byFinding is the mover of parts that nobody reads from Salesforce: lists of
// Ids that turned out to be gone.
const byFinding = "finding"

// A finder holds such lists, as the pages of jobs that are done. They live in
// this process: another one finds out anew.
type finder struct {
	mu   sync.Mutex
	jobs map[string][]byte
	rows map[string]int64
}

var _ mover.Pager = (*finder)(nil)

// hold makes a job of a list of Ids.
func (f *finder) hold(ids []string, at time.Time) mover.Job {
	var text bytes.Buffer
	w := page.NewWriter(&text, []string{"Id"})
	for _, id := range ids {
		_ = w.Write([]string{id}) // a buffer takes everything
	}
	_ = w.Flush()
	job := mover.Job{ID: "gone-" + rand.Text(), ReadAt: at, Done: true, Records: int64(len(ids))}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.jobs == nil {
		f.jobs, f.rows = map[string][]byte{}, map[string]int64{}
	}
	f.jobs[job.ID], f.rows[job.ID] = text.Bytes(), job.Records
	return job
}

// Create is never called: reconcile makes these parts.
func (f *finder) Create(context.Context, mover.Request) (mover.Job, error) {
	return mover.Job{}, plan.Failf(plan.Bug, "", "a list of Ids can't be read from Salesforce")
}

// Poll finds every job of this process done.
func (f *finder) Poll(_ context.Context, j mover.Job) (mover.Job, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if _, ok := f.jobs[j.ID]; !ok {
		return j, fmt.Errorf("job %s isn't of this process: %w", j.ID, mover.ErrGone)
	}
	return j, nil
}

// Pages gives the one page of a job.
func (f *finder) Pages(_ context.Context, j mover.Job) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		f.mu.Lock()
		text, ok := f.jobs[j.ID]
		rows := f.rows[j.ID]
		f.mu.Unlock()
		if !ok {
			yield(mover.Page{}, fmt.Errorf("job %s isn't of this process: %w", j.ID, mover.ErrGone))
			return
		}
		yield(mover.Page{Name: "00001", Open: func(context.Context) (*mover.Body, error) {
			return &mover.Body{ReadCloser: io.NopCloser(bytes.NewReader(text)), Records: rows}, nil
		}}, nil)
	}
}

// Drop forgets a job.
func (f *finder) Drop(_ context.Context, j mover.Job) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.jobs, j.ID)
	delete(f.rows, j.ID)
	return nil
}
