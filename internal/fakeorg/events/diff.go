package events

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	// shortestDiff is how many characters a text has at least that comes as a diff.
	shortestDiff = 1000
	// mostChangedLines is one in how many lines may change.
	mostChangedLines = 4
)

// difference writes what changed between two texts as a unified diff, with the SHA-256 of the newer one; false where
// the newer one is sent as a whole: it is short, differs by more than half of its length, or in more than a quarter of
// the lines, or the diff isn't shorter ("Sending Data Differences for Fields of Updated Records"). The guide doesn't
// say where the hash stands; here it is in the line of the newer text.
func difference(old, next string) (string, bool) {
	length := utf8.RuneCountInString(next)
	if length < shortestDiff || old == "" || abs(length-utf8.RuneCountInString(old))*2 > length {
		return "", false
	}
	before, after := strings.Split(old, "\n"), strings.Split(next, "\n")
	from := 0
	for from < min(len(before), len(after)) && before[from] == after[from] {
		from++
	}
	until := 0
	for until < min(len(before), len(after))-from && before[len(before)-1-until] == after[len(after)-1-until] {
		until++
	}
	gone, come := before[from:len(before)-until], after[from:len(after)-until]
	if (len(gone)+len(come))*mostChangedLines > len(before)+len(after) {
		return "", false
	}
	var diff strings.Builder
	sum := sha256.Sum256([]byte(next))
	fmt.Fprintf(&diff, "--- \n+++ %s\n@@ -%d,%d +%d,%d @@\n", hex.EncodeToString(sum[:]), from+1, len(gone), from+1,
		len(come))
	for _, line := range gone {
		diff.WriteString("-" + line + "\n")
	}
	for _, line := range come {
		diff.WriteString("+" + line + "\n")
	}
	return diff.String(), diff.Len() < len(next)
}

func abs(n int) int { return max(n, -n) }
