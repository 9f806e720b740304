package cli

import (
	"strings"
	"time"

	"catchment/internal/status"
)

// behind is how far a watermark is behind, nil where there is none. The
// watermark is the org's time and now is this machine's, which may be earlier.
func behind(watermark, now time.Time) *status.Seconds {
	if watermark.IsZero() {
		return nil
	}
	return new(status.Seconds(max(now.Sub(watermark), 0)))
}

// listed is names as a sentence has them, the last after a word: "a, b or c".
func listed(names []string, word string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " " + word + " " + names[last]
}
