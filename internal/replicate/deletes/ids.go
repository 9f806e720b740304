package deletes

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

// IDs holds lists of Ids that turned out to be gone, as the pages of jobs that are
// done. They live in this process: another one finds out anew.
type IDs struct {
	mu   sync.Mutex
	jobs map[string][]byte
	rows map[string]int64
}

var _ mover.Pager = (*IDs)(nil)

// Traits are none: nobody chooses it.
func (l *IDs) Traits() mover.Traits { return mover.Traits{} }

// Hold makes a job of a list of Ids.
func (l *IDs) Hold(ids []string, at time.Time) mover.Job {
	var text bytes.Buffer
	w := page.NewWriter(&text, []string{"Id"})
	for _, id := range ids {
		_ = w.Write([]string{id}) // a buffer takes everything
	}
	_ = w.Flush()
	job := mover.Job{ID: "gone-" + rand.Text(), ReadAt: at, Done: true, Records: int64(len(ids))}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.jobs == nil {
		l.jobs, l.rows = map[string][]byte{}, map[string]int64{}
	}
	l.jobs[job.ID], l.rows[job.ID] = text.Bytes(), job.Records
	return job
}

// Create is never called: these parts are made of what was found.
func (l *IDs) Create(context.Context, mover.Request) (mover.Job, error) {
	return mover.Job{}, plan.Failf(plan.Bug, "", "a list of Ids can't be read from Salesforce")
}

// Poll finds every job of this process done.
func (l *IDs) Poll(_ context.Context, j mover.Job) (mover.Job, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, ok := l.jobs[j.ID]; !ok {
		return j, fmt.Errorf("job %s isn't of this process: %w", j.ID, mover.ErrGone)
	}
	return j, nil
}

// Pages gives the one page of a job.
func (l *IDs) Pages(_ context.Context, j mover.Job) iter.Seq2[mover.Page, error] {
	return func(yield func(mover.Page, error) bool) {
		l.mu.Lock()
		text, ok := l.jobs[j.ID]
		rows := l.rows[j.ID]
		l.mu.Unlock()
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
func (l *IDs) Drop(_ context.Context, j mover.Job) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.jobs, j.ID)
	delete(l.rows, j.ID)
	return nil
}
