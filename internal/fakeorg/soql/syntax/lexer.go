package syntax

import (
	"strings"
	"unicode/utf8"

	"catchment/internal/fakeorg/soql/literal"
	"catchment/internal/fakeorg/soql/refusal"
)

// A tokenKind says what a token is.
type tokenKind int

const (
	tokenEnd    tokenKind = iota // after the last one
	tokenWord                    // a name or a keyword; only the parser can tell
	tokenNumber                  // what starts with a digit or a sign: number, date, datetime, time
	tokenString                  // a quoted string, with its quotes and escapes
	tokenPunct                   // ( ) , . : and the comparison operators
)

// A token is a cut of the statement.
type token struct {
	kind tokenKind
	text string
	pos  int // byte offset in the statement
}

// is tells whether t is the keyword word; keywords know no case.
func (t token) is(word string) bool {
	return t.kind == tokenWord && strings.EqualFold(t.text, word)
}

// punct tells whether t is the sign s.
func (t token) punct(s string) bool { return t.kind == tokenPunct && t.text == s }

// tokenize cuts text into tokens; the last one is tokenEnd.
func tokenize(text string) ([]token, *refusal.Error) {
	var tokens []token
	for pos := 0; pos < len(text); {
		if isSpace(text[pos]) {
			pos++
			continue
		}
		t, err := nextToken(text, pos)
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
		pos += len(t.text)
	}
	return append(tokens, token{kind: tokenEnd, text: "<EOF>", pos: len(text)}), nil
}

func nextToken(text string, pos int) (token, *refusal.Error) {
	c := text[pos]
	switch {
	case isLetter(c):
		return token{tokenWord, text[pos:endOfWord(text, pos)], pos}, nil
	case startsNumber(text[pos:]):
		return token{tokenNumber, text[pos:endOfNumber(text, pos)], pos}, nil
	case c == '\'':
		end, err := endOfString(text, pos)
		if err != nil {
			return token{}, err
		}
		return token{tokenString, text[pos:end], pos}, nil
	case strings.IndexByte("(),.:=", c) >= 0:
		return token{tokenPunct, text[pos : pos+1], pos}, nil
	}
	for _, operator := range []string{"!=", "<>", "<=", ">=", "<", ">"} {
		if strings.HasPrefix(text[pos:], operator) {
			return token{tokenPunct, text[pos : pos+len(operator)], pos}, nil
		}
	}
	r, _ := utf8.DecodeRuneInString(text[pos:])
	row, column := refusal.Locate(text, pos)
	return token{}, refusal.At(text, pos, refusal.MalformedQuery,
		"line %d:%d no viable alternative at character '%c'", row, column-1, r)
}

// startsNumber tells whether s begins with a digit, perhaps after a sign and
// a dot.
func startsNumber(s string) bool {
	if isSign(s[0]) {
		s = s[1:]
	}
	s = strings.TrimPrefix(s, ".")
	return s != "" && isDigit(s[0])
}

// endOfWord takes letters, digits and underscores. A currency literal such as
// USD500.25 goes on after its dot, which no name can do.
func endOfWord(text string, pos int) int {
	end := pos
	for end < len(text) && (isLetter(text[end]) || isDigit(text[end]) || text[end] == '_') {
		end++
	}
	if literal.IsCurrency(text[pos:end]) && end+1 < len(text) && text[end] == '.' && isDigit(text[end+1]) {
		for end++; end < len(text) && isDigit(text[end]); {
			end++
		}
	}
	return end
}

// endOfNumber takes everything that a number, a date or a datetime may
// contain; whether it is one is decided by readNumber.
func endOfNumber(text string, pos int) int {
	end, inTime := pos+1, false
	for ; end < len(text); end++ {
		c := text[end]
		switch {
		case isDigit(c), isLetter(c), c == '.', c == ':':
			inTime = inTime || c == 'T'
		case c == '-' && (inTime || end-pos == 4 || end-pos == 7), c == '+' && inTime:
		default:
			return end
		}
	}
	return end
}

func endOfString(text string, pos int) (int, *refusal.Error) {
	for end := pos + 1; end < len(text); end++ {
		switch text[end] {
		case '\\':
			end++
		case '\'':
			return end + 1, nil
		}
	}
	row, column := refusal.Locate(text, pos)
	return 0, refusal.At(text, pos, refusal.MalformedQuery,
		"line %d:%d mismatched character '<EOF>' expecting '''", row, column-1)
}

func isSpace(c byte) bool  { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
func isSign(c byte) bool   { return c == '+' || c == '-' }
