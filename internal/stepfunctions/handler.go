package stepfunctions

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"time"

	"github.com/aws/aws-lambda-go/lambda/messages"

	"catchment/internal/outcome"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Call is what a machine sends to the function of a step.
type Call struct {
	Step  string `json:"step"`
	Every int    `json:"every,omitempty"` // seconds between two polls, where the step names no time
	Task  Note   `json:"task"`
}

// A Note is a task on its way through a machine, with what only machines need.
// It stays under 512 bytes without its items, as a task does; what a machine caught
// and the outcome come at the end, and have bounds of their own.
type Note struct {
	plan.Task
	Wait      int              `json:"wait,omitempty"`      // seconds until the next poll
	Polls     int              `json:"polls,omitempty"`     // so far, of the step under way
	Execution string           `json:"execution,omitempty"` // its ARN; on the way to list and publish only
	Started   time.Time        `json:"started,omitzero"`
	Caught    *Caught          `json:"error,omitempty"`   // on the way to publish, where something failed as a whole
	Outcome   *outcome.Outcome `json:"outcome,omitempty"` // of publish: how the run went
}

// A Caught is an error as a machine's catchers write it down.
type Caught struct{ Error, Cause string }

// A pollNote is a Note as a machine needs it, which looks for what is 0 or empty
// too: a path that leads nowhere ends an execution, and nothing catches that.
type pollNote struct {
	Note
	Wait  int          `json:"wait"`
	Items *[]plan.Task `json:"items,omitempty"` // of a run; the note of a flow has none
}

func (n Note) answer(wait int) pollNote {
	out := pollNote{Note: n, Wait: wait}
	if n.Flow == "" {
		items := append([]plan.Task{}, n.Items...)
		out.Items = &items
	}
	return out
}

// Work is what a Handler needs to do the steps of one run.
type Work struct {
	Steps   plan.Steps
	Outcome func(ctx context.Context, run string) (outcome.Outcome, error) // of a run that was published
}

// An Order is a step of a run that is to be done.
type Order struct {
	Step   string
	Run    string
	Holder string          // names the execution in leases
	Stop   <-chan struct{} // closed when the call should come to its end
}

// A Handler answers the calls of a machine.
type Handler struct {
	// Open gives what does a step.
	Open func(context.Context, Order) (Work, error)

	// Publish is the step whose answer carries the run's outcome.
	Publish string

	// Metrics takes a line of metrics for each run that was published; it is the
	// function's log. nil takes none.
	Metrics io.Writer

	Now func() time.Time
}

// How long before the function's deadline a call begins to end: load finishes
// its pages then, and goes on in the next call. The rest is for what a step has
// to write down when its context ends. Short lives keep the same proportions.
const (
	stopBefore = 60 * time.Second
	saveBefore = 10 * time.Second
)

// Call does one step. Its errors are those that a machine knows by name.
func (h *Handler) Call(ctx context.Context, in Call) (any, error) {
	stop := make(chan struct{})
	if deadline, ok := ctx.Deadline(); ok {
		left := time.Until(deadline)
		timer := time.AfterFunc(left-min(stopBefore, left/4), func() { close(stop) })
		defer timer.Stop()
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-min(saveBefore, left/10)))
		defer cancel()
	}
	out, err := h.call(ctx, in, stop)
	if err != nil {
		return nil, answer(err)
	}
	return out, nil
}

func (h *Handler) call(ctx context.Context, in Call, stop <-chan struct{}) (any, error) {
	note, t := in.Task, in.Task.Task
	if t.Run == "" {
		t.Run = runID(note.Execution, note.Started)
	}
	work, err := h.Open(ctx, Order{in.Step, t.Run, note.Execution, stop})
	if err != nil {
		return nil, err
	}
	out, err := work.Steps.Do(ctx, in.Step, t)
	if err != nil {
		return nil, err
	}
	note.Task = out
	for i := range note.Items {
		note.Items[i].Done = false
	}
	if in.Step == h.Publish {
		return h.published(ctx, work, note)
	}
	if out.Done || in.Every == 0 && out.NotBefore.IsZero() {
		note.Wait, note.Polls = 0, 0
		return note.answer(0), nil
	}
	note.Polls++
	return note.answer(pause(h.Now(), out.NotBefore, in.Every, note.Polls)), nil
}

// published is the answer of publish: the machine's end needs nothing but the
// outcome.
func (h *Handler) published(ctx context.Context, work Work, note Note) (any, error) {
	out, err := work.Outcome(ctx, note.Run)
	if err != nil {
		return nil, err
	}
	if note.Caught != nil {
		out = out.Because(note.Caught.Error, note.Caught.Cause)
	}
	if err := writeMetrics(h.Metrics, h.Now(), machineOf(note.Execution), out); err != nil {
		return nil, err
	}
	note.Outcome, note.Items, note.Caught = &out, nil, nil
	return note, nil
}

// Polls of a machine cost money and history, so they come farther apart the
// longer a job takes.
const (
	firstPause = 10 * time.Second
	lastPause  = 5 * time.Minute
)

// pause is how many seconds pass before the next poll: until the time that the
// step named, and never sooner than the back-off says.
func pause(now, notBefore time.Time, every, polls int) int {
	d := max(firstPause, time.Duration(every)*time.Second)
	for range min(polls-1, 20) {
		if d = d * 3 / 2; d >= lastPause {
			break
		}
	}
	d = min(d, lastPause)
	if !notBefore.IsZero() {
		d = max(d, notBefore.Sub(now))
	}
	return int((d + time.Second - 1) / time.Second)
}

// runID makes the id of an execution's run: the same for every call of it, and
// in the form of all runs, so that they sort by their time.
func runID(execution string, started time.Time) string {
	sum := sha256.Sum256([]byte(execution))
	started = started.UTC()
	return started.Format("20060102T150405") + started.Format(".000")[1:] + "-" + hex.EncodeToString(sum[:4])
}

// answer gives an error the name that the machine looks at. aws-lambda-go would
// send the name of its Go type.
func answer(err error) error {
	message := err.Error() + "\nhint: " + plan.AdviceOf(err)
	class := plan.ClassOf(err)
	if errors.Is(err, context.Canceled) {
		class = plan.Retry // the call was ended from outside
	}
	return messages.InvokeResponse_Error{Type: ErrorName(class), Message: printable.Text(message)}
}
