package remote_test

import (
	"crypto/rand"
	"net/http"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/iceberg-go/table"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"catchment/internal/fakeaws/ministack"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/place"
	"catchment/internal/warehouse/lake/remote"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/shape"
)

// cloud is the AWS of this package's tests.
var cloud ministack.Server

func TestMain(m *testing.M) { ministack.Main(m, &cloud) }

func world(t *testing.T) remote.World {
	config := cloud.Config(t)
	return remote.World{
		Transport: http.DefaultTransport,
		AWS:       func() (aws.Config, error) { return config, nil },
		S3: func() (*s3.Client, error) {
			return s3.NewFromConfig(config, func(o *s3.Options) { o.UsePathStyle = true }), nil
		},
	}
}

// TestREST writes a table by the REST catalog of Amazon S3 Tables, as ministack has it, and reads it by a second look.
func TestREST(t *testing.T) {
	w := world(t)
	config, err := w.AWS()
	if err != nil {
		t.Fatal(err)
	}
	bucket := cloud.TableBucket(t)
	at, err := place.ReadREST(*config.BaseEndpoint + "/iceberg?sign=s3tables&warehouse=" + bucket)
	if err != nil {
		t.Fatal(err)
	}
	writeAndRead(t, func() lake.Place {
		p, err := remote.OpenREST(at, w)
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
}

// TestGlue does it by Glue.
func TestGlue(t *testing.T) {
	w := world(t)
	client, err := w.S3()
	if err != nil {
		t.Fatal(err)
	}
	bucket := "lake-" + strings.ToLower(rand.Text())
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	at, err := place.ReadGlue("s3://" + bucket + "/crm")
	if err != nil {
		t.Fatal(err)
	}
	made := writeAndRead(t, func() lake.Place {
		p, err := remote.OpenGlue(at, w)
		if err != nil {
			t.Fatal(err)
		}
		return p
	})
	if !strings.HasPrefix(made.Location(), "s3://"+bucket+"/crm/") {
		t.Errorf("the table lies at %s", made.Location())
	}
}

// writeAndRead makes a table of three rows, and reads it as another program does.
func writeAndRead(t *testing.T, open func() lake.Place) *table.Table {
	t.Helper()
	first, second := open(), open()
	defer func() {
		if err := first.Close(); err != nil {
			t.Error(err)
		}
		if err := second.Close(); err != nil {
			t.Error(err)
		}
	}()
	name := tables.Name("salesforce", "account")
	l := &tables.Lake{Catalog: first.Catalog, Pause: nil}
	made, err := l.Make(t.Context(), name, tables.Making{Schema: columns.Schema(
		[]shape.Column{{Name: "id", Kind: shape.Text}}, columns.Final())})
	if err != nil {
		t.Fatal(err)
	}
	tx := made.NewTransaction()
	if err := tx.AppendTable(t.Context(), threeRows(t, made), 10, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := (&tables.Lake{Catalog: second.Catalog}).Find(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := found.Scan().ToArrowTable(t.Context())
	if err != nil || all.NumRows() != 3 {
		t.Errorf("%v, %v", all, err)
	}
	return found
}

func threeRows(t *testing.T, of *table.Table) arrow.Table {
	t.Helper()
	schema, err := table.SchemaToArrowSchema(of.Schema(), nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	b := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, id := range []string{"a", "b", "c"} {
		b.Field(0).(*array.StringBuilder).Append(id)
		for i := 1; i < schema.NumFields(); i++ {
			b.Field(i).AppendNull()
		}
	}
	return array.NewTableFromRecords(schema, []arrow.RecordBatch{b.NewRecordBatch()})
}
