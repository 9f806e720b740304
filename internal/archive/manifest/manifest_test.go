package manifest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/plan"
)

// written is a small plan with each type of line, and its digest.
func written(t *testing.T) (text []byte, head manifest.Head, digest string) {
	t.Helper()
	head = manifest.Head{Type: manifest.TypeHead, Format: manifest.Format, Org: "00D000000000001AAA",
		MadeAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Policy: manifest.Policy{Name: "old-cases", Root: "Case"}}
	var out bytes.Buffer
	w := manifest.NewWriter(&out)
	for _, line := range []any{head,
		manifest.Object{Type: manifest.TypeObject, Object: "Case", In: 2},
		manifest.Loss{Type: manifest.TypeLoss, What: "CaseFeed"},
		manifest.Record{Type: manifest.TypeRecord, Object: "Task", ID: "00T1", Level: 1, Root: "5001", Parent: "5001",
			Fate: manifest.In},
		manifest.Record{Type: manifest.TypeRecord, Object: "Case", ID: "5001", Root: "5001", Fate: manifest.In},
		manifest.Record{Type: manifest.TypeRecord, Object: "Case", ID: "5002", Root: "5002", Fate: manifest.Held},
		manifest.Clear{Type: manifest.TypeClear, Object: "Asset", ID: "02i1", Field: "Case__c", Value: "5001"},
		manifest.End{Type: manifest.TypeEnd, In: 2}} {
		if err := w.Put(line); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), head, digest
}

func TestAPlanIsReadAsItWasWritten(t *testing.T) {
	t.Parallel()
	text, head, digest := written(t)
	var seen []string
	got, err := manifest.Read(bytes.NewReader(text), manifest.Each{
		Record: func(r manifest.Record) error { seen = append(seen, r.ID); return nil },
		Clear:  func(c manifest.Clear) error { seen = append(seen, c.ID); return nil },
	})
	if err != nil || got != digest || strings.Join(seen, " ") != "00T1 5001 5002 02i1" {
		t.Errorf("%v, %s and %s, %v", seen, got, digest, err)
	}
	if name := manifest.Name(head, digest); name != "old-cases-20260301-"+digest[:8] {
		t.Error(name)
	}
}

// Any bit that is another one is refused, or changes the digest.
func TestEveryFlipOfAPlanIsSeen(t *testing.T) {
	t.Parallel()
	text, _, digest := written(t)
	for i := range text {
		for bit := range 8 {
			changed := bytes.Clone(text)
			changed[i] ^= 1 << bit
			if got, err := manifest.Read(bytes.NewReader(changed), manifest.Each{}); err == nil && got == digest {
				t.Errorf("byte %d, bit %d: %q", i, bit, changed[max(0, i-20):min(len(text), i+20)])
			}
		}
	}
	for i := range text {
		if _, err := manifest.Read(bytes.NewReader(text[:i]), manifest.Each{}); plan.ClassOf(err) != plan.Fix {
			t.Errorf("cut after %d bytes: %v", i, err)
		}
	}
	for what, changed := range map[string]string{
		"it goes on":         string(text) + "{}\n",
		"ends as on Windows": strings.ReplaceAll(string(text), "\n", "\r\n"),
		"an endless line":    strings.Repeat(" ", 2<<20),
		"a line says nothing": strings.Replace(string(text), `{"type":"loss"`,
			`{"type":"erased"}`+"\n"+`{"type":"loss"`, 1),
	} {
		if got, err := manifest.Read(strings.NewReader(changed), manifest.Each{}); err == nil && got == digest {
			t.Errorf("%s, and it reads as before", what)
		}
	}
}

// A failing store fails one of its calls.
type failingStore struct {
	blob.Store
	calls, failAt int
}

var errDead = errors.New("the process died")

func (f *failingStore) call() error {
	if f.calls++; f.calls == f.failAt {
		return errDead
	}
	return nil
}

func (f *failingStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if err := f.call(); err != nil {
		return blob.Info{}, err
	}
	return f.Store.Put(ctx, key, r)
}

