package flow

import (
	"testing"
	"time"
)

func TestParsePatience(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{"0": 0, "1s": time.Second, "5m": 5 * time.Minute,
		"30m": 30 * time.Minute, "31m": -1, "1h": -1, "999ms": -1, "5": -1, "": -1, "-1s": -1, "soon": -1} {
		got, err := parsePatience(text)
		if want < 0 && err == nil || want >= 0 && (err != nil || got != want) {
			t.Errorf("%q: %s, %v", text, got, err)
		}
	}
}
