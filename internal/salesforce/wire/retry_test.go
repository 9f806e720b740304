package wire

import (
	"net/http"
	"testing"
	"time"
)

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for text, want := range map[string]time.Duration{
		"":                                0,
		"7":                               7 * time.Second,
		"-7":                              0,
		"soon":                            0,
		"1000000000":                      longestRetry,
		"99999999999999999999999":         0,
		now.Format(http.TimeFormat):       0,
		"Fri, 02 Jan 2026 03:05:05 GMT":   time.Minute,
		"Thu, 01 Jan 2026 03:05:05 GMT":   0,
		"Fri, 02 Jan 9999 03:05:05 GMT":   longestRetry,
		"Fri, 31 Dec 2026 23:59:60 GMT":   0,
		"Friday, 02-Jan-26 03:05:05 GMT":  time.Minute,
		"Fri, 02 Jan 2026 03:05:05 +0000": 0,
	} {
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

// Whatever a server asks for, nobody waits longer than a day.
func FuzzRetryAfter(f *testing.F) {
	f.Add("120")
	f.Add("Fri, 02 Jan 2026 03:05:05 GMT")
	f.Fuzz(func(t *testing.T, text string) {
		if got := retryAfter(text, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)); got < 0 || got > longestRetry {
			t.Errorf("%q: %s", text, got)
		}
	})
}
