package redshift

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// A token is one word, name, text or sign of a statement. Comments are gone;
// whether anything stood before it is kept in gap.
type token struct {
	kind tokenKind
	text string // as written, a quoted name in lower case
	gap  bool
}

type tokenKind int

const (
	word   tokenKind = iota // a keyword or a name without quotes
	quoted                  // "a name"
	text                    // 'a text', backslashes are escapes as they were in PostgreSQL 8
	dollar                  // $$a text$$
	number
	param // $1
	sign
)

// is tells whether t is one of these keywords or signs.
func (t token) is(any ...string) bool {
	if t.kind != word && t.kind != sign {
		return false
	}
	for _, a := range any {
		if strings.EqualFold(t.text, a) {
			return true
		}
	}
	return false
}

// named tells whether t can be the name of something.
func (t token) named() bool { return t.kind == word || t.kind == quoted }

// name is what t names: Redshift folds quoted names too.
func (t token) name() string {
	if t.kind == quoted {
		return strings.ReplaceAll(t.text[1:len(t.text)-1], `""`, `"`)
	}
	return strings.ToLower(t.text)
}

// value is the content of a text.
func (t token) value() string {
	switch t.kind {
	case dollar:
		tag := strings.IndexByte(t.text[1:], '$') + 2
		return t.text[tag : len(t.text)-tag]
	case text:
		return unescape(t.text[strings.IndexByte(t.text, '\'')+1 : len(t.text)-1])
	}
	return t.text
}

// unescape resolves doubled quotes and backslashes.
func unescape(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '\'':
			i++ // the second of two
			b.WriteByte('\'')
		case s[i] == '\\' && i+1 < len(s):
			i++
			switch s[i] {
			case 'n':
				b.WriteByte('\n')
			case 't':
				b.WriteByte('\t')
			case 'r':
				b.WriteByte('\r')
			default:
				b.WriteByte(s[i])
			}
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

// literal writes a text in a form that PostgreSQL reads alike whatever its
// standard_conforming_strings says.
func literal(s string) string {
	s = strings.ReplaceAll(s, "'", "''")
	if strings.Contains(s, `\`) {
		return "E'" + strings.ReplaceAll(s, `\`, `\\`) + "'"
	}
	return "'" + s + "'"
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// A statement is the tokens between two semicolons.
type statement []token

// String writes the statement out again.
func (s statement) String() string {
	var b strings.Builder
	for i, t := range s {
		if t.gap && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.text)
	}
	return b.String()
}

// starts tells whether the statement begins with these words.
func (s statement) starts(words ...string) bool {
	if len(s) < len(words) {
		return false
	}
	for i, w := range words {
		if !s[i].is(w) {
			return false
		}
	}
	return true
}

// split cuts SQL into statements. Empty ones are left out.
func split(sql string) ([]statement, error) {
	l := lexer{rest: sql}
	var all []statement
	var one statement
	for {
		t, ok, err := l.next()
		if err != nil {
			return nil, err
		}
		if ok && !t.is(";") {
			one = append(one, t)
			continue
		}
		if len(one) > 0 {
			all = append(all, one)
			one = nil
		}
		if !ok {
			return all, nil
		}
	}
}

type lexer struct{ rest string }

// next takes one token from the rest; ok is false at the end.
func (l *lexer) next() (t token, ok bool, err error) {
	gap, err := l.skip()
	if err != nil || l.rest == "" {
		return token{}, false, err
	}
	kind, n, err := l.measure()
	if err != nil {
		return token{}, false, err
	}
	t = token{kind: kind, text: l.rest[:n], gap: gap}
	l.rest = l.rest[n:]
	if kind == quoted {
		t.text = strings.ToLower(t.text)
	}
	return t, true, nil
}

// skip leaves out white space and comments.
func (l *lexer) skip() (gap bool, err error) {
	for {
		cut := strings.TrimLeft(l.rest, " \t\r\n\f\v")
		gap = gap || len(cut) < len(l.rest)
		l.rest = cut
		switch {
		case strings.HasPrefix(cut, "--"):
			_, l.rest, _ = strings.Cut(cut, "\n")
			gap = true
		case strings.HasPrefix(cut, "/*"):
			n := commentEnd(cut)
			if n < 0 {
				return gap, failed(codeSyntax, `unterminated /* comment at or near "%s"`, cut)
			}
			l.rest = cut[n:]
			gap = true
		default:
			return gap, nil
		}
	}
}

// commentEnd is where the comment that s starts with ends; they nest.
func commentEnd(s string) int {
	deep := 0
	for i := 0; i+1 < len(s); i++ {
		switch s[i : i+2] {
		case "/*":
			deep++
			i++
		case "*/":
			deep--
			i++
			if deep == 0 {
				return i + 1
			}
		}
	}
	return -1
}

