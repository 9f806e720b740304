package cli

import "testing"

func TestListed(t *testing.T) {
	for want, names := range map[string][]string{
		"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"},
	} {
		if got := listed(names, "or"); got != want {
			t.Errorf("%q is %q, want %q", names, got, want)
		}
	}
}
