// Package plural writes numbers of things as people say them: 1 record, 1,223 records.
//
// Start at Of.
package plural

import (
	"strconv"
	"strings"
)

// Of is a number of things that are called one: an English noun whose plural ends
// with s.
func Of[N int | int64](n N, one string) string {
	return Count(n) + " " + Word(n, one, one+"s")
}

// Word is one where n is 1, and many elsewhere: is or are, has or have.
func Word[N int | int64](n N, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// Count writes a number with groups: 1,234,567.
func Count[N int | int64](n N) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// List is names as a sentence has them, the last after a word: "a, b or c".
func List(names []string, word string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
