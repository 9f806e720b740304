package wire

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"catchment/internal/plan"
)

// A Decoder reads JSON that somebody else wrote, one value after the other, and holds
// no more of it at once than the bounds allow. Every answer in JSON goes through one.
type Decoder struct {
	text *json.Decoder
	in   *bounded
	most int64 // bytes of one value
}

// NewDecoder makes a Decoder of the text that comes from a reader.
func NewDecoder(from io.Reader, b Bounds) *Decoder {
	b = b.filled()
	in := &bounded{from: bufio.NewReaderSize(from, 32<<10), deepest: b.Depth}
	d := &Decoder{text: json.NewDecoder(in), in: in, most: b.Value}
	d.text.UseNumber() // else a number that isn't asked for could be one too large
	return d
}

// Value decodes the next value as a whole.
func (d *Decoder) Value(into any) error {
	d.admit()
	return ended(d.text.Decode(into))
}

// Object hands each key of an object to each, which decodes or skips its value.
func (d *Decoder) Object(each func(key string) error) error {
	if err := d.opens('{'); err != nil {
		return err
	}
	for d.more() {
		t, err := d.token()
		if err != nil {
			return err
		}
		key, _ := t.(string) // nothing else is a key
		if err := each(key); err != nil {
			return err
		}
	}
	return d.delim('}')
}

// Array calls each for every element of an array, which decodes or skips it. null is
// an array without any.
func (d *Decoder) Array(each func() error) error {
	if err := d.opens('['); err != nil {
		if errors.Is(err, errNull) {
			return nil
		}
		return err
	}
	for d.more() {
		if err := each(); err != nil {
			return err
		}
	}
	return d.delim(']')
}

// Skip passes over the next value, and holds nothing of it.
func (d *Decoder) Skip() error {
	for depth := 0; ; {
		t, err := d.token()
		if err != nil {
			return err
		}
		switch t {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}

// End makes sure that nothing follows.
func (d *Decoder) End() error {
	d.admit()
	if _, err := d.text.Token(); err == nil {
		return errors.New("there is more behind its end")
	} else if err != io.EOF {
		return err
	}
	return nil
}

// admit lets as much of the text in as one value may have. What was read ahead counts.
func (d *Decoder) admit() { d.in.until = d.text.InputOffset() + d.most }

// more tells whether another element follows.
func (d *Decoder) more() bool {
	d.admit()
	return d.text.More()
}

func (d *Decoder) token() (json.Token, error) {
	d.admit()
	t, err := d.text.Token()
	return t, ended(err)
}

// errNull says that null stands where an object or array belongs.
var errNull = errors.New("null where one belongs")

func (d *Decoder) opens(want json.Delim) error {
	t, err := d.token()
	switch {
	case err != nil:
		return err
	case t == nil:
		return errNull
	case t != want:
		return errors.New("no " + want.String() + " where one belongs")
	}
	return nil
}

func (d *Decoder) delim(want json.Delim) error {
	t, err := d.token()
	if err == nil && t != want {
		err = errors.New("no " + want.String() + " where one belongs")
	}
	return err
}

// ended is err, where the end of a text that isn't whole is an error.
func ended(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// bounded hands on a text as far as until, and no deeper than deepest.
type bounded struct {
	from    io.Reader
	read    int64
	until   int64
	deepest int

	depth           int
	quoted, escaped bool
}

func (b *bounded) Read(p []byte) (int, error) {
	room := b.until - b.read
	if room <= 0 {
		return 0, plan.Failf(plan.Fix, "leave the field out that has it, or read the object with mover: bulk; "+
			"and look for a proxy that answers in Salesforce's place", "a value in the answer is too large")
	}
	n, err := b.from.Read(p[:min(int64(len(p)), room)])
	b.read += int64(n)
	for _, c := range p[:n] {
		b.see(c)
		if b.depth > b.deepest {
			return 0, beyond("the answer's JSON is deeper than %d", b.deepest)
		}
	}
	return n, err
}

// see follows the brackets.
func (b *bounded) see(c byte) {
	switch {
	case b.escaped:
		b.escaped = false
	case b.quoted && c == '\\':
		b.escaped = true
	case c == '"':
		b.quoted = !b.quoted
	case b.quoted:
	case c == '{' || c == '[':
		b.depth++
	case c == '}' || c == ']':
		b.depth--
	}
}

// BadJSON classes what a decoder of the answer failed with: what has a class keeps it, and
// all else is text that isn't what the guide promises. It quotes nothing of the text.
func (r *Request) BadJSON(err error) error {
	if _, ok := errors.AsType[*plan.Failure](err); ok || plan.ClassOf(err) == plan.Retry {
		return fmt.Errorf("%s %s: %w", r.Method, r.Resource(), err)
	}
	return plan.Strangef("%s %s: the answer isn't the JSON of the guide: %w", r.Method, r.Resource(),
		Unquoted(err))
}

// Unquoted is an error of encoding/json that repeats no value: of a number that has no room
// the package shows all digits.
func Unquoted(err error) error {
	if wrong, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("byte %d has no %s for %q", wrong.Offset, wrong.Type, wrong.Field)
	}
	return err
}
