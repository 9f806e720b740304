package admin

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf16"
)

// A text is a JSON string whose escapes may name half of a pair of UTF-16 alone, as
// a value of Salesforce may hold it: "\ud800". The org keeps that as the three bytes
// which UTF-8 would have for it; Go's own decoder makes U+FFFD of it.
type text string

// escape is one escape of JSON: a pair, a number, or a letter.
var escape = regexp.MustCompile(`\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u[0-9a-fA-F]{4}|\\.`)

// UnmarshalJSON reads what JSON can say.
func (t *text) UnmarshalJSON(raw []byte) error {
	var b strings.Builder
	add := func(part []byte) error {
		var plain string
		err := json.Unmarshal(append(append([]byte{'"'}, part...), '"'), &plain)
		b.WriteString(plain)
		return err
	}
	var all string
	if err := json.Unmarshal(raw, &all); err != nil || raw[0] != '"' { // null stays ""
		return err
	}
	inner, from := raw[1:len(raw)-1], 0
	for _, at := range escape.FindAllIndex(inner, -1) {
		part := inner[at[0]:at[1]]
		if len(part) != 6 {
			continue
		}
		n, err := strconv.ParseUint(string(part[2:]), 16, 16)
		if err != nil || !utf16.IsSurrogate(rune(n)) {
			continue
		}
		if err := add(inner[from:at[0]]); err != nil {
			return err
		}
		b.Write([]byte{0xED, 0x80 | byte(n>>6&0x3F), 0x80 | byte(n&0x3F)})
		from = at[1]
	}
	err := add(inner[from:])
	*t = text(b.String())
	return err
}
