package recordid

import (
	"testing"
)

// Ids that Salesforce itself made, from recorded answers.
func TestChecksumsOfRealIDs(t *testing.T) {
	for _, id := range []string{"01254000001upcKAAQ", "012000000000000AAA", "001Ho000000009zIAA",
		"00KHo0000000001MAA"} {
		if got, ok := Full(id[:Short]); !ok || got != id {
			t.Errorf("%s: got %s", id, got)
		}
	}
	for _, bad := range []string{"", "001", "01254000001upcKAAA", "01254000001upc-AAQ", "01254000001upcKAAQx"} {
		if _, ok := Full(bad); ok {
			t.Errorf("%q passes", bad)
		}
	}
	if got, ok := Full("01254000001upcKaaq"); !ok || got != "01254000001upcKAAQ" {
		t.Errorf("lower-case checksum: %q", got)
	}
}

func TestNumbersOfIDs(t *testing.T) {
	last := ""
	for _, n := range []int{0, 1, 9, 10, 35, 36, 61, 62, 3843, 3844, 1_000_000, 13_537_086_546_263_551} {
		id := New("a0I", n)
		if got, ok := Number(id, "a0I"); !ok || got != n || id <= last || len(id) != Long {
			t.Errorf("%d: %s is %d", n, id, got)
		}
		last = id
	}
	for _, bad := range []string{"", "a0IHo", "a0IHo0-00000001", "a0IXx0000000001", "001Ho0000000001"} {
		if _, ok := Number(bad, "a0I"); ok {
			t.Errorf("%q has a number", bad)
		}
	}
}
