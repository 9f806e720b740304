package files

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"catchment/internal/mover"
	"catchment/internal/page"
	"catchment/internal/schema"
)

// rows are the records of a file. next gives the values of the fields that were asked for,
// "" for NULL, or io.EOF; they hold until the next call.
type rows interface {
	next() ([]string, error)
	io.Closer
}

// magic is how a file of Parquet begins (Parquet format, "File format"). No field of
// Salesforce is called so, with which a header of CSV could begin.
const magic = "PAR1"

// page opens a file as a page of fields.
func (b *Bucket) page(ctx context.Context, f file, fields []schema.Field) (*mover.Body, error) {
	from, err := b.open(ctx, f)
	if err != nil {
		return nil, err
	}
	text := bufio.NewReader(from)
	begin, err := text.Peek(len(magic))
	if err != nil && err != io.EOF {
		return nil, errors.Join(err, from.Close())
	}
	opened := struct {
		io.Reader
		io.Closer
	}{text, from}
	var of rows
	if string(begin) == magic {
		of, err = openParquet(ctx, opened, fields)
	} else {
		of, err = openCSV(opened, fields)
	}
	if err != nil {
		return nil, judged(f, err)
	}
	return &mover.Body{ReadCloser: newPaged(f, of, fields), Records: -1}, nil
}

// errUnfit says that a file holds something else than the records of its flow.
var errUnfit = errors.New("it isn't what the flow writes")

// judged tells what is wrong with a file from what broke on the way to it.
func judged(f file, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	_, malformed := errors.AsType[*page.Error](err)
	if malformed || errors.Is(err, errUnfit) {
		return wrong(f, err)
	}
	return fmt.Errorf("file %s: %w", f.key, err)
}

// places finds the fields among the columns of a file. One that isn't asked for is left out.
func places(columns []string, fields []schema.Field) ([]int, error) {
	at := make([]int, len(fields))
	for i, f := range fields {
		at[i] = slices.IndexFunc(columns, func(name string) bool { return strings.EqualFold(name, f.Name) })
		if at[i] < 0 {
			return nil, fmt.Errorf("%w: the column %s is missing", errUnfit, f.Name)
		}
	}
	return at, nil
}

// A paged is a page that is written while it is read.
type paged struct {
	file file
	rows rows
	text bytes.Buffer
	to   *page.Writer
	err  error // the first one stays, io.EOF too
}

func newPaged(f file, of rows, fields []schema.Field) *paged {
	p := &paged{file: f, rows: of}
	header := make([]string, len(fields))
	for i, field := range fields {
		header[i] = field.Name
	}
	p.to = page.NewWriter(&p.text, header)
	return p
}

// written is how much of a page is written at once.
const written = 64 << 10

func (p *paged) Read(into []byte) (int, error) {
	for p.text.Len() == 0 && p.err == nil {
		p.err = judged(p.file, p.fill())
	}
	if p.text.Len() > 0 {
		return p.text.Read(into)
	}
	return 0, p.err
}

// fill writes on. Behind the last record it is io.EOF.
func (p *paged) fill() error {
	for p.text.Len() < written {
		record, err := p.rows.next()
		if err == nil {
			err = p.to.Write(record)
		}
		if err != nil {
			return cmp.Or(p.to.Flush(), err)
		}
	}
	return p.to.Flush()
}

func (p *paged) Close() error { return p.rows.Close() }
