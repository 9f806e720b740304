package salesforce

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote gives the text of a JSON string. encoding/json makes U+FFFD of half a
// pair of UTF-16, and of bytes that are no UTF-8, without a word; here such a half
// becomes the three bytes that UTF-8 would give its number, and bytes stay what
// they are, so that a page says what came.
func unquote(raw []byte) (string, error) {
	if plain(raw) {
		return string(raw[1 : len(raw)-1]), nil
	}
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", err
	}
	if utf8.Valid(raw) && !bytes.Contains(raw, []byte(`\ud`)) && !bytes.Contains(raw, []byte(`\uD`)) {
		return text, nil
	}
	raw = bytes.Trim(raw, " \t\r\n")
	raw = raw[1 : len(raw)-1] // it is a JSON string: nothing below can fail
	out := make([]byte, 0, len(raw))
	for len(raw) > 0 {
		n := 1
		switch {
		case raw[0] != '\\':
			out = append(out, raw[0])
		case raw[1] == 'u':
			out, n = appendUnit(out, raw)
		default:
			out, n = append(out, escaped(raw[1])), 2
		}
		raw = raw[n:]
	}
	return string(out), nil
}

// plain tells whether raw is a JSON string that says what it means, byte for byte, as most
// of them are.
func plain(raw []byte) bool {
	if len(raw) < 2 || raw[0] != '"' || raw[len(raw)-1] != '"' {
		return false
	}
	for _, c := range raw[1 : len(raw)-1] {
		if c < ' ' || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// appendUnit adds the character that raw begins with, escaped by its number: two
// numbers where they are a pair. n is how much of raw that was.
func appendUnit(out, raw []byte) (_ []byte, n int) {
	first := unit(raw)
	if !utf16.IsSurrogate(first) {
		return utf8.AppendRune(out, first), 6
	}
	if len(raw) >= 12 && raw[6] == '\\' && raw[7] == 'u' {
		if r := utf16.DecodeRune(first, unit(raw[6:])); r != utf8.RuneError {
			return utf8.AppendRune(out, r), 12
		}
	}
	// #nosec G115 -- a unit of UTF-16, cut into three bytes
	return append(out, 0xE0|byte(first>>12), 0x80|byte(first>>6)&0x3F, 0x80|byte(first)&0x3F), 6
}

// unit reads \uXXXX.
func unit(raw []byte) rune {
	n, _ := strconv.ParseUint(string(raw[2:6]), 16, 16)
	return rune(n)
}

// escaped is what a backslash makes of a letter.
func escaped(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
