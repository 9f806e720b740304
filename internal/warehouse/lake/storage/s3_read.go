package storage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strconv"
	"strings"
	"time"

	icebergio "github.com/apache/iceberg-go/io"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/awserr"
	"catchment/internal/plan"
)

const (
	// tailSize is how much of an object is read with its size: all of a small one, and the foot of a Parquet file.
	tailSize = 64 << 10
	// aheadSize is how much is read at once of an object that is read in order.
	aheadSize = 1 << 20
	// wholeAtMost is how large a file may be that is read as a whole, as metadata are.
	wholeAtMost = 1 << 30
	// bodyTries is how often a range is asked for whose bytes broke off on their way.
	bodyTries = 4
)

// A reader reads an object in ranges. An object that is replaced meanwhile isn't read on.
type reader struct {
	buckets *Buckets
	of      object
	size    int64
	etag    *string
	written time.Time

	tail []byte // its last bytes
	next int64  // where Read and Seek are

	ahead   []byte // bytes that Read has got beforehand
	aheadAt int64
}

// Open reads the end of an object, and with it how large it is.
func (b *Buckets) Open(name string) (icebergio.File, error) { return b.open(name) }

func (b *Buckets) open(name string) (*reader, error) {
	o, err := b.at(name)
	if err != nil {
		return nil, err
	}
	r := &reader{buckets: b, of: o}
	err = again(func(ctx context.Context) error { return r.readTail(ctx) })
	if awserr.StatusOf(err) == http.StatusRequestedRangeNotSatisfiable { // it is empty
		return r, nil
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readTail asks for the last bytes, and learns how many there are before.
func (r *reader) readTail(ctx context.Context) error {
	out, err := r.buckets.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.of.bucket, Key: &r.of.key,
		Range: aws.String("bytes=-" + strconv.Itoa(tailSize))})
	if err != nil {
		return failedS3("s3:GetObject", r.of, err)
	}
	defer out.Body.Close()
	r.etag, r.written = out.ETag, aws.ToTime(out.LastModified)
	r.size = aws.ToInt64(out.ContentLength) // a server that knows no ranges sends everything
	if text := aws.ToString(out.ContentRange); text != "" {
		_, whole, _ := strings.Cut(text, "/")
		if r.size, err = strconv.ParseInt(whole, 10, 64); err != nil {
			return fmt.Errorf("read %s: its size is no number", r.of)
		}
	} else if r.size > tailSize {
		return nil
	}
	r.tail, err = io.ReadAll(io.LimitReader(out.Body, tailSize))
	if err == nil && int64(len(r.tail)) != min(r.size, tailSize) {
		err = io.ErrUnexpectedEOF
	}
	return r.broke(err)
}

// broke is what a connection says that ended too early. Another may do better.
func (r *reader) broke(err error) error {
	if err == nil {
		return nil
	}
	return plan.Failf(plan.Retry, "", "read %s: %w", r.of, errors.Join(errBroke, err))
}

// errBroke says that bytes were on their way, and that no more came.
var errBroke = errors.New("the connection broke off")

// again does one call, and does it again where bytes broke off. What S3 answers, the client tries again itself.
func again(do func(context.Context) error) error {
	for try := 1; ; try++ {
		ctx, cancel := call()
		err := do(ctx)
		cancel()
		if !errors.Is(err, errBroke) || try == bodyTries {
			return err
		}
		time.Sleep(time.Duration(try) * 100 * time.Millisecond)
	}
}

// ReadFile reads a whole object.
func (b *Buckets) ReadFile(name string) ([]byte, error) {
	r, err := b.open(name)
	if err != nil {
		return nil, err
	}
	if r.size > wholeAtMost {
		return nil, plan.Fixf("see what is there: aws s3 ls "+r.of.String(),
			"read %s: %d bytes are more than metadata can have", r.of, r.size)
	}
	text := make([]byte, r.size)
	_, err = r.ReadAt(text, 0)
	if err == io.EOF {
		err = nil
	}
	return text, err
}

// ReadAt reads a range.
func (r *reader) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 {
		return 0, &fs.PathError{Op: "read", Path: r.of.String(), Err: fs.ErrInvalid}
	}
	if at >= r.size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), r.size-at)]
	before := want[:max(0, min(int64(len(want)), r.size-int64(len(r.tail))-at))]
	if err := r.fetch(before, at); err != nil {
		return 0, err
	}
	if rest := want[len(before):]; len(rest) > 0 {
		copy(rest, r.tail[at+int64(len(before))-(r.size-int64(len(r.tail))):])
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

// fetch asks S3 for a range, all of it.
func (r *reader) fetch(p []byte, at int64) error {
	if len(p) == 0 {
		return nil
	}
	return again(func(ctx context.Context) error {
		out, err := r.buckets.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &r.of.bucket, Key: &r.of.key,
			Range: aws.String(fmt.Sprintf("bytes=%d-%d", at, at+int64(len(p))-1)), IfMatch: r.etag})
		if awserr.StatusOf(err) == http.StatusPreconditionFailed {
			return plan.Failf(plan.Retry, "", "read %s: it was replaced meanwhile", r.of)
		}
		if err != nil {
			return failedS3("s3:GetObject", r.of, err)
		}
		defer out.Body.Close()
		if out.ContentRange == nil { // a server that knows no ranges
			if _, err := io.CopyN(io.Discard, out.Body, at); err != nil {
				return r.broke(err)
			}
		}
		_, err = io.ReadFull(out.Body, p)
		return r.broke(err)
	})
}

// Read reads on, with more at once than is asked for.
func (r *reader) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if r.next >= r.size {
		return 0, io.EOF
	}
	if r.next < r.aheadAt || r.next >= r.aheadAt+int64(len(r.ahead)) {
		r.ahead = r.ahead[:cap(r.ahead)]
		if int64(len(r.ahead)) < min(aheadSize, r.size) {
			r.ahead = make([]byte, min(aheadSize, r.size))
		}
		n, err := r.ReadAt(r.ahead, r.next)
		r.ahead, r.aheadAt = r.ahead[:n], r.next
		if n == 0 {
			return 0, cmp.Or(err, io.ErrUnexpectedEOF)
		}
	}
	n := copy(p, r.ahead[r.next-r.aheadAt:])
	r.next += int64(n)
	return n, nil
}

// Seek says where Read goes on.
func (r *reader) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += r.next
	case io.SeekEnd:
		offset += r.size
	}
	if offset < 0 {
		return 0, &fs.PathError{Op: "seek", Path: r.of.String(), Err: fs.ErrInvalid}
	}
	r.next = offset
	return offset, nil
}

// Stat tells size and time.
func (r *reader) Stat() (fs.FileInfo, error) { return entry{r.of.key, r.size, r.written}, nil }

// Close has nothing open.
func (r *reader) Close() error { return nil }
