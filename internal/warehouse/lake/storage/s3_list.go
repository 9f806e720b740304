package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"catchment/internal/awserr"
	"catchment/internal/printable"
)

// An entry is what a listing tells of an object.
type entry struct {
	name string
	size int64
	at   time.Time
}

// Name is the last part of the object's key.
func (e entry) Name() string { return path.Base(e.name) }

// Size is in bytes.
func (e entry) Size() int64 { return e.size }

// Mode is that of a file: there are no folders.
func (entry) Mode() fs.FileMode { return 0o600 }

// Type is that of a file.
func (entry) Type() fs.FileMode { return 0 }

// ModTime is when the object was written.
func (e entry) ModTime() time.Time { return e.at }

// IsDir says that it is none.
func (entry) IsDir() bool { return false }

// Sys has nothing.
func (entry) Sys() any { return nil }

// Info is the entry itself.
func (e entry) Info() (fs.FileInfo, error) { return e, nil }

// WalkDir calls each with the objects under an address, in order of their keys.
func (b *Buckets) WalkDir(root string, each fs.WalkDirFunc) error {
	o, err := b.at(strings.TrimRight(root, "/") + "/")
	if err != nil {
		return err
	}
	pages := s3.NewListObjectsV2Paginator(b.client, &s3.ListObjectsV2Input{Bucket: &o.bucket, Prefix: &o.key})
	for pages.HasMorePages() {
		ctx, cancel := call()
		page, err := pages.NextPage(ctx)
		cancel()
		if err != nil {
			return fmt.Errorf("list %s: %w", o, awserr.Classed("s3:ListBucket", "arn:aws:s3:::"+o.bucket, err))
		}
		for _, found := range page.Contents {
			e := entry{aws.ToString(found.Key), aws.ToInt64(found.Size), aws.ToTime(found.LastModified)}
			err := each(object{o.bucket, e.name}.String(), e, nil)
			if errors.Is(err, fs.SkipAll) {
				return nil
			}
			if err != nil && !errors.Is(err, fs.SkipDir) {
				return err
			}
		}
	}
	return nil
}

// deletedAtOnce is how many objects S3 deletes in one call.
const deletedAtOnce = 1000

// DeleteFiles removes objects, as many as can be, and tells which.
func (b *Buckets) DeleteFiles(ctx context.Context, names []string) (deleted []string, err error) {
	byBucket := map[string][]types.ObjectIdentifier{}
	for _, name := range names {
		o, oerr := b.at(name)
		if oerr != nil {
			err = errors.Join(err, oerr)
			continue
		}
		byBucket[o.bucket] = append(byBucket[o.bucket], types.ObjectIdentifier{Key: &o.key})
	}
	for bucket, objects := range byBucket {
		for len(objects) > 0 {
			n := min(deletedAtOnce, len(objects))
			gone, derr := b.deleteSome(ctx, bucket, objects[:n])
			deleted, err, objects = append(deleted, gone...), errors.Join(err, derr), objects[n:]
		}
	}
	return deleted, err
}

// deleteSome is one call.
func (b *Buckets) deleteSome(ctx context.Context, bucket string, objects []types.ObjectIdentifier) ([]string, error) {
	out, err := b.client.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket,
		Delete: &types.Delete{Objects: objects, Quiet: aws.Bool(true)}})
	if err != nil {
		return nil, failedS3("s3:DeleteObject", object{bucket, "*"}, err)
	}
	stayed := map[string]bool{}
	for _, e := range out.Errors {
		key := aws.ToString(e.Key)
		stayed[key] = true
		err = errors.Join(err, fmt.Errorf("delete %s: %s", object{bucket, printable.Line(key)},
			printable.Line(aws.ToString(e.Code))))
	}
	var gone []string
	for _, o := range objects {
		if !stayed[*o.Key] {
			gone = append(gone, object{bucket, *o.Key}.String())
		}
	}
	return gone, err
}
