package page

import (
	"bytes"
	"io"
)

// symbolForNull stands in the place of a NUL byte, which not every warehouse can
// store.
const symbolForNull = "\u2400"

// ReplaceNUL yields the text of r with U+2400 in the place of each NUL byte.
func ReplaceNUL(r io.Reader) io.Reader { return &nulReplacer{r: r} }

type nulReplacer struct {
	r    io.Reader
	buf  []byte
	left []byte // of buf, not yet handed out
	sym  string // of a symbol, not yet handed out
	err  error
}

func (n *nulReplacer) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if n.buf == nil {
		n.buf = make([]byte, readSize)
	}
	for len(n.sym) == 0 && len(n.left) == 0 {
		if n.err != nil {
			return 0, n.err
		}
		var read int
		read, n.err = n.r.Read(n.buf)
		n.left = n.buf[:read]
	}
	total := 0
	for total < len(p) && len(n.sym)+len(n.left) > 0 {
		if len(n.sym) > 0 {
			c := copy(p[total:], n.sym)
			n.sym = n.sym[c:]
			total += c
			continue
		}
		plain := bytes.IndexByte(n.left, 0)
		if plain < 0 {
			plain = len(n.left)
		}
		c := copy(p[total:], n.left[:plain])
		n.left = n.left[c:]
		total += c
		if c == plain && len(n.left) > 0 {
			n.left = n.left[1:]
			n.sym = symbolForNull
		}
	}
	return total, nil
}

// WithoutNUL opens a stored page as a warehouse wants it that can't store NUL:
// as text, each NUL replaced by U+2400. It closes stored.
func WithoutNUL(stored io.ReadCloser, packed bool) (io.ReadCloser, error) {
	return replaced(stored, packed, ReplaceNUL)
}
