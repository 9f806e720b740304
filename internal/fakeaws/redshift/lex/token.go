package lex

import "strings"

// A Token is one word, name, text or sign of a statement. Comments are gone;
// whether anything stood before it is kept in gap.
type Token struct {
	Kind Kind
	Text string // as written, a quoted name in lower case
	Gap  bool
}

// Kind is what a token is by its form.
type Kind int

// The kinds of tokens.
const (
	Word   Kind = iota // a keyword or a name without quotes
	Quoted             // "a name"
	Text               // 'a text', backslashes are escapes as they were in PostgreSQL 8
	Dollar             // $$a text$$
	Number
	Param // $1
	Sign
)

// Is tells whether t is one of these keywords or signs.
func (t Token) Is(any ...string) bool {
	if t.Kind != Word && t.Kind != Sign {
		return false
	}
	for _, a := range any {
		if strings.EqualFold(t.Text, a) {
			return true
		}
	}
	return false
}

// Named tells whether t can be the name of something.
func (t Token) Named() bool { return t.Kind == Word || t.Kind == Quoted }

// Name is what t names: Redshift folds quoted names too.
func (t Token) Name() string {
	if t.Kind == Quoted {
		return strings.ReplaceAll(t.Text[1:len(t.Text)-1], `""`, `"`)
	}
	return strings.ToLower(t.Text)
}

// Value is the content of a text.
func (t Token) Value() string {
	switch t.Kind {
	case Dollar:
		tag := strings.IndexByte(t.Text[1:], '$') + 2
		return t.Text[tag : len(t.Text)-tag]
	case Text:
		return unescape(t.Text[strings.IndexByte(t.Text, '\'')+1 : len(t.Text)-1])
	}
	return t.Text
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

// Literal writes a text in a form that PostgreSQL reads alike whatever its
// standard_conforming_strings says.
func Literal(s string) string {
	s = strings.ReplaceAll(s, "'", "''")
	if strings.Contains(s, `\`) {
		return "E'" + strings.ReplaceAll(s, `\`, `\\`) + "'"
	}
	return "'" + s + "'"
}

// Quote writes a name as SQL.
func Quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
