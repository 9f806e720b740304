package bodies

import (
	"bytes"
	"crypto/md5"
	"encoding/hex"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
)

func read(t *testing.T, s *Store, key string) []byte {
	t.Helper()
	body, err := s.Open(key)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(body.Reader())
	if err != nil || int64(len(text)) != body.Size {
		t.Fatalf("%s: %d bytes of %d: %v", key, len(text), body.Size, err)
	}
	return text
}

// Any part of a body is what the whole has there, and the checksum is that of the whole.
func TestPartsAreThoseOfTheWhole(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dice := rand.New(rand.NewPCG(seed, 1))
	s := &Store{}
	keys := []string{Made(7, 0), Made(7, 1), Made(7, 8), Made(7, 10_007), Made(9, 10_007)}
	for _, size := range []int{0, 1, partSize - 1, partSize, partSize + 1, 3*partSize + 17} {
		text := make([]byte, size)
		for i := range text {
			text[i] = byte(dice.Uint32())
		}
		key, err := s.Keep(bytes.NewReader(text), int64(size))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(read(t, s, key), text) {
			t.Errorf("%s isn't what was kept", key)
		}
		keys = append(keys, key)
	}
	for _, key := range keys {
		whole := read(t, s, key)
		sum := md5.Sum(whole)
		if told, err := s.MD5(key); err != nil || told != hex.EncodeToString(sum[:]) {
			t.Errorf("%s: %s %v", key, told, err)
		}
		if size, err := Size(key); err != nil || size != int64(len(whole)) {
			t.Errorf("%s: %d %v", key, size, err)
		}
		body, err := s.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		for range 50 {
			at := dice.Int64N(body.Size + 1)
			part := make([]byte, dice.IntN(2*partSize))
			n, err := body.ReadAt(part, at)
			want := whole[at:min(int(at)+len(part), len(whole))]
			if !bytes.Equal(part[:n], want) || (n < len(part)) != (err == io.EOF) {
				t.Errorf("%s at %d: %d of %d bytes, %v", key, at, n, len(part), err)
			}
		}
	}
}

// What isn't kept leaves its place on the disk to others.
func TestWhatFailsLeavesNothing(t *testing.T) {
	s := &Store{}
	if _, err := s.Keep(strings.NewReader(strings.Repeat("x", 2*partSize)), partSize); !errors.Is(err, ErrTooLong) {
		t.Errorf("too long: %v", err)
	}
	for _, broken := range []error{io.ErrUnexpectedEOF, errors.New("broken")} {
		half := io.MultiReader(strings.NewReader(strings.Repeat("x", partSize+1)), iotest.ErrReader(broken))
		if _, err := s.Keep(half, 10*partSize); !errors.Is(err, broken) {
			t.Errorf("got %v, want %v", err, broken)
		}
	}
	key, err := s.Keep(strings.NewReader("short"), 5)
	if err != nil {
		t.Error(err)
	}
	s.Forget(key)
	if _, err := s.Open(key); err == nil {
		t.Error("what was forgotten is there")
	}
	if key, err = s.Keep(strings.NewReader("again"), 5); err != nil || string(read(t, s, key)) != "again" {
		t.Error(err)
	}
	if s.disk.parts != 2 || len(s.disk.unused) != 1 {
		t.Errorf("%d parts, %d unused", s.disk.parts, len(s.disk.unused))
	}
}

// Several bodies that come at once don't mix.
func TestManyAtOnce(t *testing.T) {
	s := &Store{}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			text := strings.Repeat(string(rune('a'+i)), 3*partSize+i)
			key, err := s.Keep(strings.NewReader(text), int64(len(text)))
			if err != nil {
				t.Error(err)
				return
			}
			if body, err := s.Open(key); err != nil || body.Size != int64(len(text)) {
				t.Error(body.Size, err)
			} else if got, err := io.ReadAll(body.Reader()); err != nil || string(got) != text {
				t.Errorf("%d: %d bytes %v", i, len(got), err)
			}
		})
	}
	all.Wait()
}

func TestKeysThatLeadNowhere(t *testing.T) {
	s := &Store{}
	for _, key := range []string{"", "kept", "kept:0:1", "kept:x:1", "made:1:x", "made:1:2:3"} {
		if _, err := s.Open(key); err == nil {
			t.Errorf("%q", key)
		}
	}
}
