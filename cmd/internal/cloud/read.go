package cloud

import (
	"context"
	"io"
	"strings"
	"time"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

// Read reads a small object, s3://bucket/key.
func (a *AWS) Read(ctx context.Context, place string) ([]byte, error) {
	bucket, key, ok := strings.Cut(strings.TrimPrefix(place, "s3://"), "/")
	if !ok || !strings.HasPrefix(place, "s3://") {
		return nil, plan.Fixf("write s3://bucket/key", "%q is no address of an object", place)
	}
	client, err := a.S3()
	if err != nil {
		return nil, err
	}
	out, err := client.GetObject(ctx, &awss3.GetObjectInput{Bucket: &bucket, Key: &key})
	if err != nil {
		return nil, awserr.ClassedRead(bucket, key, err)
	}
	defer out.Body.Close()
	return io.ReadAll(out.Body)
}

// describeTime bounds one question about an execution.
const describeTime = 10 * time.Second

// Ended tells whether an execution of a Step Functions machine is over, so that
// a lease in its name is free. Of what it can't ask about it says no: such a
// lease ends by itself.
func (a *AWS) Ended(execution string) bool {
	if !strings.HasPrefix(execution, "arn:") {
		return false // a process of some machine
	}
	c, err := a.config()
	if err != nil {
		return false
	}
	ctx, cancel := context.WithTimeout(context.Background(), describeTime)
	defer cancel()
	out, err := sfn.NewFromConfig(c).DescribeExecution(ctx, &sfn.DescribeExecutionInput{ExecutionArn: &execution})
	return err == nil && out.Status != types.ExecutionStatusRunning && out.Status != types.ExecutionStatusPendingRedrive
}
