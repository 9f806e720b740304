package redshift

import (
	"strings"
	"testing"
)

// A server's words command no terminal, and stay in their line.
func TestRefusalIsPrintable(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ code, text string }{
		{"42501", "permission denied \x1b[2J\nok"}, {"42704", "role \"a\x1b[2J\" does not exist"},
		{"42601", "\x1b[2J"}, {"", "syntax error \x1b[2J"},
	} {
		got := refusal(place{}, c.code, c.text).Error()
		if !strings.Contains(got, `\x1b[2J`) || strings.ContainsAny(got, "\x1b\n") {
			t.Errorf("%s: %q", c.code, got)
		}
	}
}
