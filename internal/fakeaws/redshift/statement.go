package redshift

import "strings"

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

// at is the text at place i, for errors.
func (s statement) at(i int) string {
	if i < len(s) {
		return s[i].text
	}
	return ""
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

// after is s behind one more word.
func (s statement) after(first string) statement {
	out := append(statement{{kind: word, text: first}}, s...)
	if len(s) > 0 {
		out[1].gap = true
	}
	return out
}
