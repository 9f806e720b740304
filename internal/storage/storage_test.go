package storage_test

import (
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/storage"
)

func TestDue(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, test := range map[string]struct {
		object string
		asked  time.Time
		want   bool
	}{
		"never asked":                {"Account", time.Time{}, true},
		"asked yesterday":            {"Account", noon.Add(-24 * time.Hour), true},
		"asked today":                {"Account", noon.Add(-23 * time.Hour), false},
		"takes nothing":              {"AccountHistory", time.Time{}, false},
		"nobody knows what it takes": {"EmailMessage", time.Time{}, false},
	} {
		if got := storage.Due(control.FlowRow{Object: test.object, AskedAt: test.asked}, noon); got != test.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// What isn't known is not zero, and what takes nothing is.
func TestTaken(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	three := storage.Held{Records: 3, At: noon}
	if bytes, at := storage.Taken("Campaign", three); bytes == nil || *bytes != 24576 || at != noon {
		t.Errorf("campaigns take %v at %s", bytes, at)
	}
	if bytes, at := storage.Taken("AccountShare", three); bytes == nil || *bytes != 0 || !at.IsZero() {
		t.Errorf("shares take %v at %s", bytes, at)
	}
	if bytes, _ := storage.Taken("Account", storage.Held{Records: 3}); bytes != nil {
		t.Errorf("accounts that nobody counted take %d", *bytes)
	}
	if bytes, _ := storage.Taken("EmailMessage", three); bytes != nil {
		t.Errorf("email messages take %d", *bytes)
	}
}
