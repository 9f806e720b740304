package hostile

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Silence never answers.
func Silence() Trick { return func(x *Exchange) { x.wait() } }

// Stall sends the header and half of the org's answer, and then nothing.
func Stall() Trick {
	return func(x *Exchange) {
		a := x.Honest()
		x.begin(a.Header, len(a.Body), a.Status)
		_, _ = x.W.Write(a.Body[:len(a.Body)/2])
		x.flush()
		x.wait()
	}
}

// Drip sends the header and half of the org's answer, and then a space from time to time: there
// is always a next byte.
func Drip(every time.Duration) Trick {
	return func(x *Exchange) {
		a := x.Honest()
		x.begin(a.Header, -1, a.Status)
		_, _ = x.W.Write(a.Body[:len(a.Body)/2])
		for x.pause(every) {
			if _, err := io.WriteString(x.W, " "); err != nil {
				return
			}
			x.flush()
		}
	}
}

// Promise promises more bytes of a body than there are, and closes the connection;
// with a number below 0 it promises fewer than it sends.
func Promise(more int) Trick {
	return func(x *Exchange) {
		a := x.Honest()
		conn, rw, err := hijack(x.W)
		if err != nil {
			return
		}
		defer conn.Close()
		fmt.Fprintf(rw, "HTTP/1.1 %d OK\r\nContent-Length: %d\r\n", a.Status, len(a.Body)+more)
		a.Header.Del("Content-Length")
		_ = a.Header.Write(rw)
		fmt.Fprintf(rw, "\r\n%s", a.Body)
		_ = rw.Flush()
	}
}

// LongHeader sends one header of so many bytes.
func LongHeader(size int) Trick {
	return func(x *Exchange) {
		conn, rw, err := hijack(x.W)
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(rw, "HTTP/1.1 200 OK\r\nX-Long: ")
		_ = fill(rw, "x", int64(size))
		_, _ = io.WriteString(rw, "\r\n\r\n")
		_ = rw.Flush()
	}
}

// ManyHeaders sends so many headers.
func ManyHeaders(n int) Trick {
	return func(x *Exchange) {
		conn, rw, err := hijack(x.W)
		if err != nil {
			return
		}
		defer conn.Close()
		_, _ = io.WriteString(rw, "HTTP/1.1 200 OK\r\n")
		for i := range n {
			if _, err := fmt.Fprintf(rw, "X-Many-%d: %s\r\n", i, strings.Repeat("y", 80)); err != nil {
				return
			}
		}
		_, _ = io.WriteString(rw, "Content-Length: 0\r\n\r\n")
		_ = rw.Flush()
	}
}

// A Flood is a body that is far too long: what stands before and behind, and
// size bytes of a text between.
type Flood struct {
	Before, Text, Behind string
	Size                 int64
	Packed               bool          // by gzip, so that little of it is on the wire
	Slow                 time.Duration // a pause after each 64 kB
	Header               http.Header
	Status               int // 200 where 0
}

// Trick sends the flood in the place of an answer.
func (f Flood) Trick(x *Exchange) {
	h := f.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	if h.Get("Content-Type") == "" {
		h.Set("Content-Type", "application/json;charset=UTF-8")
	}
	if f.Packed {
		h.Set("Content-Encoding", "gzip")
	}
	x.begin(h, -1, cmp.Or(f.Status, http.StatusOK))
	f.write(x, x.W)
}

// Around sends the org's own answer with the flood put in the place of a text,
// which must stand in it.
func (f Flood) Around(text string) Trick {
	return func(x *Exchange) {
		a := x.Honest()
		before, behind, found := strings.Cut(string(a.Body), text)
		if !found {
			x.Send(a)
			return
		}
		f := f
		f.Before, f.Behind, f.Header = before+f.Before, f.Behind+behind, a.Header
		f.Trick(x)
	}
}

func (f Flood) write(x *Exchange, w io.Writer) {
	if !f.Packed {
		if _, err := io.WriteString(w, f.Before); err != nil || fill(slowly{w, x, f.Slow}, f.Text, f.Size) != nil {
			return
		}
		_, _ = io.WriteString(w, f.Behind)
		return
	}
	// The text is packed once, and sent as often as there is to be of it: gzip
	// reads several members as one (RFC 1952, section 2.2).
	const once = 16 << 20
	var member bytes.Buffer
	if pack(&member, f.Text, once) != nil {
		return
	}
	if pack(w, f.Before, int64(len(f.Before))) != nil {
		return
	}
	for sent := int64(0); sent < f.Size; sent += once {
		if _, err := w.Write(member.Bytes()); err != nil {
			return
		}
	}
	_ = pack(w, f.Behind, int64(len(f.Behind)))
}

// slowly writes with a pause behind each piece, as long as somebody is there.
type slowly struct {
	io.Writer
	x     *Exchange
	pause time.Duration
}

func (s slowly) Write(p []byte) (int, error) {
	n, err := s.Writer.Write(p)
	if err == nil && s.pause > 0 {
		s.x.flush()
		if !s.x.pause(s.pause) {
			err = io.ErrClosedPipe
		}
	}
	return n, err
}

// pack writes a member of gzip that holds size bytes of text.
func pack(w io.Writer, text string, size int64) error {
	z := gzip.NewWriter(w)
	if err := fill(z, text, size); err != nil {
		return err
	}
	return z.Close()
}

// fill writes a text over and over, whole, until it has written size bytes.
func fill(w io.Writer, text string, size int64) error {
	if text == "" {
		return nil
	}
	unit := int64(len(text))
	chunk := []byte(strings.Repeat(text, 1+(64<<10)/len(text)))
	for size > 0 {
		whole := (size + unit - 1) / unit * unit
		part := chunk[:min(int64(len(chunk)), whole)]
		if _, err := w.Write(part); err != nil {
			return err
		}
		size -= int64(len(part))
	}
	return nil
}
