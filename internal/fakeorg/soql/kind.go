package soql

import (
	"cmp"
	"strings"
	"unicode"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/literal"
)

// A kind says how the values of a field compare. Null is the empty text in
// every kind, and is dealt with before.
type kind int

const (
	kindNone     kind = iota // can't be compared: base64, address, location
	kindText                 // without case
	kindID                   // with case, on the first 15 characters
	kindInteger              // exact
	kindDecimal              // exact
	kindBoolean              // null reads as false
	kindDate                 // 2026-01-02
	kindDateTime             // 2026-01-02T03:04:05.000Z
	kindTime                 // 03:04:05.000Z
)

// kindOf gives the kind of a describe type.
func kindOf(describe string) kind {
	switch describe {
	case "id", "reference":
		return kindID
	case "int", "long":
		return kindInteger
	case "double", "currency", "percent":
		return kindDecimal
	case "boolean":
		return kindBoolean
	case "date":
		return kindDate
	case "datetime":
		return kindDateTime
	case "time":
		return kindTime
	case "base64", "address", "location", "json":
		return kindNone
	}
	return kindText
}

// value gives the text of a record's field in the form that compare wants.
func (k kind) value(r Record, p *Path) string {
	v := r.Value(p)
	switch {
	case k == kindBoolean && v == "":
		return "false"
	case k == kindDateTime && v != "" && (len(v) != len(literal.InstantLayout) || v[len(v)-1] != 'Z'):
		if t, ok := literal.ReadInstant(v); ok {
			return t.Format(literal.InstantLayout)
		}
	}
	return v
}

// compare orders two values that aren't null.
func (k kind) compare(a, b string) int {
	switch k {
	case kindText:
		return compareText(a, b)
	case kindID:
		return cmp.Compare(a[:min(len(a), 15)], b[:min(len(b), 15)])
	case kindInteger, kindDecimal:
		return compareNumbers(a, b)
	}
	return cmp.Compare(a, b)
}

// same gives a text that is the same for all values that compare as equal.
func (k kind) same(v string) string {
	switch k {
	case kindText:
		return strings.Map(unicode.ToUpper, v)
	case kindID:
		return v[:min(len(v), 15)]
	case kindInteger, kindDecimal:
		if x, ok := exact(v); ok {
			return x.RatString()
		}
	}
	return v
}

// compareText orders without case, by the upper-case characters: what the
// guide's ORDER BY page says of English locales.
func compareText(a, b string) int {
	for i := range min(len(a), len(b)) {
		ca, cb := a[i], b[i]
		if ca >= utf8.RuneSelf || cb >= utf8.RuneSelf {
			return compareRunes(a[i:], b[i:])
		}
		if ca, cb = upperByte(ca), upperByte(cb); ca != cb {
			return cmp.Compare(ca, cb)
		}
	}
	return cmp.Compare(len(a), len(b))
}

func upperByte(c byte) byte {
	if 'a' <= c && c <= 'z' {
		return c - 'a' + 'A'
	}
	return c
}

func compareRunes(a, b string) int {
	for a != "" && b != "" {
		ra, na := utf8.DecodeRuneInString(a)
		rb, nb := utf8.DecodeRuneInString(b)
		if ra, rb = unicode.ToUpper(ra), unicode.ToUpper(rb); ra != rb {
			return cmp.Compare(ra, rb)
		}
		a, b = a[na:], b[nb:]
	}
	return cmp.Compare(len(a), len(b))
}
