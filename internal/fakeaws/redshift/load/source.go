package load

import (
	"bufio"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
)

// S3 is where COPY reads. An object that isn't there is fs.ErrNotExist.
type S3 struct {
	Open func(ctx context.Context, bucket, key string) (io.ReadCloser, error)
	List func(ctx context.Context, bucket, prefix string) ([]string, error) // nil: COPY takes the one object it names
}

// A source is one object to load.
type source struct {
	url       string
	mandatory bool
	length    int64 // as the manifest says; -1 where it doesn't
}

// sources are the objects that a COPY loads.
func (s S3) sources(ctx context.Context, c *Command) ([]source, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(c.from, "s3://"), "/")
	if c.manifest {
		return s.readManifest(ctx, bucket, key)
	}
	if s.List == nil {
		return []source{{url: c.from, mandatory: true, length: -1}}, nil
	}
	keys, err := s.List(ctx, bucket, key)
	if err != nil {
		return nil, noService(err)
	}
	var all []source
	for _, k := range keys {
		all = append(all, source{url: "s3://" + bucket + "/" + k, mandatory: true, length: -1})
	}
	if len(all) == 0 {
		return nil, noPrefix(key)
	}
	return all, nil
}

func noPrefix(key string) error {
	return failure.New(failure.Internal, "The specified S3 prefix '%s' does not exist", key)
}

func noService(err error) error {
	return failure.New(failure.Internal, "S3ServiceException:%v", err)
}

// readManifest reads the list of objects (Developer Guide, "Using a manifest
// to specify data files").
func (s S3) readManifest(ctx context.Context, bucket, key string) ([]source, error) {
	r, err := s.Open(ctx, bucket, key)
	if err != nil {
		return nil, failure.New(failure.Internal, "Problem reading manifest file - "+
			"S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey")
	}
	defer r.Close()
	var m struct {
		Entries []struct {
			URL       string
			Mandatory bool
			Meta      struct {
				ContentLength *int64 `json:"content_length"`
			}
		}
	}
	if err := json.NewDecoder(r).Decode(&m); err != nil {
		return nil, failure.New(failure.Internal, "Manifest file is not in correct json format")
	}
	var all []source
	for _, e := range m.Entries {
		if !strings.HasPrefix(e.URL, "s3://") {
			return nil, failure.New(failure.Internal, "Invalid URL in the manifest file: %s", e.URL)
		}
		one := source{url: e.URL, mandatory: e.Mandatory, length: -1}
		if e.Meta.ContentLength != nil {
			one.length = *e.Meta.ContentLength
		}
		all = append(all, one)
	}
	if len(all) == 0 {
		return nil, failure.New(failure.Internal, "No files listed in the manifest file")
	}
	return all, nil
}

// read opens an object. What isn't there and needn't be gives nil.
func (s S3) read(ctx context.Context, from source, zipped bool) (io.ReadCloser, error) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(from.url, "s3://"), "/")
	r, err := s.Open(ctx, bucket, key)
	switch {
	case errors.Is(err, fs.ErrNotExist) && from.mandatory && s.List == nil && from.length < 0:
		return nil, noPrefix(key)
	case errors.Is(err, fs.ErrNotExist) && from.mandatory:
		return nil, failure.New(failure.Internal, "Mandatory url is not present in manifest file.")
	case errors.Is(err, fs.ErrNotExist):
		return nil, nil
	case err != nil:
		return nil, noService(err)
	}
	o := &object{raw: &counted{r: r}, file: r, length: from.length}
	o.Reader = o.raw
	if zipped {
		z, err := gzip.NewReader(bufio.NewReader(o.raw))
		if err != nil {
			return nil, errors.Join(failure.New(failure.Internal, "Invalid GZIP header"), r.Close())
		}
		o.Reader = z
	}
	return o, nil
}

// An object is read to its end, which must be where the manifest says.
type object struct {
	io.Reader
	raw    *counted
	file   io.Closer
	length int64
}

func (o *object) Read(p []byte) (int, error) {
	n, err := o.Reader.Read(p)
	if err == io.EOF && o.length >= 0 && o.raw.n != o.length {
		err = failure.New(failure.Internal, "The size of the file is %d bytes, the manifest says %d", o.raw.n, o.length)
		return n, err
	}
	if err != nil && err != io.EOF {
		err = noService(err)
	}
	return n, err
}

func (o *object) Close() error { return o.file.Close() }

type counted struct {
	r io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
