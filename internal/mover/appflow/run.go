package appflow

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/appflow"

	"catchment/internal/mover"
	"catchment/internal/plan"
)

// Start sets the flow off, unless as many executions are there as were to be
// started: a crash, or a token that lapsed, must not read everything twice.
func (l *Lander) Start(ctx context.Context, at mover.Landing) (mover.Landing, error) {
	if at.Starts == 0 {
		at.Starts = 1
	}
	if at.ReadAt.IsZero() {
		now, err := l.c.ServerTime(ctx)
		if err != nil {
			return at, err
		}
		at.ReadAt = now
	}
	all, err := l.executions(ctx, at.Flow(), at.After)
	if err != nil {
		return at, fmt.Errorf("start flow %s: %w", at.Flow(), err)
	}
	if es := since(all, at.After); len(es) < at.Starts {
		// The token stands for this start for eight hours, whoever gives it.
		token := fmt.Sprintf("%s-%d-%d", at.Flow(), at.After.UnixMilli(), at.Starts)
		_, err = l.c.Flows.StartFlow(ctx,
			&appflow.StartFlowInput{FlowName: aws.String(at.Flow()), ClientToken: aws.String(token)})
		if exists(err) { // it runs already
			err = nil
		}
		if err != nil {
			return at, fmt.Errorf("start flow %s: %w", at.Flow(), classify(err, "appflow:StartFlow"))
		}
	}
	at.Started = l.c.Now()
	return at, nil
}

// lateAtMost is how long the record of an execution may take to be seen.
const lateAtMost = 15 * time.Minute

// Poll asks how far the executions are.
func (l *Lander) Poll(ctx context.Context, at mover.Landing) (mover.Landing, error) {
	all, err := l.executions(ctx, at.Flow(), at.After)
	if err != nil {
		return at, fmt.Errorf("flow %s: %w", at.Flow(), err)
	}
	es := since(all, at.After)
	at, v := judge(at, es, l.c.Now(), l.c.Patience)
	if l.c.Format != "" {
		at.Files, at.Records = left(es)
	}
	switch v {
	case hanging:
		if err := l.cancel(ctx, at.Flow()); err != nil {
			return at, err
		}
	case failing:
		last := es[len(es)-1]
		message := last.message
		if message == "" {
			message = "AppFlow gave no reason"
		}
		class, hint := classOfReason(message)
		return at, plan.Failf(class, hint, "%w: flow %s, %s: %s", mover.ErrFailed, at.Flow(), last.status, message)
	case unseen:
		if l.c.Now().Sub(at.Started) > lateAtMost {
			return at, plan.Failf(plan.Retry, "", "%w: flow %s was started, and AppFlow knows of no execution",
				mover.ErrFailed, at.Flow())
		}
	}
	return at, nil
}

// executions reads the execution records of a flow as far back as after.
func (l *Lander) executions(ctx context.Context, flow string, after time.Time) ([]execution, error) {
	var all []execution
	in := &appflow.DescribeFlowExecutionRecordsInput{FlowName: aws.String(flow)}
	for {
		out, err := l.c.Flows.DescribeFlowExecutionRecords(ctx, in)
		if notFound(err) {
			return nil, fmt.Errorf("%w: %w", mover.ErrGone, err)
		}
		if err != nil {
			return nil, classify(err, "appflow:DescribeFlowExecutionRecords")
		}
		var page []execution
		for _, r := range out.FlowExecutions {
			page = append(page, executionOf(r))
		}
		all = append(all, page...)
		if out.NextToken == nil || !after.IsZero() && enough(all, after) {
			return all, nil
		}
		in.NextToken = out.NextToken
	}
}

// cancel stops whatever runs of a flow. What it has landed stays landed.
func (l *Lander) cancel(ctx context.Context, flow string) error {
	_, err := l.c.Flows.CancelFlowExecutions(ctx, &appflow.CancelFlowExecutionsInput{FlowName: aws.String(flow)})
	if notFound(err) {
		return nil
	}
	return classify(err, "appflow:CancelFlowExecutions")
}
