package write

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
)

// A Job is a job of Bulk API 2.0 that writes, as much as has to be remembered of it.
type Job struct {
	ID      string
	Version string // of the API that made it
	First   int64  // the place of its first row among those of the table
	Rows    int64  // how many of them it is about, those included that were refused before
}

// jobPrefix begins the Id of every job.
const jobPrefix = "750"

// stateOpen is the state of a job that may still get records. Only jobs that write have it.
const stateOpen salesforce.JobState = "Open"

func (j Job) path(more ...string) string {
	return wire.Path(j.Version, append([]string{"jobs", "ingest", j.ID}, more...)...)
}

// A jobInfo is what an answer says of a job. Its contentUrl isn't looked at: the path follows from the Id.
type jobInfo struct {
	ID        string              `json:"id"`
	Operation string              `json:"operation"`
	Object    string              `json:"object"`
	State     salesforce.JobState `json:"state"`
	Error     string              `json:"errorMessage"`
}

// createJob posts a job without records. An answer that is lost may leave one behind, which does nothing.
func (w *Writer) createJob(ctx context.Context, s *sheet) (Job, error) {
	order, err := json.Marshal(map[string]string{
		"object": s.object, "operation": string(s.verb), "contentType": "CSV", "columnDelimiter": "COMMA",
		"lineEnding": "LF",
	})
	if err != nil {
		return Job{}, err
	}
	info, err := w.askJob(ctx, &wire.Request{Method: http.MethodPost, Path: w.api.Path("jobs", "ingest"), Body: order,
		Once: true})
	if err != nil {
		return Job{}, fmt.Errorf("create job: %w", err)
	}
	id, ok := fullID(info.ID)
	if !ok || !strings.HasPrefix(id, jobPrefix) || info.State != stateOpen || info.Operation != string(s.verb) ||
		!strings.EqualFold(info.Object, s.object) {
		return Job{}, plan.Strangef("create job: the answer is about another one")
	}
	return Job{ID: id, Version: w.api.Version, First: s.first, Rows: int64(len(s.rows))}, nil
}

// askJob sends what is answered by a job.
func (w *Writer) askJob(ctx context.Context, r *wire.Request) (info jobInfo, err error) {
	if r.Body != nil {
		r.Header = http.Header{"Content-Type": {"application/json; charset=UTF-8"}}
	}
	_, err = w.api.Call(ctx, r, &info)
	info.Error = fault.Bearable(info.Error)
	return info, err
}

// upload gives a job its records, which does nothing yet.
func (w *Writer) upload(ctx context.Context, job Job, text []byte) error {
	_, err := w.api.Call(ctx, &wire.Request{Method: http.MethodPut, Path: job.path("batches"), Body: text, Once: true,
		Header: http.Header{"Content-Type": {"text/csv; charset=UTF-8"}}}, nil)
	if err != nil {
		return fmt.Errorf("upload to job %s: %w", job.ID, err)
	}
	return nil
}

// state asks how far a job is.
func (w *Writer) state(ctx context.Context, job Job) (jobInfo, error) {
	info, err := w.askJob(ctx, &wire.Request{Method: http.MethodGet, Path: job.path()})
	if err != nil {
		return jobInfo{}, fmt.Errorf("job %s: %w", job.ID, err)
	}
	if id, ok := fullID(info.ID); !ok || id != job.ID {
		return jobInfo{}, plan.Strangef("job %s: the answer is about another one", job.ID)
	}
	switch info.State {
	case stateOpen, salesforce.UploadComplete, salesforce.InProgress, salesforce.JobComplete, salesforce.Failed,
		salesforce.Aborted:
		return info, nil
	}
	return jobInfo{}, plan.Strangef("job %s: it has a state that nobody knows", job.ID)
}

// change asks for another state of a job.
func (w *Writer) change(ctx context.Context, job Job, to salesforce.JobState) error {
	_, err := w.askJob(ctx, &wire.Request{Method: http.MethodPatch, Path: job.path(),
		Body: []byte(`{"state":"` + string(to) + `"}`), Once: true})
	return err
}

// abort ends a job, as far as that can be said to it.
func (w *Writer) abort(ctx context.Context, job Job) { _ = w.change(ctx, job, salesforce.Aborted) }

// errNotClosed says that a job was never closed: it writes nothing.
var errNotClosed = errors.New("the job wasn't closed, and writes nothing")

// closesAtMost is how often a job is closed whose answer was lost: a job that is closed can't be once more.
const closesAtMost = 3

// closeJob lets the org process a job. Where the answer is lost, the job's state tells, and it is closed again
// where it is open. Without an error, and with any but errNotClosed, the job may be at work.
func (w *Writer) closeJob(ctx context.Context, job Job) error {
	lost := false
	for try := 1; ; try++ {
		refused := w.change(ctx, job, salesforce.UploadComplete)
		if refused == nil {
			return nil
		}
		lost = lost || !fault.Undone(refused)
		info, err := w.state(ctx, job)
		switch {
		case err == nil && info.State != stateOpen:
			return nil
		case err == nil && !lost:
			w.abort(ctx, job)
			return fmt.Errorf("close job %s: %w: %w", job.ID, errNotClosed, refused)
		case err != nil || try == closesAtMost: // a request that was lost may arrive yet
			return fmt.Errorf("close job %s: %w", job.ID, errors.Join(refused, err))
		}
	}
}

// How long between two questions about a job, how many of them may fail, and when it is given up.
const (
	firstPause   = time.Second
	longestPause = 30 * time.Second
	failsAtMost  = 5
	longestJob   = 24 * time.Hour   // that a job is waited for, before it is aborted
	lastWords    = 10 * time.Minute // that an aborted job has to end
)

// await asks about a job until it has ended. One that takes too long is aborted, and so is one that is open
// though nobody will close it.
func (w *Writer) await(ctx context.Context, e ending) (jobInfo, error) {
	until := w.now().Add(longestJob)
	aborted, fails := false, 0
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		info, err := w.state(ctx, e.job)
		if err != nil {
			if fails++; fails == failsAtMost || plan.ClassOf(err) != plan.Retry || context.Cause(ctx) != nil {
				return jobInfo{}, err
			}
		}
		if ended(info.State) {
			return info, nil
		}

		late := !w.now().Before(until)
		abandoned := info.State == stateOpen && !e.closed
		if late && aborted {
			return jobInfo{}, plan.Failf(plan.Retry, "look at the job in Salesforce's setup",
				"job %s doesn't end", e.job.ID)
		}
		if (late || abandoned) && !aborted {
			w.abort(ctx, e.job)
			aborted, until = true, w.now().Add(lastWords)
		}
		if err := w.sleep(ctx, pause); err != nil {
			return jobInfo{}, err
		}
	}
}

// ended tells whether a job has results.
func ended(s salesforce.JobState) bool {
	return s == salesforce.JobComplete || s == salesforce.Failed || s == salesforce.Aborted
}
