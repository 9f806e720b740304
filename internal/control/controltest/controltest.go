// Package controltest holds a driver of the control table to the contract of
// versioned.Table. A driver's test is one line: controltest.Run(t, open).
package controltest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/control/versioned"
)

// Run tests a driver. setup prepares a place for one empty table and returns
// what opens it, as often as it is called; Run closes what it opened.
func Run(t *testing.T, setup func(t *testing.T) (open func() (versioned.Table, error))) {
	for name, test := range map[string]func(*testing.T, opener){
		"missing":   missing,
		"versions":  versions,
		"delete":    deletes,
		"race":      race,
		"order":     order,
		"meanwhile": meanwhile,
		"bytes":     oddBytes,
		"expiry":    expiry,
		"reopen":    reopen,
		"cancelled": cancelled,
	} {
		t.Run(name, func(t *testing.T) {
			open := setup(t)
			test(t, func() versioned.Table {
				table, err := open()
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { table.Close() })
				return table
			})
		})
	}
}

type opener func() versioned.Table

func key(id string) versioned.Key { return versioned.Key{Kind: "k", ID: id} }

func put(t *testing.T, table versioned.Table, r versioned.Row) versioned.Row {
	t.Helper()
	r, err := table.Put(t.Context(), r)
	if err != nil {
		t.Fatalf("put %q at version %d: %v", r.Key.ID, r.Version, err)
	}
	return r
}

func wantErr(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("%s: error %v, want %v", what, err, want)
	}
}

func ids(t *testing.T, table versioned.Table, kind, prefix string) []string {
	t.Helper()
	all := []string{}
	for r, err := range table.List(t.Context(), kind, prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Key.ID)
	}
	return all
}

