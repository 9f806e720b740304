package cloud

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

// attemptArgument tells a job's run for whom it was started.
const attemptArgument = "--attempt"

// ConsolidatedByGlue has a Glue job call consolidated_of_tables() for an
// attempt, once, and tells whether it has ended. A job that is busy with
// another is asked again later.
func (a *AWS) ConsolidatedByGlue(ctx context.Context, job, attempt string) (bool, error) {
	c, err := a.config()
	if err != nil {
		return false, err
	}
	client := glue.NewFromConfig(c)
	for pages := glue.NewGetJobRunsPaginator(client, &glue.GetJobRunsInput{JobName: &job}); pages.HasMorePages(); {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return false, awserr.Classed("glue:GetJobRuns", "job "+job, err)
		}
		for _, run := range page.JobRuns {
			if run.Arguments[attemptArgument] == attempt {
				return ended(run)
			}
		}
	}
	_, err = client.StartJobRun(ctx,
		&glue.StartJobRunInput{JobName: &job, Arguments: map[string]string{attemptArgument: attempt}})
	if _, busy := errors.AsType[*types.ConcurrentRunsExceededException](err); busy {
		return false, nil
	}
	return false, awserr.Classed("glue:StartJobRun", "job "+job, err)
}

// lastLine is what a traceback says; the rest of it is in the log.
func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

func ended(run types.JobRun) (bool, error) {
	switch run.JobRunState {
	case types.JobRunStateSucceeded:
		return true, nil
	case types.JobRunStateFailed, types.JobRunStateError, types.JobRunStateTimeout, types.JobRunStateStopped,
		types.JobRunStateExpired:
		return false, plan.Fixf("look at the job's log in CloudWatch: /aws-glue/python-jobs",
			"Glue job run %s is %s: %s",
			aws.ToString(run.Id), run.JobRunState, lastLine(aws.ToString(run.ErrorMessage)))
	}
	return false, nil
}
