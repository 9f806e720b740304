package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"regexp"
	"strings"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/awserr"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// s3Schemes are those of addresses in S3: the first is the one that is written.
var s3Schemes = []string{"s3", "s3a", "s3n"}

const (
	// tries is how often S3 is asked that is busy, with up to longestPause between.
	tries        = 8
	longestPause = 20 * time.Second
	// callTime bounds one call, with its tries.
	callTime = 5 * time.Minute
	// partSize is how much of a file is held in memory on its way to S3.
	partSize = 8 << 20
)

// Buckets have the files of a lake in S3.
type Buckets struct {
	client   *s3.Client
	within   string // only addresses that begin so; "" for whichever the catalog names
	partSize int
}

var (
	_ icebergio.ReadFileIO      = (*Buckets)(nil)
	_ icebergio.WriteFileIO     = (*Buckets)(nil)
	_ icebergio.ListableIO      = (*Buckets)(nil)
	_ icebergio.StatIO          = (*Buckets)(nil)
	_ icebergio.BulkRemovableIO = (*Buckets)(nil)
)

// NewBuckets makes the files of a lake that lies within an address, s3://bucket/prefix. With "" its catalog says
// where they are.
func NewBuckets(client *s3.Client, within string) *Buckets {
	if within != "" {
		within = strings.TrimRight(within, "/") + "/"
	}
	patient := retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = tries
		o.MaxBackoff = longestPause
	})
	own := s3.New(client.Options(), func(o *s3.Options) {
		o.Retryer = patient
		o.DisableLogOutputChecksumValidationSkipped = true // of a range there is none
	})
	return &Buckets{client: own, within: within, partSize: partSize}
}

// regions are what a region can be called. A host is made of it.
var regions = regexp.MustCompile(`^[a-z]{2,3}(-[a-z]+)+-[0-9]{1,2}$`)

// Lent are the same files with the credentials that a catalog lends for a table, if it does. Where S3 is, it has no
// say in: what it names as an endpoint would get all that is written.
func (b *Buckets) Lent(properties map[string]string) *Buckets {
	id, secret := properties[icebergio.S3AccessKeyID], properties[icebergio.S3SecretAccessKey]
	if id == "" || secret == "" {
		return b
	}
	lent := *b
	lent.client = s3.New(b.client.Options(), func(o *s3.Options) {
		o.Credentials = credentials.NewStaticCredentialsProvider(id, secret, properties[icebergio.S3SessionToken])
		for _, name := range []string{icebergio.S3ClientRegion, icebergio.S3Region} {
			if regions.MatchString(properties[name]) {
				o.Region = properties[name]
			}
		}
	})
	return &lent
}

// bucketNames are what buckets can be called (S3 User Guide, Bucket naming rules).
var bucketNames = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)

// An object is the place of one.
type object struct{ bucket, key string }

func (o object) String() string { return "s3://" + o.bucket + "/" + o.key }

// at takes an address apart, and refuses one that isn't of this lake.
func (b *Buckets) at(name string) (object, error) {
	scheme, rest, _ := strings.Cut(name, "://")
	bucket, key, _ := strings.Cut(rest, "/")
	o := object{bucket, key}
	switch {
	case scheme != s3Schemes[0] && scheme != s3Schemes[1] && scheme != s3Schemes[2]:
		return object{}, plan.Fixf("a lake with its catalog elsewhere has its files in S3; see what location the "+
			"catalog gives to its tables", "%s isn't in S3", printable.Line(name))
	case !bucketNames.MatchString(bucket), !plain(key):
		return object{}, plan.Fixf("see what location the catalog gives to its tables",
			"%s is no address in S3", printable.Line(name))
	case !strings.HasPrefix(o.String()+"/", b.within):
		return object{}, plan.Fixf("see what location the catalog gives to its tables, and location in "+
			"warehouse.url", "%s isn't within %s", printable.Line(name), b.within)
	}
	return o, nil
}

// plain tells whether a key has no step up in it: to S3 it means nothing, to what stands in for S3 it may.
func plain(key string) bool {
	for part := range strings.SplitSeq(key, "/") {
		if part == "." || part == ".." {
			return false
		}
	}
	return true
}

// call bounds the time of one call. iceberg-go hands no context to those who get files for it.
func call() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), callTime)
}

// failedS3 gives an answer its class, and names the object in it.
func failedS3(action string, o object, err error) error {
	switch {
	case err == nil:
		return nil
	case awserr.CodeOf(err) == "NoSuchKey", awserr.StatusOf(err) == http.StatusNotFound &&
		awserr.CodeOf(err) != "NoSuchBucket":
		return fmt.Errorf("%s: %w", o, errors.Join(fs.ErrNotExist, printable.Error(err)))
	case action == "s3:GetObject":
		return awserr.ClassedRead(o.bucket, o.key, err)
	}
	return awserr.Classed(action, "arn:aws:s3:::"+o.bucket+"/"+o.key, err)
}

// Remove removes an object. One that isn't there is gone already.
func (b *Buckets) Remove(name string) error {
	o, err := b.at(name)
	if err != nil {
		return err
	}
	ctx, cancel := call()
	defer cancel()
	_, err = b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &o.bucket, Key: &o.key})
	return failedS3("s3:DeleteObject", o, err)
}

// Stat tells an object's size and when it was written.
func (b *Buckets) Stat(name string) (fs.FileInfo, error) {
	o, err := b.at(name)
	if err != nil {
		return nil, err
	}
	ctx, cancel := call()
	defer cancel()
	head, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &o.bucket, Key: &o.key})
	if err != nil {
		return nil, failedS3("s3:GetObject", o, err)
	}
	return entry{name: o.key, size: aws.ToInt64(head.ContentLength), at: aws.ToTime(head.LastModified)}, nil
}
