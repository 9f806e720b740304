package redshift

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"slices"
)

// jsonTexts copies a CSV page and writes the texts of some columns as JSON
// strings, which is what COPY makes a SUPER of. The header stays as it is, and
// so does every other byte. An empty field stays empty: it is null.
func jsonTexts(to io.Writer, from io.Reader, columns []int) error {
	in, out := bufio.NewReaderSize(from, 1<<16), bufio.NewWriterSize(to, 1<<16)
	for column, header := 0, true; ; {
		field, end, err := nextField(in)
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if !header && slices.Contains(columns, column) {
			field = jsonField(field)
		}
		if _, werr := out.Write(append(field, end...)); werr != nil {
			return werr
		}
		switch {
		case err != nil:
			return out.Flush()
		case end[0] == ',':
			column++
		default:
			column, header = 0, false
		}
	}
}

// nextField reads a field as it stands, and what ends it: a comma or a line
// break, or nothing at the end of the page, which comes with io.EOF.
func nextField(in *bufio.Reader) (field, end []byte, err error) {
	quoted := false
	for {
		b, err := in.ReadByte()
		if err != nil {
			return field, nil, err
		}
		switch {
		case b == '"':
			quoted = !quoted // a doubled one opens again what it has closed
		case quoted:
		case b == ',', b == '\n':
			if n := len(field); b == '\n' && n > 0 && field[n-1] == '\r' {
				return field[:n-1], []byte("\r\n"), nil
			}
			return field, []byte{b}, nil
		}
		field = append(field, b)
	}
}

// jsonField is a field whose text has become a JSON string.
func jsonField(field []byte) []byte {
	text := field
	if n := len(field); n > 1 && field[0] == '"' && field[n-1] == '"' {
		text = slices.Clone(field[1 : n-1])
		text = undouble(text)
	}
	if len(text) == 0 {
		return field
	}
	var b jsonBuffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(string(text)); err != nil {
		panic(err) // a string always has a JSON text
	}
	out := []byte{'"'}
	for _, c := range b[:len(b)-1] { // without Encode's line break
		if c == '"' {
			out = append(out, '"')
		}
		out = append(out, c)
	}
	return append(out, '"')
}

type jsonBuffer []byte

func (b *jsonBuffer) Write(p []byte) (int, error) {
	*b = append(*b, p...)
	return len(p), nil
}

// undouble makes one quote of two, in place.
func undouble(text []byte) []byte {
	out := text[:0]
	for i := 0; i < len(text); i++ {
		out = append(out, text[i])
		if text[i] == '"' && i+1 < len(text) && text[i+1] == '"' {
			i++
		}
	}
	return out
}
