package listing

import (
	"context"
	"errors"
	"fmt"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/register"
	"catchment/internal/warehouse/lake/rows"
)

// Files lists so many files, in order of their Ids, of those that follow one.
func (c *Catalog) Files(ctx context.Context, s bodies.Search, after string, most int) ([]bodies.Listed, error) {
	all, err := c.files(ctx, s, after, most)
	if err != nil {
		return nil, fmt.Errorf("list the files of %s: %w", s.Object, err)
	}
	return all, nil
}

func (c *Catalog) files(ctx context.Context, s bodies.Search, after string, most int) ([]bodies.Listed, error) {
	l := &listing{Catalog: c, search: s, of: body.SaidOf(s.Object), after: after, most: most}
	var err error
	if l.files, err = c.find(ctx, s.Object); err != nil {
		return nil, err
	}
	if l.known, err = c.register(ctx); err != nil {
		return nil, err
	}
	keys, err := l.look(ctx)
	if err != nil {
		return nil, err
	}
	return l.list(ctx, keys)
}

// A listing is one answer to Files on its way.
type listing struct {
	*Catalog
	search bodies.Search
	of     body.Said
	after  string
	most   int
	files  source       // of the object
	known  *table.Table // the register, nil for none
	wanted              // which of the files are looked for
}

// list goes past rows and lines side by side. keys are the Ids of those that may be looked for, nil for all.
func (l *listing) list(ctx context.Context, keys []string) (all []bodies.Listed, err error) {
	files, err := l.stream(ctx, l.files.table, rows.Query{Key: []string{l.files.key()}, Columns: l.columns(),
		Keys: keys, After: l.after})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, files.Close()) }()
	lines, err := l.stream(ctx, l.known, rows.Query{Key: []string{own.FileKey}, Columns: register.Columns(),
		Where: register.Of(l.search.Object), Keys: keys, After: l.after})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, lines.Close()) }()

	for len(all) < l.most {
		row, isRow, err := files.Row()
		if err != nil {
			return nil, err
		}
		line, isLine, err := lines.Row()
		if err != nil {
			return nil, err
		}
		switch {
		case !isRow && !isLine:
			return all, nil
		case !isRow || isLine && line.Key < row.Key: // a row that is gone
			lines.Next()
			if l.alone(line.Key) {
				known := register.LineOf(line)
				all = append(all, bodies.Listed{ID: line.Key, Line: &known})
			}
			continue
		case isLine && line.Key == row.Key:
			lines.Next()
		default:
			line = compare.Row{}
		}
		files.Next()
		if l.wants(row) {
			all = append(all, l.listed(row, line))
		}
	}
	return all, nil
}

// A stream is rows one by one, in order of their keys. That of a table that isn't there has none.
type stream struct{ *compare.Stream }

func (l *listing) stream(ctx context.Context, t *table.Table, q rows.Query) (stream, error) {
	if t == nil {
		return stream{}, nil
	}
	q.Scratch = l.Scratch
	c, err := rows.Open(ctx, t, q)
	if err != nil {
		return stream{}, err
	}
	return stream{compare.NewStream(c)}, nil
}

func (s stream) Row() (compare.Row, bool, error) {
	if s.Stream == nil {
		return compare.Row{}, false, nil
	}
	return s.Stream.Row()
}

func (s stream) Close() error {
	if s.Stream == nil {
		return nil
	}
	return s.Stream.Close()
}

// columns are those that have to be read of a row.
func (l *listing) columns() []string {
	of := l.of
	fields := append([]string{of.Title, of.Path, of.Ending, of.Parent, of.Size, of.Latest, of.Stamp}, of.Also...)
	return append(l.files.of(fields...), columns.Deleted)
}

// listed is a file by its row and its line, which may be none.
func (l *listing) listed(row, line compare.Row) bodies.Listed {
	text := func(field string) string { return row.Text(l.files.column(field)) }
	latest, stamp := l.files.column(l.of.Latest), l.files.column(l.of.Stamp)
	f := bodies.Listed{
		ID:      row.Key,
		Known:   true,
		Deleted: row.Has(columns.Deleted),
		Title:   text(l.of.Title),
		Path:    text(l.of.Path),
		Ending:  text(l.of.Ending),
		Parent:  text(l.of.Parent),
		Size:    row.Number(l.files.column(l.of.Size)),
		Older:   row.Has(latest) && !row.True(latest),
	}
	if !line.Is() {
		return f
	}
	known := register.LineOf(line)
	f.Line = &known
	f.Moved = row.Has(stamp) && line.Has("stamp") && row.Moment(stamp) != line.Moment("stamp")
	return f
}
