package sql

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
)

// A remembering says how much memory it may take, and remembers what is set.
type remembering struct {
	Tx
	has string
	set []string
}

func (r *remembering) Query(_ context.Context, each func(Scan) error, _ string, _ ...any) error {
	return each(func(dest ...any) error {
		*dest[0].(*string) = r.has
		return nil
	})
}

func (r *remembering) Exec(_ context.Context, statement string, _ ...any) (int64, error) {
	r.set = append(r.set, statement)
	return 0, nil
}

// A comparison takes little memory, never more than it may otherwise, and leaves the setting
// as it was.
func TestFrugally(t *testing.T) {
	t.Parallel()
	w := &asker{&store{d: &dialect.Dialect{Memory: "memory_limit"}}}
	for has, want := range map[string][]string{
		"12.5 GiB": {"SET memory_limit = '400MB'", "SET memory_limit = '12.5 GiB'"},
		"unknown":  {"SET memory_limit = '400MB'", "SET memory_limit = 'unknown'"},
		"95.3 MiB": nil,
	} {
		tx, done := &remembering{has: has}, false
		err := w.frugally(t.Context(), tx, func() error { done = true; return nil })
		if err != nil || !done || !slices.Equal(tx.set, want) {
			t.Errorf("%s: %q, done %v, %v", has, tx.set, done, err)
		}
	}
}

func TestBytesOf(t *testing.T) {
	t.Parallel()
	for amount, want := range map[string]float64{
		"95.3 MiB": 95.3 * (1 << 20), "381.4 MiB": 381.4 * (1 << 20), "12.5 GiB": 12.5 * (1 << 30), "512 bytes": 512,
		"": -1, "all": -1, "5 apples": -1, "x MiB": -1,
	} {
		got, known := bytesOf(amount)
		if known != (want >= 0) || known && got != want {
			t.Errorf("%q: %v, %v", amount, got, known)
		}
	}
}

// All keys are in one stretch each, however few were looked at, and how often one was.
func TestStretches(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		keys string
		n    int64
		want string
	}{
		{"", 3, "[{ }]"},
		{"a", 2, "[{ a} {a }]"},
		{"a b c d", 2, "[{ c} {c }]"},
		{"a b c d e f", 3, "[{ c} {c e} {e }]"},
		{"a a a b", 4, "[{ a} {a b} {b }]"},
	} {
		if got := fmt.Sprint(statements.Stretches(cuts(strings.Fields(c.keys), c.n))); got != c.want {
			t.Errorf("%q in %d: %s, want %s", c.keys, c.n, got, c.want)
		}
	}
}
