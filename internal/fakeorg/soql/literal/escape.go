package literal

import (
	"strconv"
	"strings"
	"unicode/utf16"
)

// Unquote reads a string with its quotes and escapes; in a pattern the escapes
// of wildcards stay. Illegal is the rest from the first escape that is none,
// "" where there is no such escape.
func Unquote(quoted string, pattern bool) (text, illegal string) {
	var b strings.Builder
	s := quoted[1 : len(quoted)-1]
	for i := strings.IndexByte(s, '\\'); i >= 0; i = strings.IndexByte(s, '\\') {
		plain, size := unescape(s[i:], pattern)
		if size == 0 {
			return "", s[i:]
		}
		b.WriteString(s[:i] + plain)
		s = s[i+size:]
	}
	return b.String() + s, ""
}

// unescape reads the escape that s starts with (the guide's Quoted String
// Escape Sequences): its text, and how long it is; 0 where there is no such
// escape. In a pattern \\ \% and \_ keep their backslash.
func unescape(s string, pattern bool) (text string, size int) {
	switch s[1] { // the lexer lets no string end in a lone backslash
	case 'n', 'N':
		return "\n", 2
	case 'r', 'R':
		return "\r", 2
	case 't', 'T':
		return "\t", 2
	case 'b', 'B':
		return "\b", 2 // the guide says bell in English, backspace in Japanese; backspace is what Java reads
	case 'f', 'F':
		return "\f", 2
	case '"', '\'':
		return s[1:2], 2
	case '\\', '%', '_':
		if pattern {
			return s[:2], 2
		}
		if s[1] == '\\' {
			return `\`, 2
		}
	case 'u':
		return unescapeUnicode(s)
	}
	return "", 0
}

// unescapeUnicode reads \uXXXX, or a surrogate pair of two of them.
func unescapeUnicode(s string) (string, int) {
	high, ok := codeUnit(s)
	if !ok {
		return "", 0
	}
	if !utf16.IsSurrogate(high) {
		return string(high), 6
	}
	if low, ok := codeUnit(s[6:]); ok && utf16.DecodeRune(high, low) != '\uFFFD' {
		return string(utf16.DecodeRune(high, low)), 12
	}
	return "", 0
}

func codeUnit(s string) (rune, bool) {
	if len(s) < 6 || s[0] != '\\' || s[1] != 'u' {
		return 0, false
	}
	n, err := strconv.ParseUint(s[2:6], 16, 16)
	return rune(n), err == nil
}
