// Package halves reads and writes texts that may hold half of a pair of UTF-16 alone, as
// Java's texts may, and so those of Salesforce: its JSON has the number, "\ud800". The
// org keeps that as the three bytes which UTF-8 would have for it; Go's own JSON makes
// U+FFFD of either.
package halves

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// A Text is a JSON string that may hold halves of pairs.
type Text string

// MarshalJSON writes what UnmarshalJSON reads.
func (t Text) MarshalJSON() ([]byte, error) { return AppendJSON(nil, []byte(t)), nil }

// Length is how many characters a text has; a half is one.
func Length(text string) int {
	n := 0
	for len(text) > 0 {
		_, size := utf8.DecodeRuneInString(text)
		if size == 1 && isHalf([]byte(text[:min(3, len(text))])) {
			size = 3
		}
		text = text[size:]
		n++
	}
	return n
}

// escape is one escape of JSON: a pair, a number, or a letter.
var escape = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.`)

// UnmarshalJSON reads what JSON can say.
func (t *Text) UnmarshalJSON(raw []byte) error {
	var b strings.Builder
	add := func(part []byte) error {
		var plain string
		err := json.Unmarshal(append(append([]byte{'"'}, part...), '"'), &plain)
		b.WriteString(plain)
		return err
	}
	var all string
	if err := json.Unmarshal(raw, &all); err != nil || raw[0] != '"' { // null stays ""
		return err
	}
	inner, from := raw[1:len(raw)-1], 0
	for _, at := range escape.FindAllIndex(inner, -1) {
		part := inner[at[0]:at[1]]
		if len(part) != 6 {
			continue
		}
		n, err := strconv.ParseUint(string(part[2:]), 16, 16)
		if err != nil || !utf16.IsSurrogate(rune(n)) {
			continue
		}
		if err := add(inner[from:at[0]]); err != nil {
			return err
		}
		b.Write([]byte{0xED, 0x80 | byte(n>>6&0x3F), 0x80 | byte(n&0x3F)})
		from = at[1]
	}
	err := add(inner[from:])
	*t = Text(b.String())
	return err
}

// isHalf tells whether a text begins with half of a pair of UTF-16, as three bytes:
// Java's texts may hold one alone, and its JSON then has the number.
func isHalf(text []byte) bool {
	return len(text) >= 3 && text[0] == 0xED && text[1]&0xE0 == 0xA0 && text[2]&0xC0 == 0x80
}

// AppendJSON quotes a text: what JSON asks to be escaped is, nothing else.
func AppendJSON(dst, text []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for len(text) > 0 {
		c := text[0]
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, '\\', 'n')
		case c == '\r':
			dst = append(dst, '\\', 'r')
		case c == '\t':
			dst = append(dst, '\\', 't')
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		case c < utf8.RuneSelf:
			dst = append(dst, c)
		default:
			char, size := utf8.DecodeRune(text)
			if size == 1 && isHalf(text) {
				dst = append(dst, '\\', 'u', 'd', hex[text[1]>>2&15], hex[text[1]&3<<2|text[2]>>4&3], hex[text[2]&15])
				text = text[3:]
				continue
			}
			dst = utf8.AppendRune(dst, char)
			text = text[size:]
			continue
		}
		text = text[1:]
	}
	return append(dst, '"')
}
