package files

import (
	"context"
	"io"
	"iter"
	"net/http"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/awserr"
)

// A Bucket is where AppFlow puts files.
type Bucket struct {
	client *s3.Client
	bucket string
	prefix string // "" or ends in a slash
}

// NewBucket makes a Bucket of the place that flows are told.
func NewBucket(client *s3.Client, bucket, prefix string) *Bucket {
	if prefix = strings.Trim(prefix, "/"); prefix != "" {
		prefix += "/"
	}
	return &Bucket{client, bucket, prefix}
}

// A listed is an object as a listing has it; rest is its key below what was listed.
type listed struct {
	key, rest, etag string
	size            int64
}

// list lists what is below a folder of the prefix.
func (b *Bucket) list(ctx context.Context, folder string) iter.Seq2[listed, error] {
	return func(yield func(listed, error) bool) {
		below := b.prefix + folder
		pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &b.bucket, Prefix: &below})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(listed{}, awserr.Classed("s3:ListBucket", "arn:aws:s3:::"+b.bucket, err))
				return
			}
			for _, o := range page.Contents {
				key := aws.ToString(o.Key)
				rest, ours := strings.CutPrefix(key, below)
				one := listed{key: key, rest: rest, etag: aws.ToString(o.ETag), size: aws.ToInt64(o.Size)}
				if ours && !yield(one, nil) {
					return
				}
			}
		}
	}
}

// open reads a file, as long as it is the one that was listed.
func (b *Bucket) open(ctx context.Context, f file) (io.ReadCloser, error) {
	in := &s3.GetObjectInput{Bucket: &b.bucket, Key: &f.key}
	if f.etag != "" {
		in.IfMatch = &f.etag
	}
	out, err := b.client.GetObject(ctx, in, quietly)
	switch {
	case err == nil:
		return awserr.Body(out.Body, "read "+f.key), nil
	case awserr.StatusOf(err) == http.StatusPreconditionFailed:
		return nil, gone("file %s was written anew after it was listed", f.key)
	case awserr.CodeOf(err) == "NoSuchKey":
		return nil, gone("file %s was taken away after it was listed", f.key)
	}
	return nil, awserr.ClassedRead(b.bucket, f.key, err)
}

// quietly reads a file that has no checksum without a line about that: not every one has.
func quietly(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }

func (b *Bucket) url(folder string) string { return "s3://" + b.bucket + "/" + b.prefix + folder }
