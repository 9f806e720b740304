package plural_test

import (
	"testing"

	"catchment/internal/plural"
)

func TestOf(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]string{
		0: "0 records", 1: "1 record", 2: "2 records", 1223: "1,223 records", -1: "-1 records",
	} {
		if got := plural.Of(n, "record"); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
	if got := plural.Word(1, "is", "are") + plural.Word(int64(2), "is", "are"); got != "isare" {
		t.Errorf("the verbs are %s", got)
	}
}

func TestCount(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123",
	} {
		if got := plural.Count(n); got != want {
			t.Errorf("Count(%d) is %s, want %s", n, got, want)
		}
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	for want, names := range map[string][]string{
		"": nil, "a": {"a"}, "a or b": {"a", "b"}, "a, b or c": {"a", "b", "c"},
	} {
		if got := plural.List(names, "or"); got != want {
			t.Errorf("%q is %q, want %q", names, got, want)
		}
	}
}
