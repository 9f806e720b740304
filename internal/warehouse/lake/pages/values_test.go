package pages

import (
	"fmt"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
)

// TestNumberOf reads what the standard library reads, and no more.
func TestNumberOf(t *testing.T) {
	t.Parallel()
	day := func(text string) int64 {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			t.Fatal(err)
		}
		return at.Unix() / 86400
	}
	for _, c := range []struct {
		kind shape.Kind
		text string
		want int64
		ok   bool
	}{
		{shape.Int, "2147483647", 2147483647, true}, {shape.Int, "-2147483648", -2147483648, true},
		{shape.Int, "2147483648", 0, false}, {shape.Int, "5.0", 5, true}, {shape.Int, "1.5", 0, false},
		{shape.Int, "1.2E2", 120, true}, {shape.Int, "-", 0, false}, {shape.Int, " 1", 0, false},
		{shape.Long, "9223372036854775807", 9223372036854775807, true},
		{shape.Long, "-9223372036854775808", -9223372036854775808, true},
		{shape.Long, "9223372036854775808", 0, false}, {shape.Long, "-9223372036854775809", 0, false},
		{shape.Long, strings.Repeat("9", 38), 0, false},
		{shape.Date, "1970-01-01", 0, true}, {shape.Date, "1969-12-31", -1, true},
		{shape.Date, "0001-01-01", day("0001-01-01"), true}, {shape.Date, "9999-12-31", day("9999-12-31"), true},
		{shape.Date, "2024-02-29", day("2024-02-29"), true}, {shape.Date, "2023-02-29", 0, false},
		{shape.Time, "10:11:12.000Z", 36672000000, true}, {shape.Time, "00:00:00.5", 500000, true},
		{shape.Time, "10:11:12.-12", 0, false},
		{shape.Timestamp, "1970-01-01T00:00:00.000Z", 0, true},
		{shape.Timestamp, "1969-12-31T23:59:59.999Z", -1000, true},
		{shape.Timestamp, "1970-01-01T00:00:00.000+0000", 0, true},
		{shape.Timestamp, "1970-01-01T01:30:00.000+01:30", 0, true},
		{shape.Timestamp, "1970-01-01T00:00:00.123456-0100", 3600123456, true},
		{shape.Timestamp, "1970-01-01T", 0, false}, {shape.Timestamp, "1970-01-01", 0, false},
		{shape.Bool, "TRUE", 1, true}, {shape.Bool, "1", 0, false},
	} {
		got, ok := numberOf(c.kind, []byte(c.text))
		if ok != c.ok || ok && got != c.want {
			t.Errorf("%s %q is %d, %v", c.kind, c.text, got, ok)
		}
	}
	for range 10_000 {
		at := time.Unix(rand.Int64N(250_000_000_000)-62_000_000_000, 0).UTC().Truncate(24 * time.Hour)
		if got, ok := dayOf([]byte(at.Format(time.DateOnly))); !ok || got != at.Unix()/86400 {
			t.Fatalf("%s is day %d, %v", at, got, ok)
		}
	}
}

// TestRoom takes what the warehouse says that it has room for, and nothing else.
func TestRoom(t *testing.T) {
	t.Parallel()
	years := room.Years{First: 1, Last: 9999}
	limits := room.Limits{Dates: years, Stamps: years}
	seed := uint64(time.Now().UnixNano())
	random := rand.New(rand.NewPCG(seed, 0))
	forms := map[shape.Kind][]string{
		shape.Bool:      {"true", "FALSE", "t", "1"},
		shape.Date:      {"2024-02-29", "0000-01-01", "9999-12-31", "-0001-01-01", "12000-01-01"},
		shape.Time:      {"10:11:12.000Z", "24:00:00", "10:11:12.1234567"},
		shape.Timestamp: {"2024-02-29T10:11:12.000+0530", "0001-01-01T00:00:00Z", "2024-02-29T10:11:12.000-05:30"},
	}
	for kind, texts := range forms {
		takes := limits.Takes(kind)
		for range 20_000 {
			text := []byte(texts[random.IntN(len(texts))])
			for range random.IntN(3) {
				text[random.IntN(len(text))] = "0123456789-:.TZ+ a"[random.IntN(18)]
			}
			if _, ok := numberOf(kind, text); ok != takes(text) {
				t.Fatalf("seed %d: %s %q is taken: %v, has room: %v", seed, kind, text, ok, takes(text))
			}
		}
	}
}

// TestDecimalOf is exact, whatever a number looks like, or refuses it.
func TestDecimalOf(t *testing.T) {
	t.Parallel()
	most := new(big.Int).Exp(big.NewInt(10), big.NewInt(38), nil)
	check := func(text string, scale int) {
		want, is := new(big.Rat).SetString(text)
		if !is {
			t.Fatalf("%q", text)
		}
		want.Mul(want, new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)))
		fits := want.IsInt() && new(big.Int).Abs(want.Num()).Cmp(most) < 0
		got, ok := decimalOf([]byte(text), scale)
		if ok != fits || ok && got.BigInt().Cmp(want.Num()) != 0 {
			t.Fatalf("%q to scale %d is %v, %v", text, scale, got.BigInt(), ok)
		}
	}
	for _, text := range []string{
		"0", "-0", "0.000", "1.25", "123456789012345678.00", "1.2345678E7", "5E-2", "-1.5e+2",
		"0.12345678901234567", "3.5E-10", strings.Repeat("9", 36), strings.Repeat("9", 39), "100000000000000000000",
		"1000000000000000000000000000000000000000", "0.00000000000000000000000000000000000000000001",
		"1e30", "00012.50",
	} {
		for _, scale := range []int{0, 2, 18} {
			check(text, scale)
		}
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for range 50_000 {
		text := fmt.Sprint(random.Uint64() >> random.IntN(64))
		if random.IntN(2) == 0 {
			text += fmt.Sprintf(".%0*d", 1+random.IntN(20), random.Uint64()>>random.IntN(64))
		}
		if random.IntN(3) == 0 {
			text += fmt.Sprintf("E%d", random.IntN(40)-20)
		}
		if random.IntN(2) == 0 {
			text = "-" + text
		}
		check(text, random.IntN(19))
	}
	for _, text := range []string{"", "-", ".5", "1e", "1e+-2", "1,5", "NaN", "--1", "1.2.3", "1 ", "0x10", "1_0"} {
		if _, ok := decimalOf([]byte(text), 2); ok {
			t.Errorf("%q is a number", text)
		}
	}
}
