// Package sosl reads searches: FIND {words} IN NAME FIELDS RETURNING Account(Id, Name).
// It knows no objects: what stands in the parentheses of RETURNING it hands on as it
// came, to be asked as SOQL.
package sosl

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/reply"
)

// A Statement is a search.
type Statement struct {
	Words     Words
	Scope     string // the fields that are searched: ALL, NAME, EMAIL, PHONE, SIDEBAR
	Returning []Returning
	Limit     int // of records of all objects; -1 where absent
}

// Returning is an object that is searched, and what is told of its records.
type Returning struct {
	Object        string
	Fields        string // as SELECT has them; empty is the Id
	Where, Order  string // as SOQL has them, without the keywords
	Limit, Offset int    // -1 where absent
}

// Scopes are the groups of fields that can be searched.
func Scopes() []string { return []string{"ALL", "NAME", "EMAIL", "PHONE", "SIDEBAR"} }

// malformed refuses what SOSL doesn't allow, or what isn't served.
func malformed(format string, args ...any) error {
	return reply.Bad("MALFORMED_SEARCH", format, args...)
}

var (
	findForm  = regexp.MustCompile(`(?is)^\s*FIND\s*\{((?:[^\\}]|\\.)*)\}(.*)$`)
	scopeForm = regexp.MustCompile(`(?is)^\s*IN\s+(\w+)\s+FIELDS\b(.*)$`)
	limitForm = regexp.MustCompile(`(?is)^\s*LIMIT\s+(\d{1,9})\s*$`)
	startForm = regexp.MustCompile(`(?is)^\s*RETURNING\s+(.*)$`)
	byForm    = regexp.MustCompile(`(?i)^BY\s+`)
	nameForm  = regexp.MustCompile(`(?is)^\s*(\w+)\s*(.*)$`)
)

// Parse reads a statement.
func Parse(text string) (*Statement, error) {
	m := findForm.FindStringSubmatch(text)
	if m == nil {
		return nil, malformed("No search term found. The search term must be enclosed in braces.")
	}
	words, err := ParseWords(m[1])
	if err != nil {
		return nil, err
	}
	s, rest := &Statement{Words: words, Scope: "ALL", Limit: -1}, m[2]
	if m := scopeForm.FindStringSubmatch(rest); m != nil {
		s.Scope, rest = strings.ToUpper(m[1]), m[2]
		if !slices.Contains(Scopes(), s.Scope) {
			return nil, malformed("unexpected token: '%s'", m[1])
		}
	}
	if m := startForm.FindStringSubmatch(rest); m != nil {
		if rest, err = s.returning(m[1]); err != nil {
			return nil, err
		}
	}
	if m := limitForm.FindStringSubmatch(rest); m != nil {
		s.Limit, _ = strconv.Atoi(m[1]) // nine digits at most
		rest = ""
	}
	if rest = strings.TrimSpace(rest); rest != "" {
		token, _, _ := strings.Cut(rest, " ")
		return nil, malformed("unexpected token: '%s'", token)
	}
	return s, nil
}

// returning reads the objects that are searched, and gives what stands behind them.
func (s *Statement) returning(text string) (rest string, err error) {
	for {
		m := nameForm.FindStringSubmatch(text)
		if m == nil {
			return "", malformed("unexpected token: '%s'", text)
		}
		one := Returning{Object: m[1], Limit: -1, Offset: -1}
		text = m[2]
		if strings.HasPrefix(text, "(") {
			end := closing(text)
			if end < 0 {
				return "", malformed("unexpected token: '<EOF>'")
			}
			if err := one.read(text[1:end]); err != nil {
				return "", err
			}
			text = text[end+1:]
		}
		s.Returning = append(s.Returning, one)
		next, more := strings.CutPrefix(strings.TrimSpace(text), ",")
		if !more {
			return text, nil
		}
		text = next
	}
}

// read reads what stands in the parentheses of an object.
func (r *Returning) read(text string) error {
	clauses := cutClauses(text)
	r.Fields = clauses[""]
	r.Where, r.Order = clauses["WHERE"], clauses["ORDER"]
	if by := byForm.FindString(r.Order); by != "" {
		r.Order = r.Order[len(by):]
	} else if r.Order != "" {
		return malformed("unexpected token: '%s'", r.Order)
	}
	for name, into := range map[string]*int{"LIMIT": &r.Limit, "OFFSET": &r.Offset} {
		if text, ok := clauses[name]; ok {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 {
				return malformed("unexpected token: '%s'", text)
			}
			*into = n
		}
	}
	if text, ok := clauses["USING"]; ok {
		return malformed("USING %s isn't served", text)
	}
	return nil
}

// cutClauses cuts a text before the words that begin a clause, which stand in
// no quotes and no parentheses. What comes first has no name.
func cutClauses(text string) map[string]string {
	clauses, name, from := map[string]string{}, "", 0
	end := func(at int) { clauses[name] = strings.TrimSpace(text[from:at]) }
	scan(text, func(at, depth int) bool {
		word := wordAt(text, at)
		if depth == 0 && slices.Contains([]string{"WHERE", "ORDER", "LIMIT", "OFFSET", "USING"}, word) {
			end(at)
			name, from = word, at+len(word)
		}
		return true
	})
	end(len(text))
	return clauses
}

// wordAt is the word that begins at a place, in capitals, or empty.
func wordAt(text string, at int) string {
	letter := func(c byte) bool {
		return c == '_' || c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c == '.'
	}
	if at > 0 && letter(text[at-1]) {
		return ""
	}
	end := at
	for end < len(text) && letter(text[end]) {
		end++
	}
	return strings.ToUpper(text[at:end])
}

// closing is where the parenthesis closes that a text begins with, or -1.
func closing(text string) int {
	found := -1
	scan(text, func(at, depth int) bool {
		if text[at] == ')' && depth == 0 {
			found = at
		}
		return found < 0
	})
	return found
}

// scan calls do for every character that stands in no quotes, with how many
// parentheses are open behind it, until do says that it has enough.
func scan(text string, do func(at, depth int) bool) {
	depth, quoted := 0, false
	for at := 0; at < len(text); at++ {
		switch c := text[at]; {
		case quoted && c == '\\':
			at++
			continue
		case c == '\'':
			quoted = !quoted
			continue
		case quoted:
			continue
		case c == '(':
			depth++
		case c == ')':
			depth--
		}
		if !do(at, depth) {
			return
		}
	}
}
