package soql

import (
	"strconv"
	"strings"
	"time"
	"unicode/utf16"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/refusal"
)

// The canonical texts of instants, days and times of day, as a Bulk CSV cell
// holds them. They order like what they stand for.
const (
	instantLayout = "2006-01-02T15:04:05.000Z"
	dayLayout     = "2006-01-02"
	timeLayout    = "15:04:05.000Z"
)

// maxLiteral is how long a string in a WHERE clause may be (SOQL limits).
const maxLiteral = 4000

// literal reads a value; pattern says that it stands at the right of LIKE.
func (p *parser) literal(pattern bool) (Literal, *refusal.Error) {
	t := p.take()
	switch t.kind {
	case tokenString:
		return p.stringLiteral(t, pattern)
	case tokenNumber:
		l, ok := readNumber(t.text)
		if !ok {
			return Literal{}, p.unexpected(t)
		}
		l.N, l.Pos = -1, t.pos
		return l, nil
	case tokenWord:
		return p.wordLiteral(t)
	}
	return Literal{}, p.unexpected(t)
}

// readNumber reads what starts with a digit or a sign. SOQL knows no
// exponents.
func readNumber(text string) (Literal, bool) {
	whole, fraction, dot := strings.Cut(strings.TrimLeft(text, "+-"), ".")
	if (allDigits(whole) && (!dot || allDigits(fraction))) || (whole == "" && allDigits(fraction)) {
		return Literal{Kind: Number, Text: text}, true
	}
	if t, err := time.Parse(dayLayout, text); err == nil && inRange(t) {
		return Literal{Kind: Date, Text: text}, true
	}
	if t, err := time.Parse("15:04:05Z", text); err == nil {
		return Literal{Kind: Time, Text: t.Format(timeLayout)}, true
	}
	if t, ok := readInstant(text); ok && inRange(t) {
		return Literal{Kind: DateTime, Text: t.Format(instantLayout)}, true
	}
	return Literal{}, false
}

// readInstant reads a datetime with its zone: Z, +01:00 or +0100. Either a Z
// or an offset, never both.
func readInstant(text string) (time.Time, bool) {
	for _, layout := range []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC(), true
		}
	}
	return time.Time{}, false
}

// inRange tells whether Salesforce can hold the day: from 1700 to 4000.
func inRange(t time.Time) bool { return 1700 <= t.Year() && t.Year() <= 4000 }

// wordLiteral reads null, true, false, USD500 and relative dates.
func (p *parser) wordLiteral(t token) (Literal, *refusal.Error) {
	l := Literal{N: -1, Pos: t.pos}
	switch {
	case t.is("NULL"):
		l.Kind, l.Text = Null, "null"
		return l, nil
	case t.is("TRUE"), t.is("FALSE"):
		l.Kind, l.Text = Boolean, strings.ToLower(t.text)
		return l, nil
	case isCurrency(t.text):
		l.Kind, l.Text = Currency, strings.ToUpper(t.text)
		return l, nil
	}
	l.Kind, l.Text = Relative, strings.ToUpper(t.text)
	_, counted, ok := relativeSpan(l.Text, 0)
	if !ok {
		return l, p.unexpected(t)
	}
	if !counted {
		return l, nil
	}
	if err := p.expectPunct(":"); err != nil {
		return l, p.unexpected(t)
	}
	var err *refusal.Error
	l.N, err = p.count()
	return l, err
}

func (p *parser) stringLiteral(t token, pattern bool) (Literal, *refusal.Error) {
	l := Literal{Kind: String, N: -1, Pos: t.pos}
	if pattern {
		l.Kind = Pattern
	}
	var b strings.Builder
	for s := t.text[1 : len(t.text)-1]; s != ""; {
		if s[0] != '\\' {
			i := strings.IndexByte(s, '\\')
			if i < 0 {
				i = len(s)
			}
			b.WriteString(s[:i])
			s = s[i:]
			continue
		}
		text, size := unescape(s, pattern)
		if size == 0 {
			return l, p.refuse(t.pos, "Invalid string literal %s. Illegal character sequence '%.2s' in string literal.", t.text, s)
		}
		b.WriteString(text)
		s = s[size:]
	}
	l.Text = b.String()
	if utf8.RuneCountInString(l.Text) > maxLiteral {
		return l, p.refuse(t.pos, "string literal is longer than %d characters", maxLiteral)
	}
	return l, nil
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
