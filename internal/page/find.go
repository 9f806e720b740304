package page

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
)

// At finds the record that a line of a page's text belongs to: its ordinal, 0 for
// the header and 1 for the first record, and its Id, "" where the page has no
// such column. A record whose values hold line breaks has several lines. It holds
// one record at a time.
//
// Line 1 is the header. What ends the header's line ends every line, also within
// quotes: LF, or of CRLF the CR, as the usual COPY of a warehouse counts them.
func At(text io.Reader, line int64) (record int64, id string, err error) {
	record, _, id, err = find(text, func(_, last int64) bool { return last >= line })
	if err != nil {
		err = fmt.Errorf("find line %d: %w", line, err)
	}
	return record, id, err
}

// LineOf tells on which line of a page's text a record ends, and its Id; it is At
// the other way round.
func LineOf(text io.Reader, record int64) (line int64, id string, err error) {
	_, line, id, err = find(text, func(at, _ int64) bool { return at >= record })
	if err != nil {
		err = fmt.Errorf("find record %d: %w", record, err)
	}
	return line, id, err
}

// find reads up to the record that is wanted, by its ordinal or its last line.
func find(
	text io.Reader, wanted func(record, last int64) bool,
) (record, line int64, id string, err error) {
	r := NewReader(text)
	header, err := r.Header()
	if err != nil {
		return 0, 0, "", err
	}
	end := []byte{'\n'}
	if bytes.HasSuffix(r.whole(), []byte("\r\n")) {
		end = []byte{'\r'}
	}
	column := slices.IndexFunc(header, func(name string) bool { return strings.EqualFold(name, "Id") })
	r.raw = true
	for line = 1; !wanted(record, line); {
		if err := r.record(); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return 0, 0, "", err
		}
		record++
		whole := r.whole()
		line += int64(bytes.Count(whole, end))
		if !bytes.HasSuffix(whole, []byte{'\n'}) { // the last one needs no line break
			line++
		}
	}
	if record > 0 && column >= 0 {
		c := r.cuts[column]
		id = string(value(r.whole()[c.from:c.to]))
	}
	return record, line, id, nil
}
