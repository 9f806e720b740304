package lex

import "strings"

// A Statement is the tokens between two semicolons.
type Statement []Token

// String writes the statement out again.
func (s Statement) String() string {
	var b strings.Builder
	for i, t := range s {
		if t.Gap && i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(t.Text)
	}
	return b.String()
}

// Starts tells whether the statement begins with these words.
func (s Statement) Starts(words ...string) bool {
	if len(s) < len(words) {
		return false
	}
	for i, w := range words {
		if !s[i].Is(w) {
			return false
		}
	}
	return true
}

// At is the text at place i, for errors.
func (s Statement) At(i int) string {
	if i < len(s) {
		return s[i].Text
	}
	return ""
}

// Closing is the place of the sign that closes the parenthesis at i.
func (s Statement) Closing(i int) int {
	deep := 0
	for ; i < len(s); i++ {
		switch {
		case s[i].Is("(", "["):
			deep++
		case s[i].Is(")", "]"):
			if deep--; deep == 0 {
				return i
			}
		}
	}
	return len(s)
}

// Commas cuts at the commas that stand in no parentheses.
func (s Statement) Commas() []Statement {
	var parts []Statement
	from := 0
	for i := 0; i < len(s); i++ {
		switch {
		case s[i].Is("(", "["):
			i = s.Closing(i)
		case s[i].Is(","):
			parts = append(parts, s[from:i])
			from = i + 1
		}
	}
	return append(parts, s[min(from, len(s)):])
}

// Find is the place of the first of these words at the statement's own level,
// from place i on; -1 where there is none.
func (s Statement) Find(i int, words ...string) int {
	for ; i < len(s); i++ {
		if s[i].Is("(", "[") {
			i = s.Closing(i)
		} else if s[i].Is(words...) {
			return i
		}
	}
	return -1
}

// After is s behind one more word.
func (s Statement) After(first string) Statement {
	out := append(Statement{{Kind: Word, Text: first}}, s...)
	if len(s) > 0 {
		out[1].Gap = true
	}
	return out
}
