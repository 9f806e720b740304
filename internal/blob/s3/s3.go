// Package s3 keeps blobs as objects of one S3 bucket, under a prefix.
//
// S3 itself refuses to write over a blob (If-None-Match, invariant 3), and
// shows an object only when all of its bytes are there. The package leaves to
// others what is in the blobs; a bucket's lifecycle may remove uploads that a
// killed process left unfinished. Start at New.
package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/middleware"

	"catchment/internal/awserr"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// partSize is how much of a blob is held in memory: larger ones go up in parts
// of this size. S3 takes 10,000 parts, and a page of Salesforce has at most 1 GB.
const partSize = 16 << 20

// A Store keeps blobs in a bucket.
type Store struct {
	client   *s3.Client
	bucket   string
	prefix   string // "" or ends in a slash
	partSize int
}

var _ blob.Store = (*Store)(nil)

// New makes a Store of a place: bucket, bucket/prefix or //bucket/prefix.
func New(client *s3.Client, place string) (*Store, error) {
	bucket, prefix, _ := strings.Cut(strings.TrimPrefix(place, "//"), "/")
	prefix = strings.Trim(prefix, "/")
	if bucket == "" || prefix != "" && !blob.ValidKey(prefix) {
		return nil, plan.Fixf("write s3:bucket or s3:bucket/prefix", "s3:%s names no bucket and prefix", place)
	}
	if prefix != "" {
		prefix += "/"
	}
	return &Store{client: client, bucket: bucket, prefix: prefix, partSize: partSize}, nil
}

// Put sends a blob in one request where it is small, else in parts that become
// an object at the end.
func (s *Store) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if err := blob.CheckKey(key); err != nil {
		return blob.Info{}, err
	}
	if taken, err := s.exists(ctx, key); err != nil || taken {
		return blob.Info{}, s.failed("put", key, "s3:GetObject", errors.Join(err, takenErr(taken)))
	}
	first, last, err := readPart(ctx, r, s.partSize)
	if err != nil {
		return blob.Info{}, fmt.Errorf("put %s: %w", key, err)
	}
	if last {
		return s.putOne(ctx, key, first)
	}
	return s.putParts(ctx, key, first, r)
}

func takenErr(taken bool) error {
	if taken {
		return blob.ErrExists
	}
	return nil
}

// exists looks before a page is read that nobody could store. What decides is
// the condition of the write: of a missing object S3 says 403 to whoever has no
// s3:ListBucket (API reference, HeadObject), and that is no reason not to try.
func (s *Store) exists(ctx context.Context, key string) (bool, error) {
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	switch awserr.StatusOf(err) {
	case http.StatusNotFound, http.StatusForbidden:
		return false, nil
	}
	return err == nil, err
}

// readPart fills a buffer from r and tells whether that was the rest of it.
func readPart(ctx context.Context, r io.Reader, size int) (part []byte, last bool, err error) {
	part = make([]byte, size)
	n := 0
	for n < size {
		if err := context.Cause(ctx); err != nil {
			return nil, false, err
		}
		m, err := r.Read(part[n:])
		n += m
		if err == io.EOF {
			// A context that ended just now may be why the source did.
			return part[:n], true, context.Cause(ctx)
		}
		if err != nil {
			return nil, false, err
		}
	}
	return part, false, nil
}

func (s *Store) putOne(ctx context.Context, key string, body []byte) (blob.Info, error) {
	out, err := s.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.name(key), Body: bytes.NewReader(body), IfNoneMatch: aws.String("*"),
	})
	if err != nil {
		return blob.Info{}, s.failed("put", key, "s3:PutObject", err)
	}
	return s.info(ctx, key, int64(len(body)), out.ResultMetadata)
}

// info tells what was stored. S3 doesn't answer a put with the object's time;
// the answer's own Date is that, to a second.
func (s *Store) info(ctx context.Context, key string, size int64, answer middleware.Metadata) (blob.Info, error) {
	written, ok := awsmiddleware.GetServerTime(answer)
	if !ok {
		head, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.name(key)})
		if err != nil {
			return blob.Info{}, s.failed("put", key, "s3:GetObject", err)
		}
		written = aws.ToTime(head.LastModified)
	}
	return blob.Info{Key: key, Size: size, Written: written}, nil
}

// Open reads the object.
func (s *Store) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := blob.CheckKey(key); err != nil {
		return nil, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return nil, s.failed("open", key, "s3:GetObject", err)
	}
	return awserr.Body(out.Body, "read "+s.url(key)), nil
}

// List asks for a thousand keys at a time. S3 lists in order of the keys' bytes.
func (s *Store) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		pages := s3.NewListObjectsV2Paginator(s.client,
			&s3.ListObjectsV2Input{Bucket: &s.bucket, Prefix: s.name(prefix)})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(blob.Info{}, s.failed("list", prefix, "s3:ListBucket", err))
				return
			}
			for _, o := range page.Contents {
				info := blob.Info{Key: strings.TrimPrefix(aws.ToString(o.Key), s.prefix), Size: aws.ToInt64(o.Size),
					Written: aws.ToTime(o.LastModified)}
				if blob.ValidKey(info.Key) && !yield(info, nil) {
					return
				}
			}
		}
	}
}

// Delete removes the object.
func (s *Store) Delete(ctx context.Context, key string) error {
	if err := blob.CheckKey(key); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.name(key)})
	if err != nil {
		return s.failed("delete", key, "s3:DeleteObject", err)
	}
	return nil
}

// Where gives the object's s3:// address, for a warehouse's own loader.
func (s *Store) Where(key string) (path, url string) {
	if !blob.ValidKey(key) {
		return "", ""
	}
	return "", s.url(key)
}

func (s *Store) url(key string) string { return "s3://" + s.bucket + "/" + s.prefix + key }

func (s *Store) name(key string) *string { return aws.String(s.prefix + key) }

// failed turns an answer of S3 into one of the contract, or gives it a class.
func (s *Store) failed(verb, key, action string, err error) error {
	switch {
	case errors.Is(err, blob.ErrExists), awserr.StatusOf(err) == http.StatusPreconditionFailed:
		err = blob.ErrExists
	case awserr.CodeOf(err) == "NoSuchKey":
		err = blob.ErrNotFound
	case awserr.CodeOf(err) == "ConditionalRequestConflict":
		err = plan.Failf(plan.Retry, "", "somebody else puts it at the same time: %w", err)
	case action == "s3:ListBucket", awserr.CodeOf(err) == "NoSuchBucket":
		err = awserr.Classed(action, "arn:aws:s3:::"+s.bucket, err)
	case verb == "open":
		err = awserr.ClassedRead(s.bucket, s.prefix+key, err)
	default:
		err = awserr.Classed(action, "arn:aws:s3:::"+s.bucket+"/"+s.prefix+key, err)
	}
	return fmt.Errorf("%s %s: %w", verb, key, err)
}

// abortTime is how long clearing away an unfinished upload may take.
const abortTime = 10 * time.Second
