package pages_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/pages"
	"catchment/internal/warehouse/refusals"
	"catchment/internal/warehouse/shape"
)

// all has a column of each kind.
var all = shape.Table{Object: "Thing", Name: "thing", Key: []string{"id"}, Columns: []shape.Column{
	{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "name", Field: "Name", Kind: shape.Text},
	{Name: "stamp", Field: "SystemModstamp", Kind: shape.Timestamp}, {Name: "isit", Field: "Is__c", Kind: shape.Bool},
	{Name: "few", Field: "Few__c", Kind: shape.Int}, {Name: "many", Field: "Many__c", Kind: shape.Long},
	{Name: "sum", Field: "Sum__c", Kind: shape.Decimal, Scale: 2}, {Name: "day", Field: "Day__c", Kind: shape.Date},
	{Name: "hour", Field: "Hour__c", Kind: shape.Time},
}}

func schemaOf(t testing.TB, of shape.Table) *arrow.Schema {
	t.Helper()
	schema, err := table.SchemaToArrowSchema(columns.Schema(of.Columns, columns.Staging()), nil, true, false)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

func pageOf(text string) warehouse.Page {
	return warehouse.Page{Key: "p", Open: func(context.Context) (io.ReadCloser, error) {
		return io.NopCloser(strings.NewReader(text)), nil
	}}
}

var own = pages.Own{Attempt: "a1", Op: warehouse.Put, Job: "j1", Seq: 7, ReadAt: time.UnixMicro(42)}

// read gives the rows of a page as texts, run by run.
func read(t testing.TB, p warehouse.Page) (runs [][]string, err error) {
	t.Helper()
	r, err := pages.Open(t.Context(), p, all, schemaOf(t, all), own)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	for {
		run, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return runs, nil
		}
		if err != nil {
			return nil, err
		}
		var rows []string
		for batch, err := range run.Batches() {
			if err != nil {
				return nil, err
			}
			for i := range int(batch.NumRows()) {
				var row []string
				for _, c := range batch.Columns() {
					row = append(row, c.ValueStr(i))
				}
				rows = append(rows, strings.Join(row, "|"))
			}
			batch.Release()
		}
		if len(rows) != run.Rows() {
			t.Errorf("%d rows of %d", len(rows), run.Rows())
		}
		runs = append(runs, rows)
	}
}

// TestRead gives every kind of value, in the order of the key, whatever the order of records and fields.
func TestRead(t *testing.T) {
	t.Parallel()
	text := "Name,Id,SystemModstamp,Is__c,Few__c,Many__c,Sum__c,Day__c,Hour__c\n" +
		"\"two\r\nlines \"\"x\"\"\",b,2026-03-01T00:00:00.000Z,true,-5,9223372036854775807,1.5E1," +
		"2026-03-01,10:11:12.000Z\n" +
		"\"\",a,,,,,,,\n"
	const ours = "|a1|put|j1|7|"
	want := []string{
		"a|(null)|(null)|(null)|(null)|(null)|(null)|(null)|(null)" + ours + "(null)|1970-01-01T00:00:00.000042Z",
		"b|two\r\nlines \"x\"|2026-03-01T00:00:00Z|true|-5|9223372036854775807|15|2026-03-01|10:11:12.000000" + ours +
			"2026-03-01T00:00:00Z|1970-01-01T00:00:00.000042Z",
	}
	runs, err := read(t, pageOf(text))
	if err != nil || len(runs) != 1 || !slices.Equal(runs[0], want) {
		t.Errorf("%q, %v", runs, err)
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	if _, err := z.Write([]byte(text)); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	p := pageOf(packed.String())
	p.Gzip = true
	if runs, err = read(t, p); err != nil || len(runs) != 1 || !slices.Equal(runs[0], want) {
		t.Errorf("packed: %q, %v", runs, err)
	}
	if runs, err = read(t, pageOf("Id\n")); err != nil || len(runs) != 0 {
		t.Errorf("of nothing: %q, %v", runs, err)
	}
}

// TestRuns divides what is large, loses nothing and sorts each part.
func TestRuns(t *testing.T) {
	t.Parallel()
	const records = 300_000
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	var text strings.Builder
	text.WriteString("Id\n")
	for _, i := range random.Perm(records) {
		fmt.Fprintf(&text, "001%015d\n", i)
	}
	r, err := pages.Open(t.Context(), pageOf(text.String()), all, schemaOf(t, all), own)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	runs, seen := 0, map[string]bool{}
	for {
		run, err := r.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		runs++
		last := ""
		for batch, err := range run.Batches() {
			if err != nil {
				t.Fatal(err)
			}
			for i := range int(batch.NumRows()) {
				id := batch.Column(0).(*array.String).Value(i)
				if id <= last {
					t.Fatalf("seed %d: %s follows %s", seed, id, last)
				}
				seen[strings.Clone(id)], last = true, id
			}
			batch.Release()
		}
	}
	if runs != 2 || len(seen) != records || r.Rows() != records {
		t.Errorf("seed %d: %d runs, %d keys, %d rows", seed, runs, len(seen), r.Rows())
	}
}

// TestRefused says where a value stands that doesn't fit, and not what it is.
func TestRefused(t *testing.T) {
	t.Parallel()
	for field, text := range map[string]string{"Few__c": "secret", "Many__c": "secret", "Sum__c": "1.125",
		"Day__c": "secret", "Hour__c": "secret", "SystemModstamp": "secret", "Is__c": "secret"} {
		_, err := read(t, pageOf("Id,"+field+"\nb,\na,"+text+"\n"))
		refused := refusals.Of(err)
		if refused == nil || refused.Record != 2 || refused.Column == "" || strings.Contains(err.Error(), text) {
			t.Errorf("%s: %v", field, err)
		}
	}
	for _, text := range []string{"", "Id\n1,2\n", "Id,What\n", "Id\n\"a", "Id\na"} {
		if _, err := read(t, pageOf(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