func missing(t *testing.T, open opener) {
	table := open()
	_, err := table.Get(t.Context(), key("a"))
	wantErr(t, "get", err, versioned.ErrNotFound)
	_, err = table.Put(t.Context(), versioned.Row{Key: key("a"), Version: 1})
	wantErr(t, "put at a version", err, versioned.ErrConflict)
	if err := table.Delete(t.Context(), versioned.Row{Key: key("a"), Version: 1}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if got := ids(t, table, "k", ""); len(got) != 0 {
		t.Errorf("list yields %q", got)
	}
}

func versions(t *testing.T, open opener) {
	table := open()
	first := put(t, table, versioned.Row{Key: key("a"), Data: []byte("1")})
	_, err := table.Put(t.Context(), versioned.Row{Key: key("a"), Data: []byte("x")})
	wantErr(t, "put of a new row over a stored one", err, versioned.ErrConflict)

	change := first
	change.Data = []byte("2")
	second := put(t, table, change)
	if second.Version <= first.Version || first.Version <= 0 {
		t.Errorf("versions %d, %d don't count up from 1", first.Version, second.Version)
	}
	_, err = table.Put(t.Context(), first)
	wantErr(t, "put at an old version", err, versioned.ErrConflict)
	_, err = table.Put(t.Context(), versioned.Row{Key: key("a"), Version: second.Version + 1})
	wantErr(t, "put at a version to come", err, versioned.ErrConflict)

	got, err := table.Get(t.Context(), key("a"))
	if err != nil || got.Version != second.Version || string(got.Data) != "2" {
		t.Errorf("get: %+v, %v; want version %d of 2", got, err, second.Version)
	}
	put(t, table, versioned.Row{Key: versioned.Key{Kind: "other", ID: "a"}})
}

func deletes(t *testing.T, open opener) {
	table := open()
	old := put(t, table, versioned.Row{Key: key("a")})
	current := put(t, table, old)
	put(t, table, versioned.Row{Key: key("b")})
	wantErr(t, "delete at an old version", table.Delete(t.Context(), old), versioned.ErrConflict)
	for range 2 {
		if err := table.Delete(t.Context(), current); err != nil {
			t.Fatal(err)
		}
	}
	if got := ids(t, table, "k", ""); !slices.Equal(got, []string{"b"}) {
		t.Errorf("left: %q, want b", got)
	}
	put(t, table, versioned.Row{Key: key("a")})
}

// race lets writers count one row up at once: no step may be lost.
func race(t *testing.T, open opener) {
	const writers, steps = 4, 15
	tables := []versioned.Table{open(), open()}
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			table := tables[w%len(tables)]
			for range steps {
				if err := countUp(t.Context(), table); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	got, err := tables[0].Get(t.Context(), key("n"))
	if err != nil || len(got.Data) != writers*steps {
		t.Errorf("%d steps counted, %v; want %d", len(got.Data), err, writers*steps)
	}
}

func countUp(ctx context.Context, table versioned.Table) error {
	for {
		r, err := table.Get(ctx, key("n"))
		if errors.Is(err, versioned.ErrNotFound) {
			r = versioned.Row{Key: key("n")}
		} else if err != nil {
			return err
		}
		r.Data = append(r.Data, '+')
		if _, err = table.Put(ctx, r); !errors.Is(err, versioned.ErrConflict) {
			return err
		}
	}
}

func order(t *testing.T, open opener) {
	table := open()
	want := []string{"A", "A-1", "A-10", "A-2", "A/1", "AA-1", "a", "a-1", "a_1", "a€", "é"}
	for _, i := range []int{7, 0, 10, 3, 5, 1, 9, 2, 8, 6, 4} {
		put(t, table, versioned.Row{Key: key(want[i])})
	}
	put(t, table, versioned.Row{Key: versioned.Key{Kind: "l", ID: "A-3"}})
	if got := ids(t, table, "k", ""); !slices.Equal(got, want) {
		t.Errorf("list yields %q, want %q", got, want)
	}
	for prefix, want := range map[string][]string{
		"A-": {"A-1", "A-10", "A-2"}, "a": {"a", "a-1", "a_1", "a€"}, "a_": {"a_1"}, "%": {}, "z": {}, "é": {"é"},
	} {
		if got := ids(t, table, "k", prefix); !slices.Equal(got, want) {
			t.Errorf("list of %q yields %q, want %q", prefix, got, want)
		}
	}
	for range table.List(t.Context(), "k", "") {
		break // an early end must leave the table usable
	}
	put(t, table, versioned.Row{Key: key("last")})
}

// meanwhile empties the table while listing it, over more rows than a driver
// may hold at once.
func meanwhile(t *testing.T, open opener) {
	table := open()
	const n = 1201
	for i := range n {
		put(t, table, versioned.Row{Key: key(fmt.Sprintf("p/%05d", i))})
	}
	put(t, table, versioned.Row{Key: key("q")})
	seen := 0
	for r, err := range table.List(t.Context(), "k", "p/") {
		if err != nil {
			t.Fatal(err)
		}
		if err := table.Delete(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		seen++
	}
	if left := ids(t, table, "k", ""); seen != n || !slices.Equal(left, []string{"q"}) {
		t.Errorf("%d rows listed and %q left, want %d and q", seen, left, n)
	}
}

func oddBytes(t *testing.T, open opener) {
	table := open()
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	for _, data := range [][]byte{nil, {}, []byte("null"), []byte("\r\n\"'\x00\xff\xfe"), every,
		bytes.Repeat([]byte("ä"), 30_000)} {
		for _, id := range []string{"", "'; --", "a b\tc\nd", `"%_\`, "🌧", strings.Repeat("x", 1000)} {
			k := versioned.Key{Kind: "odd", ID: id}
			r, err := table.Get(t.Context(), k)
			if errors.Is(err, versioned.ErrNotFound) {
				r, err = versioned.Row{Key: k}, nil
			}
			if err != nil {
				t.Fatal(err)
			}
			r.Data = data
			put(t, table, r)
			got, err := table.Get(t.Context(), k)
			if err != nil || !bytes.Equal(got.Data, data) || got.Key != k {
				t.Errorf("id %.10q: got %.20q of %.10q, %v; want %.20q", id, got.Data, got.Key.ID, err, data)
			}
		}
	}
}

// expiry: a row that has expired is still a row, in Get and in List.
func expiry(t *testing.T, open opener) {
	table := open()
	past := time.Date(2001, 2, 3, 4, 5, 6, 789, time.FixedZone("", 3600))
	r := put(t, table, versioned.Row{Key: key("a"), Expires: past})
	got, err := table.Get(t.Context(), key("a"))
	if want := past.Truncate(time.Second); err != nil || !got.Expires.Equal(want) || !r.Expires.Equal(want) {
		t.Errorf("get: expires %v, %v; put: %v; want %v", got.Expires, err, r.Expires, want)
	}
	if l := ids(t, table, "k", ""); len(l) != 1 {
		t.Errorf("list yields %q", l)
	}
	r.Expires = time.Time{}
	put(t, table, r)
	if got, err = table.Get(t.Context(), key("a")); err != nil || !got.Expires.IsZero() {
		t.Errorf("get: expires %v, %v; want never", got.Expires, err)
	}
}

func reopen(t *testing.T, open opener) {
	table := open()
	want := put(t, table, versioned.Row{Key: key("a"), Data: []byte("kept")})
	if err := table.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := open().Get(t.Context(), key("a"))
	if err != nil || got.Version != want.Version || string(got.Data) != "kept" {
		t.Errorf("got %+v, %v", got, err)
	}
}

func cancelled(t *testing.T, open opener) {
	table := open()
	row := put(t, table, versioned.Row{Key: key("a")})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := table.Get(ctx, key("a"))
	wantErr(t, "get", err, context.Canceled)
	_, err = table.Put(ctx, row)
	wantErr(t, "put", err, context.Canceled)
	for _, err := range table.List(ctx, "k", "") {
		wantErr(t, "list", err, context.Canceled)
	}
	put(t, table, row)
}
