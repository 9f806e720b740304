package change

import (
	"math/bits"
	"strconv"
	"strings"

	"catchment/internal/plan"
)

// marks are the fields that a bitmap of the header names.
type marks struct {
	whole []bool         // by the positions of the schema
	parts map[int][]bool // of compound fields, by theirs
}

// has tells whether the field at a position is named as a whole.
func (m marks) has(field int) bool { return m.whole[field] }

// hasPart tells whether a part of a compound field is named, by itself or with the whole.
func (m marks) hasPart(field, part int) bool {
	named := m.parts[field]
	return m.whole[field] || named != nil && named[part]
}

// touches tells whether a field or a part of it is named.
func (m marks) touches(field int) bool { return m.whole[field] || m.parts[field] != nil }

// marks reads a bitmap. Each element is a number in hex whose lowest bit is the first field, the header itself, or,
// behind the position of a compound field and a hyphen, its first part.
func (s *Schema) marks(name string, elements []string) (marks, error) {
	m := marks{whole: make([]bool, len(s.columns))}
	for _, element := range elements {
		position, digits, nested := strings.Cut(element, "-")
		into := m.whole
		if !nested {
			digits = element
		} else {
			at, err := strconv.Atoi(position)
			switch {
			case err != nil || at < 0:
				return marks{}, malformed(name)
			case at >= len(s.columns):
				return marks{}, beyond(name, at, len(s.columns))
			case len(s.columns[at].parts) == 0:
				return marks{}, plan.Strangef("%s names parts of the field at position %d, which has none", name, at)
			}
			if m.parts == nil {
				m.parts = map[int][]bool{}
			}
			if m.parts[at] == nil {
				m.parts[at] = make([]bool, len(s.columns[at].parts))
			}
			into = m.parts[at]
		}
		if err := setBits(name, digits, into); err != nil {
			return marks{}, err
		}
	}
	return m, nil
}

// setBits sets what a number in hex names.
func setBits(name, text string, into []bool) error {
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok || digits == "" {
		return malformed(name)
	}
	for i := range len(digits) {
		four, err := strconv.ParseUint(digits[len(digits)-1-i:len(digits)-i], 16, 8)
		if err != nil {
			return malformed(name)
		}
		for ; four != 0; four &= four - 1 {
			at := 4*i + bits.TrailingZeros64(four)
			if at >= len(into) {
				return beyond(name, at, len(into))
			}
			into[at] = true
		}
	}
	return nil
}

func malformed(name string) error { return plan.Strangef("%s isn't a bitmap", name) }

func beyond(name string, at, fields int) error {
	return plan.Strangef("%s names position %d of the event's schema, and there are %d", name, at, fields)
}
