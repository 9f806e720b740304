package holdings

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
)

// A list is a register that names these bodies.
type list []bodies.Digest

func (l list) Digests(_ context.Context, _, after string, most int) ([]bodies.Digest, error) {
	at, found := slices.BinarySearchFunc(l, after, func(d bodies.Digest, sha256 string) int {
		return strings.Compare(d.SHA256, sha256)
	})
	if found {
		at++
	}
	return l[at:min(at+most, len(l))], nil
}

func digestOf(n int) string {
	sum := sha256.Sum256(fmt.Append(nil, n))
	return hex.EncodeToString(sum[:])
}

// Whatever the two sides have, each body comes once, in order, with what both say.
func TestWalk(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, most := range []int{0, 1, 5, 400} {
		stage, err := dir.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		var named list
		want := map[string]Pair{}
		for n := range most {
			p := Pair{SHA256: digestOf(n), Size: 1}
			if p.Named = random.IntN(3) > 0; p.Named {
				named = append(named, bodies.Digest{SHA256: p.SHA256, Size: p.Size})
			}
			if stored := random.IntN(3) > 0; stored {
				if _, err := stage.Put(t.Context(), body.Key(p.SHA256), strings.NewReader("xx"[:1+n%2])); err != nil {
					t.Fatal(err)
				}
				p.Stored = &blob.Info{Size: int64(1 + n%2)}
			}
			if p.Named || p.Stored != nil {
				want[p.SHA256] = p
			}
		}
		for _, strange := range []string{"bodies/note", "bodies/00/note", "bodies/0g/x", "Account/1.csv"} {
			if _, err := stage.Put(t.Context(), strange, strings.NewReader("x")); err != nil {
				t.Fatal(err)
			}
		}
		slices.SortFunc(named, func(a, b bodies.Digest) int { return strings.Compare(a.SHA256, b.SHA256) })
		last := ""
		err = Walk(t.Context(), named, stage, "", func(p Pair) error {
			w, ok := want[p.SHA256]
			delete(want, p.SHA256)
			if !ok || p.SHA256 <= last || p.Named != w.Named || p.Lost() != (w.Named && w.Stored == nil) ||
				p.Resized() != (w.Named && w.Stored != nil && w.Stored.Size == 2) {
				t.Errorf("%+v after %s, want %+v", p, last, w)
			}
			last = p.SHA256
			return nil
		})
		if err != nil || len(want) > 0 {
			t.Errorf("%v, and %d of %d didn't come", err, len(want), most)
		}
	}
}

func TestWalkInSmallSteps(t *testing.T) {
	stage, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var named list
	for n := range 2*atOnce + 1 {
		named = append(named, bodies.Digest{SHA256: digestOf(n)})
	}
	slices.SortFunc(named, func(a, b bodies.Digest) int { return strings.Compare(a.SHA256, b.SHA256) })
	n := 0
	err = Walk(t.Context(), named, stage, "", func(p Pair) error {
		if p.SHA256 != named[n].SHA256 || !p.Lost() {
			t.Fatalf("%d is %+v", n, p)
		}
		n++
		return nil
	})
	if err != nil || n != len(named) {
		t.Error(n, err)
	}
}

// What fails on either side, or in who listens, ends the walk.
func TestWalkFails(t *testing.T) {
	stage, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	down := errors.New("it is down")
	named := list{{SHA256: digestOf(1)}}
	nothing := func(Pair) error { return nil }
	if err := Walk(t.Context(), named, stage, "", func(Pair) error { return down }); !errors.Is(err, down) {
		t.Error(err)
	}
	if err := Walk(t.Context(), named, broken{stage, down}, "", nothing); !errors.Is(err, down) {
		t.Error(err)
	}
	if err := Walk(t.Context(), silent{down}, stage, "", nothing); !errors.Is(err, down) {
		t.Error(err)
	}
}

func TestCheck(t *testing.T) {
	stage, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	text := bytes.Repeat([]byte("text"), 1<<18)
	sum := sha256.Sum256(text)
	b := Body{ID: "068A", Size: int64(len(text)), SHA256: hex.EncodeToString(sum[:])}
	b.Key = body.Key(b.SHA256)
	if err := b.Check(t.Context(), stage); !IsLost(err) || !errors.Is(err, blob.ErrNotFound) {
		t.Error(err)
	}
	if _, err := stage.Put(t.Context(), b.Key, bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if err := b.Check(t.Context(), stage); err != nil {
		t.Error(err)
	}
	for _, other := range []Body{
		{ID: b.ID, Key: b.Key, Size: b.Size - 1, SHA256: b.SHA256},
		{ID: b.ID, Key: b.Key, Size: b.Size + 1, SHA256: b.SHA256},
		{ID: b.ID, Key: b.Key, Size: b.Size, SHA256: digestOf(1)},
	} {
		if err := other.Check(t.Context(), stage); !IsLost(err) || !errors.Is(err, ErrOther) {
			t.Errorf("%+v: %v", other, err)
		}
	}
	down := errors.New("it is down")
	if err := b.Check(t.Context(), broken{stage, down}); IsLost(err) || !errors.Is(err, down) {
		t.Error(err)
	}
}

// A broken store can't be read.
type broken struct {
	blob.Store
	err error
}

func (b broken) Open(context.Context, string) (io.ReadCloser, error) { return nil, b.err }

func (b broken) List(context.Context, string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) { yield(blob.Info{}, b.err) }
}

type silent struct{ err error }

func (s silent) Digests(context.Context, string, string, int) ([]bodies.Digest, error) {
	return nil, s.err
}
