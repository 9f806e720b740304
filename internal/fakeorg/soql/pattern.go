package soql

import (
	"unicode"
	"unicode/utf8"
)

// A pattern is the right side of LIKE, in upper case.
type pattern []patternRune

// A patternRune is a character to meet, or a wildcard: % for any number of
// characters, _ for one.
type patternRune struct {
	r        rune
	wildcard bool
}

// newPattern reads the text of a Pattern literal.
func newPattern(text string) pattern {
	var p pattern
	escaped := false
	for _, r := range text {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		p = append(p, patternRune{unicode.ToUpper(r), !escaped && (r == '%' || r == '_')})
		escaped = false
	}
	return p
}

// match walks the text once; when it gets stuck it goes back to the last %
// and lets that take one character more, which is enough.
func (p pattern) match(text string) bool {
	i, pos := 0, 0        // the next of the pattern, the next of the text
	star, resume := -1, 0 // the last %, and where the text goes on after it
	for pos < len(text) {
		r, size := utf8.DecodeRuneInString(text[pos:])
		switch {
		case i < len(p) && p[i].wildcard && p[i].r == '%':
			star, resume = i, pos
			i++
		case i < len(p) && (p[i].wildcard || p[i].r == unicode.ToUpper(r)):
			i++
			pos += size
		case star >= 0:
			_, size := utf8.DecodeRuneInString(text[resume:])
			resume += size
			i, pos = star+1, resume
		default:
			return false
		}
	}
	for i < len(p) && p[i].wildcard && p[i].r == '%' {
		i++
	}
	return i == len(p)
}
