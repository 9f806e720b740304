package platform

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

const (
	// Newest is the newest version of the API that this client knows: Winter '27.
	Newest = "68.0"

	// Oldest is the oldest that an org serves: 21.0 to 30.0 answer 410 GONE since
	// Summer '25 (help 005321531).
	Oldest = "31.0"

	// Lasting is the oldest without an announced end. Those before it lose support in
	// Summer '27 and go in Summer '28 (help 005321531, of April 30, 2026).
	Lasting = "41.0"
)

// Number is 68 for "68.0", and 0 for what is no version.
func Number(version string) int {
	digits, ok := strings.CutSuffix(version, ".0")
	n, err := strconv.Atoi(digits)
	if !ok || err != nil || n < 1 || n > 999 || digits != strconv.Itoa(n) {
		return 0
	}
	return n
}

// Retired tells whether no org serves a version any more.
func Retired(version string) bool { return Number(version) < Number(Oldest) }

// Choose gives the newest version of those that an org serves which this client knows
// too; false where there is none.
func Choose(served []string) (string, bool) {
	best := ""
	for _, v := range served {
		if n := Number(v); n >= Number(Oldest) && n <= Number(Newest) && n > Number(best) {
			best = v
		}
	}
	return best, best != ""
}

// Span is what an org serves, in words: "31.0 to 68.0".
func Span(served []string) string {
	if len(served) == 0 {
		return "no version"
	}
	byNumber := func(a, b string) int { return Number(a) - Number(b) }
	oldest, newest := slices.MinFunc(served, byNumber), slices.MaxFunc(served, byNumber)
	if oldest == newest {
		return oldest
	}
	return oldest + " to " + newest
}

// Pin is how to have the client speak a version from now on.
func Pin(version string) string {
	return fmt.Sprintf("set org.api_version to %q; `catchment init --api-version %s` writes it; "+
		"or leave it out for the newest that both sides know", version, version)
}

// OfVersion tells of a version whose end is announced.
func OfVersion(version string) (Ending, bool) {
	n := Number(version)
	if n < Number(Oldest) || n >= Number(Lasting) {
		return Ending{}, false
	}
	return Ending{
		What: "api version",
		Text: fmt.Sprintf("Salesforce supports API version %s until Summer '27, and removes it in Summer '28", version),
		Hint: Pin(Newest),
	}, true
}
