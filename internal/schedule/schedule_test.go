package schedule

import (
	"testing"
	"time"
)

func TestParseDuration(t *testing.T) {
	const day = 24 * time.Hour
	for text, want := range map[string]time.Duration{
		"7d": 7 * day, "36h": 36 * time.Hour, "15m": 15 * time.Minute, "1d12h": 36 * time.Hour, "90s": 90 * time.Second,
		"1h30m": 90 * time.Minute,
		"":      0, "7": 0, "d": 0, "0d": 0, "-1h": 0, "1d-1h": 0, "1d1d": 0, "1w": 0, "99999d": 0,
		"9999999h": 0, "a week": 0,
	} {
		if got, err := ParseDuration(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("duration %q: %v, %v; want %v", text, got, err, want)
		}
	}
}
