package soap

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// describeGlobal lists the objects.
func (s *Server) describeGlobal(call) ([]byte, error) {
	shown := s.Store.Catalog().Shown()
	slices.SortFunc(shown, func(a, b *store.Object) int { return strings.Compare(a.Name(), b.Name()) })
	dst := []byte(`<describeGlobalResponse><result><encoding>UTF-8</encoding><maxBatchSize>200</maxBatchSize>`)
	for _, obj := range shown {
		var err error
		if dst, err = appendJSON(dst, "sobjects", obj.About.Flags); err != nil {
			return nil, err
		}
	}
	return append(dst, `</result></describeGlobalResponse>`...), nil
}

// describe tells of one object or of several.
func (s *Server) describe(c call) ([]byte, error) {
	dst := []byte(`<` + c.name + `Response>`)
	for _, name := range c.Objects {
		obj, ok := s.Store.Object(name)
		if !ok {
			return nil, reply.Bad("INVALID_TYPE", "sObject type '%s' is not supported.", name)
		}
		about := *obj.About
		about.ChildRelationships = s.Store.Catalog().Children(obj)
		var err error
		if dst, err = appendJSON(dst, "result", about); err != nil {
			return nil, err
		}
		dst = bytes.TrimSuffix(dst, []byte(`</result>`))
		at := web.BaseURL(c.Request) + "/"
		for _, url := range [][2]string{
			{"urlDetail", at + "{ID}"}, {"urlEdit", at + "{ID}/e"}, {"urlNew", at + obj.Prefix() + "/e"},
		} {
			dst = append(dst, `<`+url[0]+`>`+escaped(url[1])+`</`+url[0]+`>`...)
		}
		dst = append(dst, `</result>`...)
	}
	return append(dst, `</`+c.name+`Response>`...), nil
}

// appendJSON writes what REST says in JSON as an element: the two APIs call
// things by the same names. An entry of a list is an element of its own; most
// of what is null is left out, and so are the URLs, which are REST's.
func appendJSON(dst []byte, name string, value any) ([]byte, error) {
	text, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	w := jsonWalk{d, dst}
	if err := w.value(name); err != nil {
		return nil, err
	}
	return w.dst, nil
}

// A jsonWalk turns tokens of JSON into elements.
type jsonWalk struct {
	*json.Decoder
	dst []byte
}

// value writes the next value as an element of this name, a list as several.
func (w *jsonWalk) value(name string) error {
	token, err := w.Token()
	if err != nil {
		return err
	}
	switch token := token.(type) {
	case json.Delim:
		if token == '[' {
			for w.More() {
				if err := w.value(name); err != nil {
					return err
				}
			}
			_, err = w.Token() // the end
			return err
		}
		return w.object(name)
	case nil:
		if name == "keyPrefix" || name == "relationshipName" {
			w.dst = append(w.dst, `<`+name+` xsi:nil="true"/>`...)
		}
	default:
		w.dst = append(w.dst, `<`+name+`>`+escaped(fmt.Sprint(token))+`</`+name+`>`...)
	}
	return nil
}

func (w *jsonWalk) object(name string) error {
	w.dst = append(w.dst, `<`+name+`>`...)
	for w.More() {
		key, err := w.Token()
		if err != nil {
			return err
		}
		at := len(w.dst)
		if err := w.value(fmt.Sprint(key)); err != nil {
			return err
		}
		if key == "urls" {
			w.dst = w.dst[:at]
		}
	}
	w.dst = append(w.dst, `</`+name+`>`...)
	_, err := w.Token() // the end
	return err
}
