package page

import (
	"bytes"
	"compress/gzip"
	"io"
)

// Unpack yields the text of a packed page. Its errors are classed as those of
// Check.
func Unpack(from io.Reader) io.Reader { return &unpacking{from: from} }

type unpacking struct {
	from io.Reader
	z    *gunzip
}

func (u *unpacking) Read(p []byte) (int, error) {
	if u.z == nil {
		z, err := newGunzip(u.from)
		if err != nil {
			return 0, err
		}
		u.z = z
	}
	return u.z.Read(p)
}

// Pack yields a text packed, at the least effort: the page was packed for the
// way, and stays so for the disk's sake.
func Pack(text io.Reader) io.Reader {
	p := &packing{text: text, in: make([]byte, readSize)}
	p.z, _ = gzip.NewWriterLevel(&p.out, gzip.BestSpeed) // fails for levels that don't exist only
	return p
}

type packing struct {
	text io.Reader
	in   []byte
	out  bytes.Buffer
	z    *gzip.Writer
	err  error
}

func (p *packing) Read(b []byte) (int, error) {
	for p.out.Len() == 0 {
		if p.err != nil {
			return 0, p.err
		}
		var n int
		n, p.err = p.text.Read(p.in)
		if _, err := p.z.Write(p.in[:n]); err != nil {
			return 0, err
		}
		if p.err == io.EOF {
			if err := p.z.Close(); err != nil {
				return 0, err
			}
		}
	}
	return p.out.Read(b)
}
