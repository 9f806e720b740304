package redshift

import "strings"

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
