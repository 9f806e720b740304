package soql

import (
	"testing"

	"github.com/cockroachdb/apd/v3"
	"pgregory.net/rapid"
)

// TestCompareNumbers holds the comparison of texts against a decimal library.
func TestCompareNumbers(t *testing.T) {
	number := rapid.Custom(func(t *rapid.T) string {
		return rapid.SampledFrom([]string{"", "-", "+"}).Draw(t, "sign") +
			rapid.StringMatching(`[019]{1,20}(\.[019]{1,20})?|\.[05]{1,3}`).Draw(t, "digits") +
			rapid.SampledFrom([]string{"", "", "E7", "e-3", "E+12", "E0"}).Draw(t, "exponent")
	})
	rapid.Check(t, func(t *rapid.T) {
		a, b := number.Draw(t, "a"), number.Draw(t, "b")
		x, _, errX := apd.NewFromString(a)
		y, _, errY := apd.NewFromString(b)
		if errX != nil || errY != nil {
			t.Fatalf("%s, %s: %v, %v", a, b, errX, errY)
		}
		if got, want := compareNumbers(a, b), x.Cmp(y); got != want {
			t.Fatalf("%s and %s: got %d, want %d", a, b, got, want)
		}
	})
	for _, same := range [][2]string{{"0", "-0.000"}, {"1E2", "100"}, {"1.50", "1.5"}, {"0.001", "1e-3"}, {"", "0"}} {
		if got := compareNumbers(same[0], same[1]); got != 0 {
			t.Errorf("%q and %q: %d", same[0], same[1], got)
		}
	}
	if compareNumbers("1E99999999999999999999", "9E999999") != 1 {
		t.Error("a huge exponent does not order last")
	}
}

// TestCompareTextOrders proves that text is ordered without contradictions,
// where ASCII and other letters mix too.
func TestCompareTextOrders(t *testing.T) {
	text := rapid.StringOfN(rapid.RuneFrom([]rune("aAzZ_éÉßK\u212aſsÿ😀")), 0, 5, -1)
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := text.Draw(t, "a"), text.Draw(t, "b"), text.Draw(t, "c")
		if compareText(a, b) != -compareText(b, a) {
			t.Fatalf("%q and %q have no order", a, b)
		}
		if compareText(a, b) <= 0 && compareText(b, c) <= 0 && compareText(a, c) > 0 {
			t.Fatalf("%q, %q, %q go round in a circle", a, b, c)
		}
	})
}
