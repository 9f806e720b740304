package appflow

import (
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	cf "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	"catchment/internal/mover"
	"catchment/internal/printable"
)

// A deed is what is to be done about a stack.
type deed string

const (
	post  deed = "post"  // there is none
	wait  deed = "wait"  // something is under way
	ready deed = "ready" // its flow is there
	clear deed = "clear" // it came to nothing, and stands in the way of a new one
)

// deedFor decides what a stack in this state needs; "" is no stack.
func deedFor(status cf.StackStatus) deed {
	switch status {
	case "":
		return post
	case cf.StackStatusCreateComplete, cf.StackStatusUpdateComplete, cf.StackStatusUpdateRollbackComplete,
		cf.StackStatusUpdateCompleteCleanupInProgress:
		return ready
	case cf.StackStatusCreateInProgress, cf.StackStatusRollbackInProgress, cf.StackStatusDeleteInProgress,
		cf.StackStatusUpdateInProgress, cf.StackStatusUpdateRollbackInProgress,
		cf.StackStatusUpdateRollbackCompleteCleanupInProgress:
		return wait
	}
	return clear
}

// An execution is what counts of one execution record.
type execution struct {
	id        string
	status    types.ExecutionStatus
	startedAt time.Time
	records   int64
	bytes     int64
	message   string
}

func executionOf(r types.ExecutionRecord) execution {
	e := execution{id: aws.ToString(r.ExecutionId), status: r.ExecutionStatus, startedAt: aws.ToTime(r.StartedAt)}
	if r.ExecutionResult != nil {
		e.records = aws.ToInt64(r.ExecutionResult.RecordsProcessed)
		e.bytes = aws.ToInt64(r.ExecutionResult.BytesWritten)
		if r.ExecutionResult.ErrorInfo != nil {
			e.message = printable.Message(aws.ToString(r.ExecutionResult.ErrorInfo.ExecutionMessage))
		}
	}
	return e
}

func (e execution) running() bool {
	return e.status == types.ExecutionStatusInprogress || e.status == types.ExecutionStatusCancelstarted
}

// since keeps the executions that aren't settled, oldest first.
func since(all []execution, after time.Time) []execution {
	out := slices.DeleteFunc(slices.Clone(all), func(e execution) bool { return !e.startedAt.After(after) })
	slices.SortFunc(out, func(a, b execution) int { return a.startedAt.Compare(b.startedAt) })
	return out
}

// enough tells whether the pages so far must hold every execution since after:
// where they come newest first, which nobody promises, the rest is older.
func enough(page []execution, after time.Time) bool {
	newestFirst := slices.IsSortedFunc(page, func(a, b execution) int { return b.startedAt.Compare(a.startedAt) })
	return newestFirst && len(page) > 1 && !page[len(page)-1].startedAt.After(after)
}

// A verdict is what a landing's executions mean.
type verdict string

const (
	unseen  verdict = "unseen" // fewer than were started: their records are late
	running verdict = "running"
	hanging verdict = "hanging"
	landed  verdict = "landed"
	failing verdict = "failed" // all have ended, and none well
)

// left are the executions whose files count. One that failed, or was cancelled, may have
// left some, of which nobody knows what they lack.
func left(es []execution) (out []mover.Execution, records int64) {
	for _, e := range es {
		if e.status == types.ExecutionStatusSuccessful {
			out = append(out, mover.Execution{ID: e.id, Records: e.records, Bytes: e.bytes})
			records += e.records
		}
	}
	return out, records
}

// judge reads the executions of a landing since its last claim. Whatever they
// landed is in the table, of failed ones too.
func judge(l mover.Landing, es []execution, now time.Time, patience time.Duration) (mover.Landing, verdict) {
	v := landed
	var sum int64
	good := 0
	for _, e := range es {
		sum += e.records
		if e.startedAt.After(l.Latest) {
			l.Latest = e.startedAt
		}
		switch {
		case e.running() && now.Sub(e.startedAt) > patience:
			v = hanging
		case e.running():
			if v != hanging {
				v = running
			}
		case e.status == types.ExecutionStatusSuccessful:
			good++
		}
	}
	switch {
	case v != landed:
	case len(es) < l.Starts:
		v = unseen
	case good == 0:
		v = failing
	}
	l.Done = v == landed
	l.Records = sum
	return l, v
}
