package load

import (
	"bufio"
	"context"
	"io"
	"strings"

	"catchment/internal/fakeaws/redshift/failure"
)

// A Loading is a COPY at work: it reads objects of S3 and writes their rows for
// PostgreSQL's COPY.
type Loading struct {
	Command *Command
	Columns []*Column // that the fields go into, in their order
	S3      S3
	Reject  func(Rejected) error // is told of each row that isn't loaded

	Rows   int // that were written
	Errors int // rows that were rejected

	sources []source
	found   int // objects
}

// A Rejected row is one that isn't loaded.
type Rejected struct {
	URL  string // of its object
	Line int
	Raw  []byte // until Reject returns
	Why  *Error
}

// Find finds the objects to load.
func (l *Loading) Find(ctx context.Context) (err error) {
	l.sources, err = l.S3.sources(ctx, l.Command)
	return err
}

// Run writes the rows that can be loaded, in PostgreSQL's own CSV.
func (l *Loading) Run(ctx context.Context, to io.Writer) error {
	w := bufio.NewWriterSize(to, 64<<10)
	for _, from := range l.sources {
		if err := l.object(ctx, from, w); err != nil {
			return err
		}
	}
	if l.found == 0 {
		return noPrefix(l.Command.from)
	}
	return w.Flush()
}

// object loads one object.
func (l *Loading) object(ctx context.Context, from source, w *bufio.Writer) error {
	o, err := l.S3.read(ctx, from, l.Command.gzip)
	if err != nil || o == nil {
		return err
	}
	defer o.Close()
	l.found++
	r := newReader(o, l.Command)
	for n := 0; ; n++ {
		rec, err := r.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if n < l.Command.header || len(rec.raw) == 0 && l.Command.ignoreBlankLines {
			continue
		}
		line, broken := l.row(rec)
		if broken == nil {
			l.Rows++
			if !l.Command.noLoad {
				if _, err := w.WriteString(line); err != nil {
					return err
				}
			}
			continue
		}
		if err := l.Reject(Rejected{URL: from.url, Line: rec.line, Raw: rec.raw, Why: broken}); err != nil {
			return err
		}
		if l.Errors++; l.Errors > l.Command.maxError {
			return failure.New(failure.Internal,
				"Load into table '%s' failed.  Check 'stl_load_errors' system table for details.", l.Command.Table.Name)
		}
	}
}

// row is a record as PostgreSQL's COPY reads it.
func (l *Loading) row(rec *record) (string, *Error) {
	switch {
	case rec.broken != nil:
		return "", rec.broken
	case len(rec.fields) > len(l.Columns):
		return "", &Error{Code: 1202, Reason: "Extra column(s) found"}
	case len(rec.fields) < len(l.Columns) && !l.Command.fillRecord:
		return "", &Error{Code: 1214, Reason: "Delimiter not found", Column: l.Columns[len(rec.fields)-1]}
	}
	var b strings.Builder
	for i, t := range l.Columns {
		if i > 0 {
			b.WriteByte(',')
		}
		field := ""
		if i < len(rec.fields) {
			field = string(rec.fields[i])
		}
		v, e := l.Command.value(t, field)
		if e != nil {
			return "", e
		}
		if v == nil {
			b.WriteString(`\N`)
			continue
		}
		b.WriteString(`"` + strings.ReplaceAll(*v, `"`, `""`) + `"`)
	}
	b.WriteByte('\n')
	return b.String(), nil
}