// measure says what the rest starts with, and how long it is.
func (l *lexer) measure() (tokenKind, int, error) {
	s := l.rest
	c := s[0]
	switch {
	case c == '\'':
		n, err := textEnd(s, 1)
		return text, n, err
	case (c == 'E' || c == 'e' || c == 'N' || c == 'n' || c == 'B' || c == 'b' || c == 'X' || c == 'x') && len(s) > 1 && s[1] == '\'':
		n, err := textEnd(s, 2)
		return text, n, err
	case c == '"':
		for i := 1; i < len(s); i++ {
			if s[i] != '"' {
				continue
			}
			if i+1 < len(s) && s[i+1] == '"' {
				i++
				continue
			}
			if i == 1 {
				return 0, 0, failed(codeSyntax, `zero-length delimited identifier at or near """"`)
			}
			return quoted, i + 1, nil
		}
		return 0, 0, failed(codeSyntax, `unterminated quoted identifier at or near "%s"`, s)
	case c == '$':
		return measureDollar(s)
	case letter(c):
		return word, run(s, func(c byte) bool { return letter(c) || digit(c) || c == '$' }), nil
	case c == '#' && len(s) > 1 && letter(s[1]): // a temporary table
		return word, 1 + run(s[1:], func(c byte) bool { return letter(c) || digit(c) || c == '$' }), nil
	case digit(c) || c == '.' && len(s) > 1 && digit(s[1]):
		return number, numberEnd(s), nil
	}
	for _, two := range []string{"::", ":=", "<=", ">=", "<>", "!=", "||", "..", "<<", ">>"} {
		if strings.HasPrefix(s, two) {
			return sign, 2, nil
		}
	}
	_, n := utf8.DecodeRuneInString(s)
	return sign, n, nil
}

func textEnd(s string, from int) (int, error) {
	for i := from; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '\'':
			if i+1 < len(s) && s[i+1] == '\'' {
				i++
				continue
			}
			return i + 1, nil
		}
	}
	return 0, failed(codeSyntax, `unterminated quoted string at or near "%s"`, s)
}

// measureDollar tells $1 from $$text$$ and $tag$text$tag$.
func measureDollar(s string) (tokenKind, int, error) {
	if n := run(s[1:], digit); n > 0 {
		return param, 1 + n, nil
	}
	n := 1 + run(s[1:], func(c byte) bool { return letter(c) || digit(c) })
	if n >= len(s) || s[n] != '$' {
		return sign, 1, nil
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return 0, 0, failed(codeSyntax, `unterminated dollar-quoted string at or near "%s"`, s)
	}
	return dollar, end + 2*len(tag), nil
}

func numberEnd(s string) int {
	n := run(s, digit)
	if n < len(s) && s[n] == '.' && !strings.HasPrefix(s[n:], "..") {
		n++
		n += run(s[n:], digit)
	}
	if n < len(s) && (s[n] == 'e' || s[n] == 'E') {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := run(s[m:], digit); d > 0 {
			n = m + d
		}
	}
	return n
}

func run(s string, ok func(byte) bool) int {
	n := 0
	for n < len(s) && ok(s[n]) {
		n++
	}
	return n
}

func digit(c byte) bool { return c >= '0' && c <= '9' }
func letter(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

// tokens lexes SQL of our own making.
func tokens(format string, args ...any) statement {
	all, err := split(fmt.Sprintf(format, args...))
	if err != nil || len(all) != 1 {
		panic(fmt.Sprintf("%q is not one statement: %v", format, err))
	}
	return all[0]
}

// closing is the place of the sign that closes the parenthesis at i.
func (s statement) closing(i int) int {
	deep := 0
	for ; i < len(s); i++ {
		switch {
		case s[i].is("(", "["):
			deep++
		case s[i].is(")", "]"):
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return len(s)
}

// commas cuts at the commas that stand in no parentheses.
func (s statement) commas() []statement {
	var parts []statement
	from := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i].is("(", "["):
			i = s.closing(i)
		case s[i].is(","):
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):])
}

// find is the place of the first of these words at the statement's own level,
// from place i on; -1 where there is none.
func (s statement) find(i int, words ...string) int {
	for ; i < len(s); i++ {
		if s[i].is("(", "[") {
			i = s.closing(i)
		} else if s[i].is(words...) {
			return i
		}
	}
	return -1
}
