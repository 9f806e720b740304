// Package lex cuts SQL into tokens as Redshift does, and finds its way among
// them.
package lex

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"catchment/internal/fakeaws/redshift/failure"
)

// Split cuts SQL into statements. Empty ones are left out.
func Split(sql string) ([]Statement, error) {
	l := lexer{rest: sql}
	var all []Statement
	var one Statement
	for {
		t, ok, err := l.next()
		if err != nil {
			return nil, err
		}
		if ok && !t.Is(";") {
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

// All is the tokens of a text, semicolons included.
func All(source string) (Statement, error) {
	l := lexer{rest: source}
	var all Statement
	for {
		t, ok, err := l.next()
		if err != nil || !ok {
			return all, err
		}
		all = append(all, t)
	}
}

// Tokens is SQL of our own making, formatted as by fmt.Sprintf: one statement.
func Tokens(format string, args ...any) Statement {
	all, err := Split(fmt.Sprintf(format, args...))
	if err != nil || len(all) != 1 {
		panic(fmt.Sprintf("%q is not one statement: %v", format, err))
	}
	return all[0]
}

// A lexer is what of a text hasn't been read.
type lexer struct{ rest string }

// next takes one token from the rest; ok is false at the end.
func (l *lexer) next() (t Token, ok bool, err error) {
	gap, err := l.skip()
	if err != nil || l.rest == "" {
		return Token{}, false, err
	}
	kind, n, err := l.measure()
	if err != nil {
		return Token{}, false, err
	}
	t = Token{Kind: kind, Text: l.rest[:n], Gap: gap}
	l.rest = l.rest[n:]
	if kind == Quoted {
		t.Text = strings.ToLower(t.Text)
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
				return gap, failure.New(failure.Syntax, `unterminated /* comment at or near "%s"`, cut)
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
func (l *lexer) measure() (Kind, int, error) {
	s := l.rest
	c := s[0]
	switch {
	case c == '\'':
		n, err := textEnd(s, 1)
		return Text, n, err
	case strings.IndexByte("EeNnBbXx", c) >= 0 && len(s) > 1 && s[1] == '\'':
		n, err := textEnd(s, 2)
		return Text, n, err
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
				return 0, 0, failure.New(failure.Syntax, `zero-length delimited identifier at or near """"`)
			}
			return Quoted, i + 1, nil
		}
		return 0, 0, failure.New(failure.Syntax, `unterminated quoted identifier at or near "%s"`, s)
	case c == '$':
		return measureDollar(s)
	case letter(c):
		return Word, run(s, func(c byte) bool { return letter(c) || digit(c) || c == '$' }), nil
	case c == '#' && len(s) > 1 && letter(s[1]): // a temporary table
		return Word, 1 + run(s[1:], func(c byte) bool { return letter(c) || digit(c) || c == '$' }), nil
	case digit(c) || c == '.' && len(s) > 1 && digit(s[1]):
		return Number, numberEnd(s), nil
	}
	for _, two := range []string{"::", ":=", "<=", ">=", "<>", "!=", "||", "..", "<<", ">>"} {
		if strings.HasPrefix(s, two) {
			return Sign, 2, nil
		}
	}
	_, n := utf8.DecodeRuneInString(s)
	return Sign, n, nil
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
	return 0, failure.New(failure.Syntax, `unterminated quoted string at or near "%s"`, s)
}

// measureDollar tells $1 from $$text$$ and $tag$text$tag$.
func measureDollar(s string) (Kind, int, error) {
	if n := run(s[1:], digit); n > 0 {
		return Param, 1 + n, nil
	}
	n := 1 + run(s[1:], func(c byte) bool { return letter(c) || digit(c) })
	if n >= len(s) || s[n] != '$' {
		return Sign, 1, nil
	}
	tag := s[:n+1]
	end := strings.Index(s[len(tag):], tag)
	if end < 0 {
		return 0, 0, failure.New(failure.Syntax, `unterminated dollar-quoted string at or near "%s"`, s)
	}
	return Dollar, end + 2*len(tag), nil
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
