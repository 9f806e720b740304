package register

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/rows"
)

// Waiting lists so many files whose bodies are to be read, in order of their Ids, of those that follow one.
func (r *Register) Waiting(
	ctx context.Context, q bodies.Query, after string, most int,
) (files []bodies.File, err error) {
	err = r.join(ctx, q, after, func(f bodies.File) bool {
		if other(q, f) || again(q, f) {
			files = append(files, f)
		}
		return len(files) < most
	})
	if err != nil {
		return nil, fmt.Errorf("files of %s that wait: %w", q.Table.Name, err)
	}
	return files, nil
}

// Tally counts what is known of the bodies of a table's live rows.
func (r *Register) Tally(ctx context.Context, q bodies.Query) (t bodies.Tally, err error) {
	err = r.join(ctx, q, "", func(f bodies.File) bool {
		switch {
		case other(q, f):
			t.Waiting++
		case f.Line.State == bodies.Copied:
			t.Copied++
			t.Bytes += f.Line.Size
		case f.Line.State == bodies.Nothing:
			t.Nothing++
		case f.Line.State == bodies.Aside:
			t.Aside++
		}
		return true
	})
	if err != nil {
		return t, fmt.Errorf("count the bodies of %s: %w", q.Table.Name, err)
	}
	return t, nil
}

// other tells of a file that its line is of another body than its row, or that it has none.
func other(q bodies.Query, f bodies.File) bool {
	switch {
	case f.Line == nil:
		return true
	case q.Fields.Stamp != "":
		return !f.Line.Version.Stamp.Equal(f.Version.Stamp)
	}
	return f.Line.Version.Checksum != f.Version.Checksum
}

// again tells of a file that it is aside, and that it is time to try once more.
func again(q bodies.Query, f bodies.File) bool {
	return f.Line.State == bodies.Aside && !f.Line.Again.IsZero() && !f.Line.Again.After(q.Now)
}

// join calls back with the live rows that a query is about, each with its line, in order of their Ids, until it says
// no.
func (r *Register) join(ctx context.Context, q bodies.Query, after string, each func(bodies.File) bool) (err error) {
	final, err := r.Lake.Find(ctx, r.Final(q.Table))
	if err != nil {
		return err
	}
	known, err := r.Lake.Find(ctx, r.Name)
	if err != nil {
		return err
	}
	of := fieldsOf(q, final)
	live := iceberg.IsNull(iceberg.Reference(columns.Deleted))
	files, err := r.stream(ctx, final, rows.Query{Key: q.Table.Key, Columns: of.columns(), Where: live, After: after})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	lines, err := r.stream(ctx, known, ofLines(q.Fields.Object, rows.Query{After: after}))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()

	for {
		row, has, err := files.Row()
		if err != nil || !has {
			return err
		}
		files.Next()
		if q.Which == body.Latest && q.Fields.Latest != "" && !row.True(of.latest) {
			continue
		}
		f := of.file(row)
		err = lines.All(row.Key, func(line compare.Row) error {
			l := LineOf(line)
			f.Line = &l
			return nil
		})
		if err != nil {
			return err
		}
		if !each(f) {
			return nil
		}
	}
}

// stream reads rows one by one, in order of their keys.
func (r *Register) stream(ctx context.Context, t *table.Table, q rows.Query) (*compare.Stream, error) {
	q.Scratch = r.Scratch
	c, err := rows.Open(ctx, t, q)
	if err != nil {
		return nil, err
	}
	return compare.NewStream(c), nil
}

// fields are the columns that say what has to be known of a file: "" for those that its table hasn't.
type fields struct{ checksum, stamp, size, location, latest string }

// fieldsOf finds them in a final table.
func fieldsOf(q bodies.Query, final *table.Table) fields {
	column := func(field string) string {
		for _, c := range q.Table.Columns {
			if field == "" || !strings.EqualFold(c.Field, field) {
				continue
			}
			if _, has := final.Schema().FindFieldByName(c.Name); has {
				return c.Name
			}
		}
		return ""
	}
	return fields{checksum: column(q.Fields.Checksum), stamp: column(q.Fields.Stamp), size: column(q.Fields.Size),
		location: column(q.Fields.Location), latest: column(q.Fields.Latest)}
}

// columns are those that there are.
func (of fields) columns() []string {
	return slices.DeleteFunc([]string{of.checksum, of.stamp, of.size, of.location, of.latest},
		func(name string) bool { return name == "" })
}

// file is what a row says of a file.
func (of fields) file(row compare.Row) bodies.File {
	f := bodies.File{
		ID:       row.Key,
		Version:  bodies.Version{Checksum: row.Text(of.checksum), Stamp: row.Time(of.stamp)},
		Size:     -1,
		Location: row.Text(of.location),
	}
	if row.Has(of.size) {
		f.Size = row.Number(of.size)
	}
	return f
}
