package storage

import (
	"bytes"
	"context"
	"errors"
	"io"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// WriteFile writes a whole object.
func (b *Buckets) WriteFile(name string, text []byte) error {
	w, err := b.Create(name)
	if err != nil {
		return err
	}
	_, err = w.Write(text)
	return errors.Join(err, w.Close())
}

// Create begins an object. It is there once Close has come back, as a whole: a small one is sent then, a large one
// in parts until then, which nobody sees.
func (b *Buckets) Create(name string) (icebergio.FileWriter, error) {
	o, err := b.at(name)
	if err != nil {
		return nil, err
	}
	return &writer{buckets: b, of: o}, nil
}

// A writer is an object on its way.
type writer struct {
	buckets *Buckets
	of      object
	held    []byte // what wasn't sent yet, less than a part
	size    int64  // of what was sent
	upload  *string
	parts   []types.CompletedPart
	failed  error // what went wrong first: then there will be no object
	closed  bool
}

// Write takes more of the object.
func (w *writer) Write(p []byte) (int, error) {
	taken := 0
	for len(p) > 0 && w.failed == nil {
		n := min(len(p), w.buckets.partSize-len(w.held))
		w.held = append(w.held, p[:n]...)
		p, taken = p[n:], taken+n
		if len(w.held) == w.buckets.partSize {
			w.sendPart()
		}
	}
	return taken, w.failed
}

// ReadFrom takes all that r has. What r fails with leaves no object.
func (w *writer) ReadFrom(r io.Reader) (int64, error) {
	n, err := io.CopyBuffer(struct{ io.Writer }{w}, r, make([]byte, writeAtOnce))
	if w.failed == nil {
		w.failed = err
	}
	return n, err
}

// sendPart sends what is held.
func (w *writer) sendPart() {
	ctx, cancel := call()
	defer cancel()
	if w.upload == nil {
		up, err := w.buckets.client.CreateMultipartUpload(ctx,
			&s3.CreateMultipartUploadInput{Bucket: &w.of.bucket, Key: &w.of.key})
		if err != nil {
			w.failed = failedS3("s3:PutObject", w.of, err)
			return
		}
		w.upload = up.UploadId
	}
	n := aws.Int32(int32(len(w.parts) + 1)) // #nosec G115 -- S3 takes 10,000 parts, and refuses the next
	out, err := w.buckets.client.UploadPart(ctx, &s3.UploadPartInput{Bucket: &w.of.bucket, Key: &w.of.key,
		UploadId: w.upload, PartNumber: n, Body: bytes.NewReader(w.held)})
	if err != nil {
		w.failed = failedS3("s3:PutObject", w.of, err)
		return
	}
	w.parts = append(w.parts, types.CompletedPart{PartNumber: n, ETag: out.ETag, ChecksumCRC32: out.ChecksumCRC32,
		ChecksumCRC32C: out.ChecksumCRC32C, ChecksumCRC64NVME: out.ChecksumCRC64NVME})
	w.size += int64(len(w.held))
	w.held = w.held[:0]
}

// Close makes the object, or leaves nothing of it.
func (w *writer) Close() error {
	if w.closed {
		return w.failed
	}
	w.closed = true
	switch {
	case w.failed == nil && w.upload == nil:
		w.failed = w.putWhole()
	case w.failed == nil:
		w.failed = w.complete()
	}
	w.held = nil
	if w.failed != nil && w.upload != nil {
		w.abort()
	}
	return w.failed
}

// putWhole sends a small object.
func (w *writer) putWhole() error {
	ctx, cancel := call()
	defer cancel()
	_, err := w.buckets.client.PutObject(ctx,
		&s3.PutObjectInput{Bucket: &w.of.bucket, Key: &w.of.key, Body: bytes.NewReader(w.held)})
	return failedS3("s3:PutObject", w.of, err)
}

// complete makes an object of the parts. Where the answer was lost, the object tells.
func (w *writer) complete() error {
	if len(w.held) > 0 {
		if w.sendPart(); w.failed != nil {
			return w.failed
		}
	}
	ctx, cancel := call()
	defer cancel()
	_, err := w.buckets.client.CompleteMultipartUpload(ctx, &s3.CompleteMultipartUploadInput{
		Bucket: &w.of.bucket, Key: &w.of.key, UploadId: w.upload,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: w.parts},
	})
	if err != nil && w.isThere(ctx) {
		return nil
	}
	return failedS3("s3:PutObject", w.of, err)
}

// isThere tells whether the whole object is.
func (w *writer) isThere(ctx context.Context) bool {
	head, err := w.buckets.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &w.of.bucket, Key: &w.of.key})
	return err == nil && aws.ToInt64(head.ContentLength) == w.size
}

// abort takes the parts back. Where that fails, the bucket's lifecycle does.
func (w *writer) abort() {
	ctx, cancel := call()
	defer cancel()
	_, _ = w.buckets.client.AbortMultipartUpload(ctx,
		&s3.AbortMultipartUploadInput{Bucket: &w.of.bucket, Key: &w.of.key, UploadId: w.upload})
}
