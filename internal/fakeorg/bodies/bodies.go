// Package bodies is the content of files, by key: bytes that are computed from
// their key alone, and bytes that a client has sent, which lie on the disk. None is
// held in memory, however long it is.
package bodies

import (
	"crypto/md5" // #nosec G501 -- Salesforce tells the MD5 of a file, and so it is asked for
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"
)

// A Body is what a file consists of. Any part of it can be read, by several at a time.
type Body struct {
	io.ReaderAt
	Size int64
}

// Reader reads a body from its beginning to its end.
func (b Body) Reader() io.Reader { return io.NewSectionReader(b, 0, b.Size) }

// A Store has the bodies that clients have sent.
type Store struct {
	disk disk

	mu   sync.Mutex
	kept []kept
}

// kept is a body that lies on the disk.
type kept struct {
	parts parts
	md5   string
}

// ErrTooLong is the answer for a body that is longer than it may be.
var ErrTooLong = errors.New("the body is too long")

// Keep reads a body of at most so many bytes to its end, and returns its key. What
// fails or is too long leaves nothing.
func (s *Store) Keep(r io.Reader, most int64) (key string, err error) {
	sum := md5.New() // #nosec G401 -- as above
	written, size, err := s.disk.write(io.TeeReader(io.LimitReader(r, most+1), sum))
	if err == nil && size > most {
		err = ErrTooLong
	}
	if err != nil {
		s.disk.free(written)
		return "", err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.kept = append(s.kept, kept{written, hex.EncodeToString(sum.Sum(nil))})
	return keptKey(len(s.kept)-1, size), nil
}

// Forget takes back the body of a key that no record came to hold. Its place on the disk
// is for others.
func (s *Store) Forget(key string) {
	kind, number, _, err := readKey(key)
	if err != nil || kind != keptKind {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if number < uint64(len(s.kept)) {
		s.disk.free(s.kept[number].parts)
		s.kept[number] = kept{}
	}
}

// Open finds the body of a key.
func (s *Store) Open(key string) (Body, error) {
	kind, number, size, err := readKey(key)
	if err != nil {
		return Body{}, err
	}
	if kind == madeKind {
		return Body{made{number, size}, size}, nil
	}
	found, err := s.find(key, number)
	if err != nil {
		return Body{}, err
	}
	return Body{reading{&s.disk, found.parts, size}, size}, nil
}

func (s *Store) find(key string, number uint64) (kept, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if number >= uint64(len(s.kept)) || s.kept[number].md5 == "" {
		return kept{}, fmt.Errorf("no body has the key %q", key)
	}
	return s.kept[number], nil
}

// Size is how many bytes the body of a key has.
func Size(key string) (int64, error) {
	_, _, size, err := readKey(key)
	return size, err
}

// MD5 is the checksum of the body of a key, as ContentVersion has it: 32 hex digits.
// What a client has sent was summed up when it came; what is computed is summed up now.
func (s *Store) MD5(key string) (string, error) {
	kind, number, size, err := readKey(key)
	if err != nil {
		return "", err
	}
	if kind == madeKind {
		sum := MadeMD5(number, size)
		return hex.EncodeToString(sum[:]), nil
	}
	found, err := s.find(key, number)
	return found.md5, err
}
