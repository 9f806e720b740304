package value_test

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"testing"

	"catchment/internal/value"
)

// A record is values in memory.
type record [][]byte

func (r record) Value(i int) []byte  { return r[i] }
func (r record) Set(i int, v []byte) { r[i] = slices.Clone(v) }

func TestChanges(t *testing.T) {
	sum := func(text string) string {
		s := sha256.Sum256([]byte(text))
		return hex.EncodeToString(s[:])
	}
	tests := []struct {
		change    value.Change
		was, want string
	}{
		{value.Change{Mask: value.SHA256}, "a@b.example", sum("salt" + "a@b.example")},
		{value.Change{Mask: value.SHA256}, "", ""},
		{value.Change{Mask: value.SHA256, Truncate: 8}, "a", sum("salta")[:8]},
		{value.Change{Mask: value.Fixed, Text: "***"}, "anything", "***"},
		{value.Change{Mask: value.Fixed, Text: "***"}, "", ""},
		{value.Change{Mask: value.First, N: 3}, "123-45-6789", "***-45-6789"},
		{value.Change{Mask: value.First, N: 3}, "12", "**"},
		{value.Change{Mask: value.First, N: 1}, "éa", "*a"},
		{value.Change{Mask: value.Last, N: 4}, "123-45-6789", "123-45-****"},
		{value.Change{Mask: value.Last, N: 4}, "12", "**"},
		{value.Change{Mask: value.Last, N: 1}, "a🎈", "a*"},
		{value.Change{Truncate: 2}, "长长长", "长长"},
		{value.Change{Truncate: 9}, "short\r\n", "short\r\n"},
		{value.Change{Mask: value.Last, N: 1, Truncate: 2}, "abc", "ab"},
	}
	for _, test := range tests {
		test.change.Field = "F"
		g, err := value.Treatment{Changes: []value.Change{test.change}, Salt: "salt"}.For([]string{"Id", "f"})
		if err != nil {
			t.Fatal(err)
		}
		r := record{[]byte("001"), []byte(test.was)}
		g.Change(r)
		if string(r[1]) != test.want || string(r[0]) != "001" {
			t.Errorf("%+v of %q: %q", test.change, test.was, r)
		}
	}
}

func TestChecks(t *testing.T) {
	notNull, notNegative := value.Check{Rule: value.NotNull}, value.Check{Rule: value.NotNegative}
	digits := value.Check{Rule: value.Pattern, Pattern: `^\d+$`}
	tests := []struct {
		check value.Check
		value string
		kept  bool
	}{
		{notNull, "", false}, {notNull, " ", true}, {notNull, "null", true},
		{notNegative, "", true}, {notNegative, "0", true}, {notNegative, "-0.00", true}, {notNegative, "-0E5", true},
		{notNegative, "-0.01", false}, {notNegative, "-1.5E-7", false}, {notNegative, "12.5", true},
		{digits, "", true}, {digits, "007", true}, {digits, "7a", false}, {digits, "7\n8", false},
	}
	for _, test := range tests {
		test.check.Field = "F"
		g, err := value.Treatment{Checks: []value.Check{test.check}}.For([]string{"Id", "F", "IsDeleted"})
		if err != nil {
			t.Fatal(err)
		}
		broken, ok := g.Broken(record{nil, []byte(test.value), []byte("false")})
		if ok == test.kept || ok && broken != test.check {
			t.Errorf("%s of %q: %v, %v", test.check, test.value, broken, ok)
		}
		if _, ok := g.Broken(record{nil, []byte(test.value), []byte("true")}); ok {
			t.Errorf("%s of %q: a deleted record is held back", test.check, test.value)
		}
	}
}

func TestFieldsThatAPageLacks(t *testing.T) {
	for _, treatment := range []value.Treatment{
		{Checks: []value.Check{{Field: "Gone", Rule: value.NotNull}}},
		{Checks: []value.Check{{Field: "Id", Rule: value.Pattern, Pattern: "("}}},
	} {
		if _, err := treatment.For([]string{"Id"}); err == nil {
			t.Errorf("%+v", treatment)
		}
	}
}
