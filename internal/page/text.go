package page

import (
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/klauspost/compress/gzip"
)

// A text of Salesforce is UTF-16, and may hold half of a pair, which is no
// character and has no UTF-8. A page has it as the three bytes that UTF-8 would
// give its number (ED A0 80 for the first of them), and may hold other bytes that
// are no UTF-8. No warehouse takes either: each half, and each other byte, becomes
// one replacement character.

// characterAt tells how many bytes at the start of p are one character, or stand
// in the place of one. p holds at least one byte.
func characterAt(p []byte) (size int, text bool) {
	r, size := utf8.DecodeRune(p)
	if r != utf8.RuneError || size > 1 {
		return size, true
	}
	if len(p) >= 3 && beginsHalf(p) && p[2]&0xC0 == 0x80 {
		return 3, false
	}
	return 1, false
}

// beginsHalf tells whether the first two bytes of p are those of half a pair.
func beginsHalf(p []byte) bool {
	return p[0] == 0xED && p[1] >= 0xA0 && p[1] <= 0xBF
}

// incomplete counts the bytes at the end of p that begin a character, or half of
// a pair.
func incomplete(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		tail := p[len(p)-n:]
		if !utf8.RuneStart(tail[0]) {
			continue
		}
		if !utf8.FullRune(tail) || n == 2 && beginsHalf(tail) {
			return n
		}
		return 0
	}
	return 0
}

// noTexts counts what in p stands in the place of a character and is none.
func noTexts(p []byte) (n int64) {
	if utf8.Valid(p) {
		return 0
	}
	for len(p) > 0 {
		size, text := characterAt(p)
		if !text {
			n++
		}
		p = p[size:]
	}
	return n
}

// appendText adds p to dst, with U+FFFD for what is no character.
func appendText(dst, p []byte) []byte {
	if utf8.Valid(p) {
		return append(dst, p...)
	}
	for len(p) > 0 {
		size, text := characterAt(p)
		if text {
			dst = append(dst, p[:size]...)
		} else {
			dst = utf8.AppendRune(dst, utf8.RuneError)
		}
		p = p[size:]
	}
	return dst
}

// ReplaceNoText yields the text of r with U+FFFD in the place of each character
// that is none.
func ReplaceNoText(r io.Reader) io.Reader { return &textReplacer{r: r} }

type textReplacer struct {
	r    io.Reader
	buf  []byte
	kept int // bytes at the start of buf that begin a character
	out  []byte
	left []byte // of out, not yet handed on
	err  error
}

func (t *textReplacer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if t.buf == nil {
		t.buf = make([]byte, readSize)
	}
	for len(t.left) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		var n int
		n, t.err = t.r.Read(t.buf[t.kept:])
		read := t.buf[:t.kept+n]
		whole := len(read)
		if t.err == nil {
			whole -= incomplete(read)
		}
		t.out = appendText(t.out[:0], read[:whole])
		t.kept = copy(t.buf, read[whole:])
		t.left = t.out
	}
	n := copy(p, t.left)
	t.left = t.left[n:]
	return n, nil
}

// OnlyText opens a stored page as a warehouse wants it: as text, each character
// that is none replaced by U+FFFD. It closes stored.
func OnlyText(stored io.ReadCloser, packed bool) (io.ReadCloser, error) {
	return replaced(stored, packed, ReplaceNoText)
}

// replaced opens a stored page as text that was changed on the way.
func replaced(stored io.ReadCloser, packed bool, change func(io.Reader) io.Reader) (io.ReadCloser, error) {
	var text io.Reader = stored
	if packed {
		var err error
		if text, err = gzip.NewReader(stored); err != nil {
			_ = stored.Close()
			return nil, fmt.Errorf("unpack: %w", err)
		}
	}
	return struct {
		io.Reader
		io.Closer
	}{change(text), stored}, nil
}
