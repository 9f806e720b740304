package appflow

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"
)

// An s3Output is S3 as a destination: a bucket, and how files are written into it.
type s3Output struct {
	flow     string
	folder   Folder
	prefix   string
	fileType string
	prefixes []string // pathPrefixHierarchy
	format   string   // of the date in the prefix
	inPath   bool     // prefixType says that it stands in the path
	inName   bool     // and in the name
}

// Quoting is how values are written into CSV, of which AWS says nothing but that it is CSV.
type Quoting struct {
	All  bool // every value stands in quotes, not only those that need them
	CRLF bool // ends a line
	Open bool // the last line has no end
}

// s3Of reads the properties of S3 as a destination (API Reference, S3DestinationProperties,
// S3OutputFormatConfig, PrefixConfig, AggregationConfig).
func (s *Server) s3Of(flow string, in map[string]any) (*s3Output, error) {
	folder, ok := s.o.S3[text(in, "bucketName")]
	if !ok {
		return nil, refuse("ValidationException",
			"The destination bucket %q doesn't exist, or AppFlow has no permission", text(in, "bucketName"))
	}
	for name := range in {
		if !slices.Contains([]string{"bucketName", "bucketPrefix", "s3OutputFormatConfig"}, name) {
			return nil, refuse("ValidationException", "S3 destination: %s is unknown", name)
		}
	}
	config := inside(in, "s3OutputFormatConfig")
	prefix := inside(config, "prefixConfig")
	to := &s3Output{flow: flow, folder: folder, prefix: text(in, "bucketPrefix"), fileType: text(config, "fileType"),
		format: text(prefix, "prefixFormat")}
	kind := text(prefix, "prefixType")
	to.inPath, to.inName = strings.HasPrefix(kind, "PATH"), strings.HasSuffix(kind, "FILENAME")
	for _, one := range list(prefix["pathPrefixHierarchy"]) {
		to.prefixes = append(to.prefixes, fmt.Sprint(one))
	}
	known := func(what, value string, words ...string) error {
		if value == "" || slices.Contains(words, value) {
			return nil
		}
		return refuse("ValidationException", "S3 destination: %s %q is unknown", what, value)
	}
	aggregation := text(inside(config, "aggregationConfig"), "aggregationType")
	typed, _ := config["preserveSourceDataTyping"].(bool)
	for _, err := range []error{
		known("fileType", to.fileType, "CSV", "PARQUET"), // JSON isn't in this stand-in
		known("prefixType", kind, "FILENAME", "PATH", "PATH_AND_FILENAME"),
		known("prefixFormat", to.format, "YEAR", "MONTH", "DAY", "HOUR", "MINUTE"),
		known("aggregationType", aggregation, "None"),
		known("preserveSourceDataTyping", map[bool]string{true: "true"}[typed]), // nor are types
	} {
		if err != nil {
			return nil, err
		}
	}
	return to, nil
}

// write leaves a file in the folder of a run.
func (s *Server) write(ctx context.Context, r *run, rows [][]string) error {
	body, err := r.plan.s3.body(r.plan.to, rows, s.o.Quoting)
	if err != nil {
		return err
	}
	r.files++
	if err := r.plan.s3.folder(ctx, r.plan.s3.key(r, s.o.DatesFirst), body); err != nil {
		return err
	}
	r.written += int64(len(body))
	return nil
}

// key names the next file of a run: the prefix, the flow, and what the flow's prefix
// configuration asks for.
func (o *s3Output) key(r *run, datesFirst bool) string {
	var ids, dates []string
	for _, what := range o.prefixes {
		switch what {
		case "EXECUTION_ID":
			ids = append(ids, r.id)
		case "SCHEMA_VERSION":
			ids = append(ids, "1")
		}
	}
	layouts := []string{"2006", "01", "02", "15", "04"}
	places := slices.Index([]string{"YEAR", "MONTH", "DAY", "HOUR", "MINUTE"}, o.format) + 1
	for _, layout := range layouts[:places] {
		dates = append(dates, r.startedAt.UTC().Format(layout))
	}
	parts := []string{o.flow}
	if o.prefix != "" {
		parts = []string{strings.TrimSuffix(o.prefix, "/"), o.flow}
	}
	if !o.inPath {
		dates = nil
	}
	if datesFirst {
		parts = append(append(parts, dates...), ids...)
	} else {
		parts = append(append(parts, ids...), dates...)
	}
	name := fmt.Sprintf("%s-%04d", r.id, r.files)
	if o.inName {
		name = r.startedAt.UTC().Format("2006-01-02T15:04:05") + "-" + name
	}
	return strings.Join(append(parts, name), "/")
}

// body writes rows as the destination has them.
func (o *s3Output) body(header []string, rows [][]string, q Quoting) ([]byte, error) {
	if o.fileType == "PARQUET" {
		return parquetOf(header, rows)
	}
	end := "\n"
	if q.CRLF {
		end = "\r\n"
	}
	var b bytes.Buffer
	for i, row := range append([][]string{header}, rows...) {
		if i > 0 {
			b.WriteString(end)
		}
		for j, value := range row {
			if j > 0 {
				b.WriteByte(',')
			}
			if q.All || strings.ContainsAny(value, "\",\r\n") {
				value = `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
			}
			b.WriteString(value)
		}
	}
	if !q.Open {
		b.WriteString(end)
	}
	return b.Bytes(), nil
}

// parquetOf writes rows whose columns are all texts, since preserveSourceDataTyping is
// false; "" is null.
func parquetOf(header []string, rows [][]string) ([]byte, error) {
	fields := make([]arrow.Field, len(header))
	for i, name := range header {
		fields[i] = arrow.Field{Name: name, Type: arrow.BinaryTypes.String, Nullable: true}
	}
	schema := arrow.NewSchema(fields, nil)
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema)
	for _, row := range rows {
		for i, value := range row {
			column := builder.Field(i).(*array.StringBuilder)
			if value == "" {
				column.AppendNull()
			} else {
				column.Append(value)
			}
		}
	}
	var b bytes.Buffer
	w, err := pqarrow.NewFileWriter(schema, &b, parquet.NewWriterProperties(), pqarrow.DefaultWriterProps())
	if err == nil {
		err = w.Write(builder.NewRecordBatch())
	}
	if err == nil {
		err = w.Close()
	}
	return b.Bytes(), err
}
