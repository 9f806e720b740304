package files

import (
	"io"

	"catchment/internal/page"
	"catchment/internal/schema"
)

// A csvFile is a file of CSV: a header, then a line for each record. Values that hold a
// comma, a quote or a line break stand in quotes, others may; a quote in them is doubled
// (RFC 4180; AppFlow's guide names no other form). A value without anything is NULL, in
// quotes or not: Salesforce has no empty text, so nothing is lost by that.
type csvFile struct {
	from    io.Closer
	checked *page.Checked
	reader  *page.Reader
	fields  []schema.Field
	at      []int
	values  []string
}

func openCSV(from io.ReadCloser, fields []schema.Field) (rows, error) {
	// Checked bounds what one value and one record may take of memory, as in every page.
	f := &csvFile{from: from, checked: page.Check(&ended{from: from}, false, -1, nil), fields: fields,
		values: make([]string, len(fields))}
	f.reader = page.NewReader(f.checked)
	header, err := f.reader.Header()
	if err == nil {
		f.at, err = places(header, fields)
	}
	if err != nil {
		_ = f.Close() // nothing was written
		return nil, err
	}
	return f, nil
}

func (f *csvFile) next() ([]string, error) {
	record, err := f.reader.Next()
	if err != nil {
		return nil, err
	}
	for i, at := range f.at {
		f.values[i] = text(f.fields[i].Type, string(record[at]))
	}
	return f.values, nil
}

func (f *csvFile) Close() error {
	_ = f.checked.Close() // ends its scan
	return f.from.Close()
}

// An ended gives the last line of a text its line break, where it has none. Of a page that
// came over the wire nobody could tell whether it was cut; S3 says how long an object is.
type ended struct {
	from io.Reader
	last byte
	any  bool
	done bool
}

func (e *ended) Read(p []byte) (int, error) {
	if e.done || len(p) == 0 {
		return 0, io.EOF
	}
	n, err := e.from.Read(p)
	if n > 0 {
		e.last, e.any = p[n-1], true
	}
	if err != io.EOF || !e.any || e.last == '\n' {
		return n, err
	}
	if n == len(p) {
		return n, nil // there is room for it the next time
	}
	p[n], e.done = '\n', true
	return n + 1, nil
}