func (f *failingStore) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := f.call(); err != nil {
		return nil, err
	}
	return f.Store.Open(ctx, key)
}

func (f *failingStore) Delete(ctx context.Context, key string) error {
	if err := f.call(); err != nil {
		return err
	}
	return f.Store.Delete(ctx, key)
}

// What is erased stands nowhere in a plan any more, the digest stays, and so it is after a
// crash at any call.
func TestErasedIdsLeaveTheDigest(t *testing.T) {
	t.Parallel()
	text, head, digest := written(t)
	name := manifest.Name(head, digest)
	ids := map[string]bool{"5001": true}
	died := 0
	for failAt := 0; failAt < 40; failAt++ {
		store, err := dir.New(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := store.Put(t.Context(), manifest.Key(name), bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		err = manifest.Erase(t.Context(), &failingStore{Store: store, failAt: failAt}, name, ids)
		if errors.Is(err, errDead) {
			died++
			err = manifest.Erase(t.Context(), store, name, ids)
		}
		if err != nil {
			t.Fatal(err)
		}
		in, err := store.Open(t.Context(), manifest.Key(name))
		if err != nil {
			t.Fatalf("dead at call %d: %v", failAt, err)
		}
		left, err := io.ReadAll(in)
		if err = errors.Join(err, in.Close()); err != nil {
			t.Fatal(err)
		}
		var erased []string
		got, err := manifest.Read(bytes.NewReader(left), manifest.Each{Erased: func(e manifest.Erased) error {
			erased = append(erased, e.Object)
			return nil
		}})
		if err != nil || got != digest || strings.Join(erased, " ") != "Task Case Asset" ||
			strings.Contains(string(left), "5001") || !strings.Contains(string(left), "5002") {
			t.Errorf("dead at call %d: %v, %s\n%s", failAt, err, got, left)
		}
		for info, err := range store.List(t.Context(), "") {
			if err != nil || info.Key != manifest.Key(name) {
				t.Errorf("dead at call %d: %s is left, %v", failAt, info.Key, err)
			}
		}
	}
	if died < 7 {
		t.Errorf("it died at %d calls only", died)
	}
}

// What can't be erased can't be hidden either, and of what was, no bit that is left can change.
func TestAnErasedLineHidesNothingElse(t *testing.T) {
	t.Parallel()
	text, head, digest := written(t)
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	name := manifest.Name(head, digest)
	if _, err := store.Put(t.Context(), manifest.Key(name), bytes.NewReader(text)); err != nil {
		t.Fatal(err)
	}
	if err := manifest.Erase(t.Context(), store, name, map[string]bool{"5001": true}); err != nil {
		t.Fatal(err)
	}
	in, err := store.Open(t.Context(), manifest.Key(name))
	if err != nil {
		t.Fatal(err)
	}
	left, err := io.ReadAll(in)
	if err = errors.Join(err, in.Close()); err != nil {
		t.Fatal(err)
	}
	for i := range left {
		changed := bytes.Clone(left)
		changed[i] ^= 1
		if got, err := manifest.Read(bytes.NewReader(changed), manifest.Each{}); err == nil && got == digest {
			t.Errorf("byte %d: %q", i, changed[max(0, i-20):min(len(left), i+20)])
		}
	}
	lines := strings.SplitAfter(string(text), "\n")
	sum := sha256.Sum256([]byte(strings.TrimSuffix(lines[2], "\n")))
	hidden := strings.Replace(string(text), lines[2],
		fmt.Sprintf(`{"type":"erased","was":"loss","sha256":"%x","object":"","level":0}`+"\n", sum), 1)
	if got, err := manifest.Read(strings.NewReader(hidden), manifest.Each{}); err == nil {
		t.Errorf("a loss is hidden: %s", got)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"type":"plan","format":1}` + "\n" + `{"type":"end"}` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		_, err := manifest.Read(bytes.NewReader(text), manifest.Each{})
		if err != nil && plan.ClassOf(err) != plan.Fix {
			t.Error(err)
		}
	})
}
