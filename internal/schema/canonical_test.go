package schema

import (
	"errors"
	"strings"
	"testing"
)

func TestCanonical(t *testing.T) {
	tests := []struct {
		typ       Type
		raw, want string
		bad       bool
	}{
		{DateTime, "2026-01-02T03:04:05.000+0000", "2026-01-02T03:04:05.000Z", false},
		{DateTime, "2026-01-02T03:04:05.000Z", "2026-01-02T03:04:05.000Z", false},
		{DateTime, "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z", false},
		{DateTime, "2026-01-02T03:04:05.123+0200", "2026-01-02T01:04:05.123Z", false},
		{DateTime, "2026-01-02T03:04:05+02:00", "2026-01-02T01:04:05.000Z", false},
		{DateTime, "1700-01-01T00:00:00.000+0000", "1700-01-01T00:00:00.000Z", false},
		{DateTime, "4000-12-31T23:59:59.000+0000", "4000-12-31T23:59:59.000Z", false},
		{DateTime, "2026-01-02", "", true},
		{DateTime, "", "", false},
		{Date, "1700-01-01", "1700-01-01", false},
		{Date, "4000-12-31", "4000-12-31", false},
		{Date, "2026-02-30", "", true},
		{Time, "23:59:59.999Z", "23:59:59.999Z", false},
		{Time, "25:00:00.000Z", "", true},
		{Boolean, "true", "true", false},
		{Boolean, "False", "false", false},
		{Boolean, "1", "", true},
		{Int, "-7", "-7", false},
		{Int, "5.0", "5", false},
		{Int, "-1.20E1", "-12", false},
		{Long, "0.0", "0", false},
		{Long, "9007199254740993", "9007199254740993", false},
		{Int, "5.5", "", true},
		{Int, "1E-1", "", true},
		{Int, "1E999999999", "", true},
		{Int, "1.", "1", false},
		{Int, "1.2.3", "", true},
		{Int, "5.secret", "", true},
		{Int, "secret", "", true},
		{Double, "1.2345678E7", "1.2345678E7", false},
		{Currency, "123456789012345678.10", "123456789012345678.10", false},
		{Percent, "NaN", "", true},
		{String, " N/A ", " N/A ", false},
		{String, "null", "null", false},
		{TextArea, "a\r\nb\x00\"", "a\r\nb\x00\"", false},
		{Phone, "007", "007", false},
		{ID, "001000000000001AAA", "001000000000001AAA", false},
	}
	for _, tt := range tests {
		got, err := tt.typ.Canonical(tt.raw)
		if got != tt.want || errors.Is(err, ErrNotCanonical) != tt.bad {
			t.Errorf("%s %q: %q, %v", tt.typ, tt.raw, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%v shows the value", err)
		}
	}
}
