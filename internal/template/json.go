package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// readJSON reads the documents of a file in JSON, one behind the other as a loop
// of a shell leaves them.
func readJSON(text []byte) ([]*node, error) {
	r := &jsonReader{text: text, d: json.NewDecoder(bytes.NewReader(text)), line: 1}
	r.d.UseNumber() // a text: 1612148400000 is no 1.6121484e12
	var docs []*node
	for {
		root, err := r.value(0)
		if errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			return docs, nil
		}
		if err != nil {
			return nil, r.wrong(err)
		}
		docs = append(docs, root)
	}
}

type jsonReader struct {
	text []byte
	d    *json.Decoder
	line int   // of what was read last
	at   int64 // up to where the lines are counted
	made int   // nodes
}

// next reads one token, and what line it ends in.
func (r *jsonReader) next() (json.Token, error) {
	t, err := r.d.Token()
	if err == nil {
		r.line += bytes.Count(r.text[r.at:r.d.InputOffset()], []byte("\n"))
		r.at = r.d.InputOffset()
	}
	return t, err
}

func (r *jsonReader) wrong(err error) error {
	line := r.line
	if at, ok := errors.AsType[*json.SyntaxError](err); ok {
		line = 1 + bytes.Count(r.text[:min(at.Offset, int64(len(r.text)))], []byte("\n"))
	}
	if at, ok := errors.AsType[*lineError](err); ok {
		return at
	}
	if errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return &lineError{line, "is not JSON: it ends too early"}
	}
	return &lineError{line, "is not JSON: " + err.Error()}
}

func (r *jsonReader) value(depth int) (*node, error) {
	t, err := r.next()
	if err != nil {
		return nil, err
	}
	if r.made++; r.made > mostNodes {
		return nil, &lineError{r.line, fmt.Sprintf("holds more than %d values", mostNodes)}
	}
	if depth > deepest {
		return nil, &lineError{r.line, fmt.Sprintf("is nested more than %d levels deep", deepest)}
	}
	out := &node{line: r.line, kind: scalar}
	switch t := t.(type) {
	case nil:
		out.kind = empty
	case string:
		out.text = t
	case json.Delim:
		if t == '[' {
			return out, r.array(out, depth)
		}
		err := r.object(out, depth)
		return asFunction(out), err
	default: // a number or a truth
		if out.text = fmt.Sprint(t); isHuge(out.text) {
			return nil, &lineError{r.line, hugeNumber}
		}
	}
	return out, nil
}

func (r *jsonReader) array(out *node, depth int) error {
	out.kind = sequence
	for r.d.More() {
		one, err := r.value(depth + 1)
		if err != nil {
			return inside(err)
		}
		out.list = append(out.list, one)
	}
	_, err := r.next()
	return inside(err)
}

func (r *jsonReader) object(out *node, depth int) error {
	out.kind = mapping
	for r.d.More() {
		t, err := r.next()
		if err != nil {
			return inside(err)
		}
		key, line := fmt.Sprint(t), r.line
		value, err := r.value(depth + 1)
		if err != nil {
			return inside(err)
		}
		if value.kind == mapping || value.kind == empty {
			value.line = line
		}
		out.pairs = append(out.pairs, pair{key, line, value})
	}
	if len(out.pairs) > 0 {
		out.line = out.pairs[0].line
	}
	_, err := r.next()
	return inside(err)
}

const hugeNumber = "holds a number that is longer than any of use"

// isHuge tells a number like 1e1000000, which fills the machine once it is written
// out.
func isHuge(number string) bool {
	at := strings.IndexAny(number, "eE")
	return len(number) > 40 || at >= 0 && len(strings.TrimLeft(number[at+1:], "+-0")) > 2
}

// inside makes an end within a document what it is.
func inside(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}
