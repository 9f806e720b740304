package page

import (
	"bytes"
	"io"
)

// A Record is one record of a page on its way through a Rewriter.
type Record struct {
	r     *Reader
	set   [][]byte // by column; nil where the value is as it came
	dirty bool
	value []byte // what Value has unescaped
	arena []byte // what set points into
}

// Value gives a value as it came, or as it was set. It is valid until the next
// call.
func (r *Record) Value(column int) []byte {
	if v := r.set[column]; v != nil {
		return v
	}
	c := r.r.cuts[column]
	v := value(r.r.buf[r.r.start+c.from : r.r.start+c.to])
	if c.escaped {
		r.value = append(r.value[:0], v...)
		v = unescape(r.value)
	}
	return v
}

// Set gives a column another value, which is copied.
func (r *Record) Set(column int, v []byte) {
	from := len(r.arena)
	r.arena = append(r.arena, v...)
	r.set[column] = r.arena[from:len(r.arena):len(r.arena)]
	if len(v) == 0 {
		r.set[column] = []byte{} // of an empty arena it would be nil
	}
	r.dirty = true
}

func (r *Record) reset() {
	if r.dirty {
		clear(r.set)
		r.arena, r.dirty = r.arena[:0], false
	}
}

// An Edit looks at one record, may set values of it, and says whether the
// record stays in the page.
type Edit func(*Record) (keep bool, err error)

// A Rewriter yields a page with its records edited. What no Edit has set is the
// same, byte for byte: quotes, line ends, NUL and all. It holds a record at a
// time, and 64 KiB of what it wrote.
type Rewriter struct {
	in    *Reader
	begin func(header []string) (Edit, error)
	edit  Edit
	rec   Record
	out   []byte
	left  []byte // of out, not yet handed on
	err   error
}

// Rewrite makes a Rewriter of the page's text. begin is called once, with the
// header.
func Rewrite(from io.Reader, begin func(header []string) (Edit, error)) *Rewriter {
	return &Rewriter{in: NewReader(from), begin: begin}
}

func (w *Rewriter) Read(p []byte) (int, error) {
	for len(w.left) == 0 {
		if w.err != nil {
			return 0, w.err
		}
		w.out = w.out[:0]
		for w.err == nil && len(w.out) < readSize {
			w.err = w.next()
		}
		w.left = w.out
	}
	n := copy(p, w.left)
	w.left = w.left[n:]
	return n, nil
}

// next writes the header, or the next record that stays.
func (w *Rewriter) next() error {
	if w.edit == nil {
		header, err := w.in.Header()
		if err != nil {
			return err
		}
		if w.edit, err = w.begin(header); err != nil {
			return err
		}
		w.in.raw = true
		w.rec = Record{r: w.in, set: make([][]byte, len(header))}
		w.out = append(w.out, w.in.whole()...)
		return nil
	}
	if err := w.in.record(); err != nil {
		return err
	}
	w.rec.reset()
	keep, err := w.edit(&w.rec)
	switch {
	case err != nil || !keep:
		return err
	case !w.rec.dirty:
		w.out = append(w.out, w.in.whole()...)
		return nil
	}
	for i, c := range w.in.cuts {
		raw := w.in.buf[w.in.start+c.from : w.in.start+c.to]
		if w.rec.set[i] == nil {
			w.out = append(w.out, raw...)
			continue
		}
		w.out = append(appendQuoted(w.out, w.rec.set[i]), ending(raw)...)
	}
	return nil
}

// appendQuoted adds a value in quotes, those in it doubled.
func appendQuoted(dst, v []byte) []byte {
	dst = append(dst, '"')
	for {
		at := bytes.IndexByte(v, '"')
		if at < 0 {
			return append(append(dst, v...), '"')
		}
		dst = append(append(dst, v[:at+1]...), '"')
		v = v[at+1:]
	}
}

// ending is what ends a raw field: a comma, a line break, or nothing at the end
// of the page.
func ending(raw []byte) []byte {
	n := len(raw)
	switch {
	case n > 1 && raw[n-1] == '\n' && raw[n-2] == '\r':
		return raw[n-2:]
	case n > 0 && (raw[n-1] == ',' || raw[n-1] == '\n'):
		return raw[n-1:]
	}
	return nil
}
