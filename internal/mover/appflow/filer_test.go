package appflow_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/fakeaws/stacks"
	"catchment/internal/mover"
	"catchment/internal/mover/appflow"
	"catchment/internal/page"
)

// filer has flows leave files below a prefix.
func (r *rig) filer(format types.FileType, lasting bool) *appflow.Filer {
	r.t.Helper()
	c := r.config
	c.Format, c.Lasting, c.Prefix, c.Redshift = format, lasting, "in", ""
	f, err := appflow.NewFiler(c, r.files)
	if err != nil {
		r.t.Fatal(err)
	}
	return f
}

// filed is request, as pages have the columns.
func (r *rig) filed(attempt string) mover.LandRequest {
	q := r.request(attempt)
	for i, f := range q.Fields {
		q.Columns[i] = f.Name
	}
	q.Table = ""
	return q
}

// read counts the records of all pages, and the different Ids.
func (r *rig) read(f *appflow.Filer, q mover.LandRequest, at mover.Landing) (records int64, ids int) {
	r.t.Helper()
	seen := map[string]bool{}
	for p, err := range f.Pages(r.t.Context(), q, at) {
		if err != nil {
			r.t.Fatal(err)
		}
		body, err := p.Open(r.t.Context())
		if err != nil {
			r.t.Fatal(err)
		}
		reader := page.NewReader(body)
		for {
			fields, err := reader.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				r.t.Fatal(err)
			}
			records++
			seen[string(fields[0])] = true
		}
		if err := body.Close(); err != nil {
			r.t.Error(err)
		}
	}
	return records, len(seen)
}

// Whatever AWS leaves open of the layout and the quoting, each record comes, and as many as
// the executions say.
func TestFilesHoldEverything(t *testing.T) {
	t.Parallel()
	for _, format := range []types.FileType{types.FileTypeCsv, types.FileTypeParquet} {
		for _, lasting := range []bool{false, true} {
			for n, quoting := range []fake.Quoting{{}, {All: true}, {CRLF: true, Open: true}} {
				t.Run(fmt.Sprint(format, lasting, n), func(t *testing.T) {
					r := newRig(t, func(o *fake.Options, _ *stacks.Options) { o.Quoting = quoting })
					f := r.filer(format, lasting)
					q := r.filed("a1")
					at, err := r.made(f, q, f.Plan(q))
					if err == nil {
						at, err = r.landed(f, at)
					}
					if err != nil || !at.Done || at.Records != 100 || len(at.Files) != 1 {
						t.Fatalf("%+v, %v", at, err)
					}
					if records, ids := r.read(f, q, at); records != 100 || ids != 100 {
						t.Errorf("%d records of %d accounts", records, ids)
					}
					key := "bucket/in/" + at.ID + "/" + at.Files[0].ID + "/"
					for _, name := range r.left.Keys() {
						if !strings.HasPrefix(name, key) {
							t.Errorf("%s isn't below %s", name, key)
						}
					}
				})
			}
		}
	}
}

// Only executions that succeeded count: what one left that failed halfway may be cut.
func TestFilesOfFailedExecutions(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	f := r.filer(types.FileTypeCsv, false)
	q := r.filed("a1")
	at, err := r.made(f, q, f.Plan(q))
	if err != nil {
		t.Fatal(err)
	}
	r.flows.Script(fake.Script{Fail: "Internal failure", After: 45})
	at, err = r.landed(f, at)
	if !errors.Is(err, mover.ErrFailed) || at.Done || len(at.Files) != 0 || at.Records != 0 || len(r.left.Keys()) != 2 {
		t.Fatalf("%+v, %v, %q", at, err, r.left.Keys())
	}
	at, err = r.landed(f, at.Again())
	if err != nil || len(at.Files) != 1 || at.Records != 100 {
		t.Fatalf("%+v, %v", at, err)
	}
	if records, ids := r.read(f, q, at); records != 100 || ids != 100 {
		t.Errorf("%d records of %d accounts", records, ids)
	}
}

// A landing that is renewed reads anew under another name, by the same flow.
func TestLandingIsRenewed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	f := r.filer(types.FileTypeParquet, true)
	q := r.filed("a1")
	at, err := r.made(f, q, f.Plan(q))
	if err == nil {
		at, err = r.landed(f, at)
	}
	if err != nil {
		t.Fatal(err)
	}
	first := at
	for n := 1; n < 3; n++ {
		at = at.Renew()
		if at.Flow() != first.ID || at.ID != fmt.Sprintf("%s.%d", first.ID, n) || at.Done || at.Files != nil {
			t.Fatalf("%+v", at)
		}
		if at, err = r.landed(f, at); err != nil || len(at.Files) != 1 || at.Files[0].ID == first.Files[0].ID {
			t.Fatalf("%+v, %v", at, err)
		}
		if records, _ := r.read(f, q, at); records != 100 {
			t.Errorf("%d records", records)
		}
	}
	if got := r.flows.Flows(); len(got) != 1 {
		t.Errorf("flows %q", got)
	}
}

// What a flow into S3 is made of, in the words of a template.
func TestTemplateOfFiles(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	for format, want := range map[types.FileType]string{
		types.FileTypeCsv: `{"AggregationConfig":{"AggregationType":"None"},"FileType":"CSV",` +
			`"PrefixConfig":{"PathPrefixHierarchy":["EXECUTION_ID"]}}`,
		types.FileTypeParquet: `{"AggregationConfig":{"AggregationType":"None"},"FileType":"PARQUET",` +
			`"PrefixConfig":{"PathPrefixHierarchy":["EXECUTION_ID"]},"PreserveSourceDataTyping":false}`,
	} {
		text, err := r.filer(format, false).Template(r.filed("a1"))
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Description string
			Parameters  map[string]any
			Resources   struct {
				Flow struct {
					Properties struct {
						DestinationFlowConfigList []struct {
							ConnectorType                  string
							ConnectorProfileName           any
							DestinationConnectorProperties struct {
								S3 struct {
									BucketPrefix         string
									S3OutputFormatConfig json.RawMessage
								}
							}
						}
					}
				}
			}
		}
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatal(err)
		}
		to := got.Resources.Flow.Properties.DestinationFlowConfigList[0]
		s3 := to.DestinationConnectorProperties.S3
		var config bytes.Buffer
		if err := json.Compact(&config, s3.S3OutputFormatConfig); err != nil {
			t.Fatal(err)
		}
		if config.String() != want || to.ConnectorType != "S3" || to.ConnectorProfileName != nil ||
			s3.BucketPrefix != "in" || got.Parameters["Table"] != nil ||
			got.Description != "Catchment: Account into S3 by AppFlow" {
			t.Errorf("%s", text)
		}
	}
}

// What the settings lack is told, and nothing of Redshift is asked for.
func TestFilerNeeds(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil)
	c := r.config
	c.Format, c.Redshift, c.Bucket = types.FileTypeCsv, "", ""
	if _, err := appflow.NewFiler(c, r.files); err == nil || !strings.Contains(err.Error(), "appflow.bucket") {
		t.Error(err)
	}
}
