package flow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/schema"
)

// A form is what may stand at a place of a file: how it is read, and the same for editors.
type form struct {
	read  reading
	shape shape
	keys  []key // of the map that it is, or of each in the list that it is; nil of all else
	list  bool  // keys are of each in a list
}

// A key is one key that a map may have, and what a reader of docs/reference learns of it.
type key struct {
	name string
	form
	needed    bool
	about     string // what it says
	otherwise string // what holds without it, in the words of the file; "" where that is nothing
	example   string // as a file has it
}

// section is a map of known keys. rules are what they demand of each other.
func section(keys []key, rules ...shape) form {
	return form{
		read:  func(r *reader, at string, n ast.Node) { r.mapping(at, n, keys) },
		shape: mapOf(keys, rules...), keys: keys,
	}
}

// sectionThen is a section of which then judges further, by the values that stand there.
func sectionThen(keys []key, then func(r *reader, at string, n ast.Node, found map[string]ast.Node),
	rules ...shape) form {
	return form{
		read: func(r *reader, at string, n ast.Node) {
			then(r, at, n, r.mapping(at, n, keys))
		},
		shape: mapOf(keys, rules...), keys: keys,
	}
}

// sections is a list of maps of known keys, each read into a place of its own. rules are what
// the keys of one demand of each other.
func sections(keys []key, each reading, rules ...shape) form {
	return form{
		read:  func(r *reader, at string, n ast.Node) { r.sequence(at, n, each) },
		shape: shape{"type": "array", "items": mapOf(keys, rules...)},
		keys:  keys, list: true,
	}
}

// plain is any text that isn't empty.
func plain(dst *string) form {
	return checked(dst, someText(), func(s string) string {
		if strings.TrimSpace(s) == "" {
			return "is empty"
		}
		return ""
	})
}

// checked is a text in which wrong finds nothing wrong.
func checked(dst *string, is shape, wrong func(string) string) form {
	return form{shape: is, read: func(r *reader, at string, n ast.Node) {
		s, ok := r.text(at, n)
		if !ok {
			return
		}
		if what := wrong(s); what != "" {
			r.problem(n, at, "%s", what)
			return
		}
		*dst = s
	}}
}

// choice is one of a few words.
func choice[T ~string](dst *T, allowed ...T) form {
	return form{shape: oneOf(allowed...), read: func(r *reader, at string, n ast.Node) {
		s, ok := r.text(at, n)
		if !ok {
			return
		}
		words := make([]string, len(allowed))
		for i, a := range allowed {
			words[i] = string(a)
		}
		if !slices.Contains(words, s) {
			r.problem(n, at, "%s", unknown(strconv.Quote(s), s, words))
			return
		}
		*dst = T(s)
	}}
}

// either is one of two words: dst becomes true at the second.
func either(dst *bool, no, yes string) form {
	return form{shape: oneOf(no, yes), read: func(r *reader, at string, n ast.Node) {
		var word string
		choice(&word, no, yes).read(r, at, n)
		*dst = word == yes
	}}
}

// parsed is a text with a parser of its own.
func parsed[T any](dst *T, is shape, parse func(string) (T, error)) form {
	return form{shape: is, read: func(r *reader, at string, n ast.Node) {
		s, ok := r.text(at, n)
		if !ok {
			return
		}
		v, err := parse(s)
		if err != nil {
			r.problem(n, at, "%v", err)
			return
		}
		*dst = v
	}}
}

// truth is true or false.
func truth(dst *bool) form {
	return form{shape: shape{"type": "boolean"}, read: func(r *reader, at string, n ast.Node) {
		b, ok := n.(*ast.BoolNode)
		if !ok {
			r.problem(n, at, "wants true or false, and this is %s", kind(n))
			return
		}
		*dst = b.Value
	}}
}

// listOf is a list whose elements are of one form, which each makes anew.
func listOf[T any](dst *[]T, each func(*T) form) form {
	return form{
		shape: shape{"type": "array", "items": each(new(T)).shape},
		read: func(r *reader, at string, n ast.Node) {
			r.sequence(at, n, func(r *reader, at string, n ast.Node) {
				var one T
				each(&one).read(r, at, n)
				*dst = append(*dst, one)
			})
		},
	}
}

// names is a list of names, each once.
func names(dst *[]string, one shape, wrong func(string) string) form {
	list := shape{"type": "array", "items": one, "uniqueItems": true}
	return form{shape: list, read: func(r *reader, at string, n ast.Node) {
		lines := map[string]int{}
		r.sequence(at, n, func(r *reader, at string, n ast.Node) {
			s, ok := r.text(at, n)
			if !ok {
				return
			}
			lower, what := strings.ToLower(s), wrong(s)
			switch {
			case what != "":
				r.problem(n, at, "%s", what)
			case lines[lower] > 0:
				r.problem(n, at, "%q stands here again; the first is in line %d", s, lines[lower])
			default:
				lines[lower] = where(n).line
				*dst = append(*dst, s)
			}
		})
	}}
}

// fieldMap is a map whose keys are API names of fields, each once.
func fieldMap(each shape, read func(r *reader, at, field string, n ast.Node)) form {
	is := shape{"type": []string{"object", "null"}, "propertyNames": apiName(), "additionalProperties": each}
	return form{shape: is, read: func(r *reader, at string, n ast.Node) {
		list, ok := r.entries(at, n)
		if !ok {
			return
		}
		lines := map[string]int{}
		for _, e := range list {
			name := e.Key.GetToken().Value
			lower, full := strings.ToLower(name), fmt.Sprintf("%s.%s", at, name)
			switch {
			case !schema.IsName(name):
				r.problem(e.Key, at, "%q is not the API name of a field", name)
			case lines[lower] > 0:
				r.problem(e.Key, full, "stands here again; the first is in line %d", lines[lower])
			default:
				lines[lower] = where(e.Key).line
				r.seen[full] = where(e.Value)
				read(r, full, name, e.Value)
			}
		}
	}}
}
