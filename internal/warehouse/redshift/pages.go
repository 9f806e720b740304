package redshift

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// pages puts into S3 what COPY needs to find there: a manifest for each page,
// since a key alone is a prefix and could take in a second object; and the page
// itself where it lies elsewhere or its long texts have to be written anew.
// Both are removed as soon as the page is loaded. What a killed process leaves
// is up to the bucket's lifecycle.
type pages struct {
	place  place
	config func() (aws.Config, error)

	once   sync.Once
	client *s3.Client
	err    error
}

// A placed is a page that COPY can read.
type placed struct {
	page     warehouse.Page
	url      string
	manifest string
	remove   func()
}

// bring puts one page in place; super names the columns whose texts become
// JSON strings.
func (s *pages) bring(ctx context.Context, p warehouse.Page, super []int) (placed, error) {
	if err := s.open(); err != nil {
		return placed{}, err
	}
	var put []string
	out := placed{page: p, remove: func() { s.removeAll(ctx, put) }}
	at := p.URL
	if _, _, ok := cutS3(p.URL); !ok || len(super) > 0 {
		to, err := s.spot(path.Base(p.Key))
		if err != nil {
			return placed{}, err
		}
		put = append(put, to)
		if err := s.upload(ctx, to, p, super); err != nil {
			out.remove()
			return placed{}, err
		}
		at, out.page.Gzip = to, true
	}
	out.url, out.manifest = at, s.spotBeside(at)
	put = append(put, out.manifest)
	if err := s.put(ctx, out.manifest, bytes.NewReader(manifest(at))); err != nil {
		out.remove()
		return placed{}, err
	}
	return out, nil
}

// manifest is the list of the one object that COPY has to read, or fail.
func manifest(url string) []byte {
	type entry struct {
		URL       string `json:"url"`
		Mandatory bool   `json:"mandatory"`
	}
	text, err := json.Marshal(struct {
		Entries []entry `json:"entries"`
	}{[]entry{{url, true}}})
	if err != nil {
		panic(err) // two texts and a bool
	}
	return text
}

// spot is a new place in the stage.
func (s *pages) spot(name string) (string, error) {
	if s.place.stage == "" {
		return "", plan.Fixf("add it to warehouse.url: ?stage=s3://bucket/prefix, or keep the pages there: "+
			"stage.url s3:bucket/prefix",
			"Redshift loads pages from S3 only, and no bucket is named for them")
	}
	return s.place.stage + "/" + strings.ToLower(rand.Text()) + "-" + name + ".gz", nil
}

// spotBeside is a new place for the manifest of a page: in the stage, or where
// there is none, beside the page.
func (s *pages) spotBeside(page string) string {
	name := strings.ToLower(rand.Text()) + ".manifest"
	if s.place.stage != "" {
		return s.place.stage + "/" + name
	}
	return page + "." + name
}

func (s *pages) open() error {
	s.once.Do(func() {
		c, err := s.config()
		s.client, s.err = s3.NewFromConfig(c, func(o *s3.Options) {
			o.UsePathStyle = o.BaseEndpoint != nil || c.BaseEndpoint != nil // a stand-in has no names for its buckets
		}), err
	})
	return s.err
}

// upload puts a page into S3, packed.
func (s *pages) upload(ctx context.Context, to string, p warehouse.Page, super []int) (err error) {
	stored, err := p.Read(ctx)
	if err != nil {
		return err
	}
	defer stored.Close()                               // it was only read
	file, err := os.CreateTemp("", "catchment-page-*") // S3 wants to know the length, and to read it again
	if err != nil {
		return fmt.Errorf("spool a page: %w", err)
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	if err := pack(file, stored, p.Gzip, super); err != nil {
		return err
	}
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("spool a page: %w", err)
	}
	return s.put(ctx, to, file)
}

// pack copies a page as it is, or with some texts as JSON.
func pack(to io.Writer, from io.Reader, packed bool, super []int) error {
	if packed && len(super) == 0 {
		_, err := io.Copy(to, from)
		return err
	}
	if packed {
		z, err := gzip.NewReader(from)
		if err != nil {
			return plan.Failf(plan.Bug, "", "unpack: %w", err)
		}
		from = z
	}
	z, err := gzip.NewWriterLevel(to, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if len(super) > 0 {
		err = jsonTexts(z, from, super)
	} else {
		_, err = io.Copy(z, from)
	}
	if err != nil {
		return err
	}
	return z.Close()
}

func (s *pages) put(ctx context.Context, to string, from io.ReadSeeker) error {
	bucket, key, _ := cutS3(to)
	if _, err := s.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: from}); err != nil {
		return s3Failure(ctx, to, err)
	}
	return nil
}

// removeAll removes what was put, also after a cancel. An object that stays is
// no harm: nothing looks at it again.
func (s *pages) removeAll(ctx context.Context, urls []string) {
	clear, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	for _, url := range urls {
		bucket, key, _ := cutS3(url)
		_, _ = s.client.DeleteObject(clear, &s3.DeleteObjectInput{Bucket: &bucket, Key: &key})
	}
}
