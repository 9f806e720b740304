package page_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"catchment/internal/page"
)

// A record has as many lines as its values need, and a line is what ends as the
// header does.
func TestAt(t *testing.T) {
	t.Parallel()
	const (
		lf = "\"Name\",\"Id\"\n\"a\r\nb\",\"001\"\n\"a\n\n\nb\",\"002\"\n\"c\",\"003\"\n\"d\",\"004\""
		// CR alone ends a line of PostgreSQL here, LF alone doesn't
		crlf = "Name,Id\r\n\"a\r\nb\",001\r\n\"a\r\n\r\nb\",002\r\n\"c\nd\",003\r\nd,004\r\n"
	)
	for text, lines := range map[string][]string{
		lf:                      {"", "001", "001", "002", "002", "002", "002", "003", "004"},
		crlf:                    {"", "001", "001", "002", "002", "002", "003", "004"},
		"\"A\"\n\"x\"\n\"y\"\n": {"", "", ""},
	} {
		last := int64(0)
		for i, want := range lines {
			line := int64(i + 1)
			record, id, err := page.At(iotest.OneByteReader(strings.NewReader(text)), line)
			if err != nil || id != want || record < last || record > last+1 {
				t.Errorf("line %d of %q: record %d, %q after %d, %v", line, text, record, id, last, err)
			}
			last = record
			end, again, err := page.LineOf(strings.NewReader(text), record)
			if err != nil || again != id || end < line {
				t.Errorf("record %d of %q ends on line %d, %q, %v", record, text, end, again, err)
			}
			if at, _, err := page.At(strings.NewReader(text), end); at != record || err != nil {
				t.Errorf("line %d of %q is of record %d, %v", end, text, at, err)
			}
		}
		if _, _, err := page.At(strings.NewReader(text), int64(len(lines)+1)); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a line behind the end of %q: %v", text, err)
		}
		if _, _, err := page.LineOf(strings.NewReader(text), last+1); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("a record behind the end of %q: %v", text, err)
		}
	}
	if _, _, err := page.At(strings.NewReader(""), 1); err == nil {
		t.Error("a text without a header has a line")
	}
}
