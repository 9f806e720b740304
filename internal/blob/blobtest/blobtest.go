// Package blobtest holds every blob.Store to its contract: a driver's test is
// one call of Run.
package blobtest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"catchment/internal/blob"
)

// Run checks the Store that open gives, an empty one for each call.
func Run(t *testing.T, open func(t *testing.T) blob.Store) {
	t.Run("bytes come back", func(t *testing.T) { bytesComeBack(t, open(t)) })
	t.Run("a blob is never changed", func(t *testing.T) { neverChanged(t, open(t)) })
	t.Run("two at once", func(t *testing.T) { twoAtOnce(t, open(t)) })
	t.Run("whole or not at all", func(t *testing.T) { wholeOrNot(t, open(t)) })
	t.Run("list", func(t *testing.T) { list(t, open(t)) })
	t.Run("delete", func(t *testing.T) { deleteTwice(t, open(t)) })
	t.Run("put and delete at once", func(t *testing.T) { putAndDelete(t, open(t)) })
	t.Run("bad keys", func(t *testing.T) { badKeys(t, open(t)) })
}

func bytesComeBack(t *testing.T, s blob.Store) {
	every := make([]byte, 256)
	for i := range every {
		every[i] = byte(i)
	}
	blobs := map[string][]byte{
		"empty":                nil,
		"a/b=c/00001.csv.gz":   every,
		"A-1/x_y/Big":          bytes.Repeat(every, 5000),
		"with.dots/v66.0/line": []byte("\r\n\"\x00\xff"),
	}
	for key, want := range blobs {
		info, err := s.Put(t.Context(), key, iotest.HalfReader(bytes.NewReader(want)))
		if err != nil || info.Key != key || info.Size != int64(len(want)) || info.Written.IsZero() {
			t.Errorf("put %s: %+v, %v", key, info, err)
		}
		for range 2 {
			if got, err := read(t, s, key); err != nil || !bytes.Equal(got, want) {
				t.Errorf("open %s: %d bytes, want %d: %v", key, len(got), len(want), err)
			}
		}
	}
	if _, err := s.Open(t.Context(), "nothing/here"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open of a blob that isn't there: %v", err)
	}
}

func neverChanged(t *testing.T, s blob.Store) {
	put(t, s, "k", "first")
	if _, err := s.Put(t.Context(), "k", strings.NewReader("second")); !errors.Is(err, blob.ErrExists) {
		t.Errorf("second put: %v", err)
	}
	if got, err := read(t, s, "k"); err != nil || string(got) != "first" {
		t.Errorf("%q, %v", got, err)
	}
}

// twoAtOnce starts both readers before either may end, so neither can see the
// other's blob beforehand.
func twoAtOnce(t *testing.T, s blob.Store) {
	const writers = 4
	var reading, done sync.WaitGroup
	reading.Add(writers)
	errs := make([]error, writers)
	for i := range writers {
		body := strings.Repeat(string(rune('a'+i)), 1000)
		arrive := sync.OnceFunc(func() { reading.Done(); reading.Wait() })
		meet := readerFunc(func([]byte) (int, error) { arrive(); return 0, io.EOF })
		done.Go(func() {
			_, errs[i] = s.Put(t.Context(), "k", io.MultiReader(strings.NewReader(body), meet))
		})
	}
	done.Wait()
	winner := slices.Index(errs, nil)
	if winner < 0 {
		t.Fatalf("no put won: %v", errs)
	}
	for i, err := range errs {
		if i != winner && !errors.Is(err, blob.ErrExists) {
			t.Errorf("put %d: %v", i, err)
		}
	}
	got, err := read(t, s, "k")
	if want := strings.Repeat(string(rune('a'+winner)), 1000); err != nil || string(got) != want {
		t.Errorf("%.10q, want %.10q: %v", got, want, err)
	}
}

func wholeOrNot(t *testing.T, s blob.Store) {
	broken := errors.New("line is down")
	half := io.MultiReader(strings.NewReader("half"), iotest.ErrReader(broken))
	if _, err := s.Put(t.Context(), "k", half); !errors.Is(err, broken) {
		t.Errorf("put from a broken reader: %v", err)
	}
	stopped := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	atEnd := readerFunc(func([]byte) (int, error) { cancel(stopped); return 0, io.EOF })
	if _, err := s.Put(ctx, "k", io.MultiReader(strings.NewReader("whole"), atEnd)); err == nil {
		t.Error("put under a cancelled context says it went well")
	}
	for info := range s.List(t.Context(), "") {
		t.Errorf("%s was left behind", info.Key)
	}
	put(t, s, "k", "whole") // the key is free
}

func list(t *testing.T, s blob.Store) {
	for _, key := range []string{"b/2", "b/10", "a", "b-c", "b/1", "c/b/1"} {
		put(t, s, key, key)
	}
	for prefix, want := range map[string][]string{
		"":     {"a", "b-c", "b/1", "b/10", "b/2", "c/b/1"},
		"b":    {"b-c", "b/1", "b/10", "b/2"},
		"b/":   {"b/1", "b/10", "b/2"},
		"b/1":  {"b/1", "b/10"},
		"c/b/": {"c/b/1"},
		"d":    nil,
	} {
		var got []string
		for info, err := range s.List(t.Context(), prefix) {
			if err != nil || info.Size != int64(len(info.Key)) {
				t.Errorf("list %q: %+v, %v", prefix, info, err)
			}
			got = append(got, info.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("list %q: %v, want %v", prefix, got, want)
		}
	}
	for range s.List(t.Context(), "") {
		break // stopping early is allowed
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, err := range s.List(ctx, "") {
		if err == nil {
			t.Error("list under a cancelled context yields")
		}
	}
}

func deleteTwice(t *testing.T, s blob.Store) {
	put(t, s, "a/k", "x")
	for range 2 {
		if err := s.Delete(t.Context(), "a/k"); err != nil {
			t.Error(err)
		}
	}
	if _, err := s.Open(t.Context(), "a/k"); !errors.Is(err, blob.ErrNotFound) {
		t.Errorf("open after delete: %v", err)
	}
	put(t, s, "a/k", "again")
}

func putAndDelete(t *testing.T, s blob.Store) {
	var both sync.WaitGroup
	for _, key := range []string{"a/b/1", "a/b/2"} {
		both.Go(func() {
			for range 50 {
				if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err != nil {
					t.Errorf("put: %v", err)
				}
				if err := s.Delete(t.Context(), key); err != nil {
					t.Errorf("delete: %v", err)
				}
			}
		})
	}
	both.Wait()
}

func badKeys(t *testing.T, s blob.Store) {
	for _, key := range []string{"", "/", "/a", "a/", "a//b", "..", "a/../b", ".a", "a/.b", "a b", "a\\b", "é", "a:b",
		"a*", "a\x00"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("x")); err == nil {
			t.Errorf("put takes the key %q", key)
		}
		if _, err := s.Open(t.Context(), key); err == nil {
			t.Errorf("open takes the key %q", key)
		}
		if err := s.Delete(t.Context(), key); err == nil {
			t.Errorf("delete takes the key %q", key)
		}
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func put(t *testing.T, s blob.Store, key, text string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(text)); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, s blob.Store, key string) ([]byte, error) {
	t.Helper()
	r, err := s.Open(t.Context(), key)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}
