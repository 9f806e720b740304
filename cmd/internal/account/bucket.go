package account

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"catchment/internal/awserr"
	"catchment/internal/blob/s3"
	"catchment/internal/plan"
	"catchment/internal/rollout"
)

// Bucket opens the bucket for what is deployed.
func (a *Account) Bucket(ctx context.Context, name string) (rollout.Bucket, error) {
	var err error
	if name == "" {
		name, err = a.own(ctx)
	} else {
		err = a.look(ctx, name, nil)
	}
	if err != nil {
		return rollout.Bucket{}, err
	}
	store, err := s3.New(a.s3, name)
	if err != nil {
		return rollout.Bucket{}, err
	}
	return rollout.Bucket{Name: name, Store: store, URL: func(key string) string { return a.url(name, key) }}, nil
}

// url is how CloudFormation reads an object: by the bucket's name as a path,
// which also goes with a dot in it.
func (a *Account) url(bucket, key string) string {
	domain := "amazonaws.com"
	if strings.HasPrefix(a.region, "cn-") {
		domain += ".cn"
	}
	return "https://s3." + a.region + "." + domain + "/" + bucket + "/" + key
}

// look says whether a bucket can be used. owner is who has to have it, nil for
// anybody. S3 tells everybody where a bucket is, and who may list it the rest
// (API reference, HeadBucket): whether others may write shows when they do.
func (a *Account) look(ctx context.Context, name string, owner *string) error {
	out, err := a.s3.HeadBucket(ctx, &awss3.HeadBucketInput{Bucket: &name, ExpectedBucketOwner: owner})
	region := ""
	if err == nil {
		region = aws.ToString(out.BucketRegion)
	} else if r, ok := errors.AsType[*awshttp.ResponseError](err); ok && r.Response != nil {
		region = r.Response.Header.Get("X-Amz-Bucket-Region")
	}
	status := awserr.StatusOf(err)
	switch {
	case region != "" && region != a.region, status == http.StatusMovedPermanently:
		return plan.Fixf("name one of "+a.region+" with: --bucket NAME", "bucket %s is in another Region, and Lambda "+
			"reads programs from its own", name)
	case err == nil:
		return nil
	case status == http.StatusNotFound:
		return plan.Fixf("make it with: aws s3 mb s3://"+name+"   or leave --bucket out: the account has its own",
			"there is no bucket %s: %w", name, err)
	case status == http.StatusForbidden && owner != nil:
		return plan.Fixf("name one of yours with: --bucket NAME; or allow yourself s3:ListBucket on arn:aws:s3:::"+name,
			"bucket %s is not this account's, or you may not look at it: %w", name, err)
	case status == http.StatusForbidden:
		return nil
	}
	return awserr.Classed("s3:ListBucket", "arn:aws:s3:::"+name, err)
}

// own is the account's own bucket for code, made where it isn't there yet. Its
// name can be guessed, so somebody else may have it: what is uploaded goes only
// into one of this account.
func (a *Account) own(ctx context.Context) (string, error) {
	number, err := a.number(ctx)
	if err != nil {
		return "", err
	}
	name := "catchment-code-" + number + "-" + a.region
	in := &awss3.CreateBucketInput{Bucket: &name}
	if a.region != "us-east-1" { // the one Region that is no location
		in.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(a.region)}
	}
	err = a.look(ctx, name, &number)
	if awserr.StatusOf(err) == http.StatusNotFound {
		_, err = a.s3.CreateBucket(ctx, in)
		if _, made := errors.AsType[*types.BucketAlreadyOwnedByYou](err); err != nil && !made {
			return "", awserr.Classed("s3:CreateBucket", "arn:aws:s3:::"+name, err)
		}
		err = a.look(ctx, name, &number)
	}
	if err != nil {
		return "", err
	}
	return name, a.guard(ctx, name, number)
}

// guard closes the account's own bucket. Its policy comes last, so that one with
// a policy has the rest, and keeps what an administrator made of it.
func (a *Account) guard(ctx context.Context, name, owner string) error {
	bucket, arn := &name, "arn:"+a.partition()+":s3:::"+name
	_, err := a.s3.GetBucketPolicy(ctx, &awss3.GetBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: &owner})
	if err == nil {
		return nil
	}
	if awserr.CodeOf(err) != "NoSuchBucketPolicy" {
		return awserr.Classed("s3:GetBucketPolicy", arn, err)
	}
	_, err = a.s3.PutPublicAccessBlock(ctx, &awss3.PutPublicAccessBlockInput{
		Bucket: bucket, ExpectedBucketOwner: &owner,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls: aws.Bool(true), BlockPublicPolicy: aws.Bool(true), IgnorePublicAcls: aws.Bool(true),
			RestrictPublicBuckets: aws.Bool(true),
		},
	})
	if err != nil {
		return awserr.Classed("s3:PutBucketPublicAccessBlock", arn, err)
	}
	always := types.ServerSideEncryptionByDefault{SSEAlgorithm: types.ServerSideEncryptionAes256}
	_, err = a.s3.PutBucketEncryption(ctx, &awss3.PutBucketEncryptionInput{
		Bucket: bucket, ExpectedBucketOwner: &owner,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{
			Rules: []types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &always}}},
	})
	if err != nil {
		return awserr.Classed("s3:PutEncryptionConfiguration", arn, err)
	}
	policy := `{"Version": "2012-10-17", "Statement": [{"Sid": "TLSOnly", "Effect": "Deny", "Principal": "*",` +
		`"Action": "s3:*", "Resource": ["` + arn + `", "` + arn + `/*"],` +
		`"Condition": {"Bool": {"aws:SecureTransport": "false"}}}]}`
	_, err = a.s3.PutBucketPolicy(ctx,
		&awss3.PutBucketPolicyInput{Bucket: bucket, ExpectedBucketOwner: &owner, Policy: &policy})
	return awserr.Classed("s3:PutBucketPolicy", arn, err)
}

// partition is the part of AWS that a Region belongs to.
func (a *Account) partition() string {
	switch {
	case strings.HasPrefix(a.region, "cn-"):
		return "aws-cn"
	case strings.HasPrefix(a.region, "us-gov-"):
		return "aws-us-gov"
	}
	return "aws"
}
