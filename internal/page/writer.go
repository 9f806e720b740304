package page

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// A Writer writes a page in the form of Bulk API 2.0: a header row, every
// field in quotes, LF behind every record. The first error stays.
type Writer struct {
	w       *bufio.Writer
	columns int
	err     error
}

// NewWriter makes a Writer and writes the header.
func NewWriter(w io.Writer, header []string) *Writer {
	pw := &Writer{w: bufio.NewWriter(w), columns: len(header)}
	pw.write(header)
	return pw
}

// MoreWriter makes a Writer that goes on with a page of so many columns, behind what it
// holds already.
func MoreWriter(w io.Writer, columns int) *Writer {
	return &Writer{w: bufio.NewWriter(w), columns: columns}
}

// Write writes one record; "" stands for NULL.
func (w *Writer) Write(record []string) error {
	if w.err == nil && len(record) != w.columns {
		w.err = fmt.Errorf("page: record of %d fields under a header of %d", len(record), w.columns)
	}
	if w.err == nil {
		w.write(record)
	}
	return w.err
}

// Flush hands everything on to the underlying writer.
func (w *Writer) Flush() error {
	if w.err == nil {
		w.err = w.w.Flush()
	}
	return w.err
}

func (w *Writer) write(record []string) {
	// bufio.Writer keeps its first error and gives it with the last call.
	for i, field := range record {
		if i > 0 {
			_ = w.w.WriteByte(',')
		}
		_ = w.w.WriteByte('"')
		for {
			before, after, found := strings.Cut(field, `"`)
			_, _ = w.w.WriteString(before)
			if !found {
				break
			}
			_, _ = w.w.WriteString(`""`)
			field = after
		}
		_ = w.w.WriteByte('"')
	}
	w.err = w.w.WriteByte('\n')
}
