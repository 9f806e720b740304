package fetch

import (
	"bytes"
	"crypto/md5" // #nosec G501 -- Salesforce says the MD5 of a file, and that is what is compared
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// inMemory is up to how many bytes a body stays in memory on its way.
const inMemory = 256 << 10

// A spool holds one body on its way, and sums it up: a small one in memory, a larger one in
// a file of a folder, which has no name any more once it is open, so a killed process leaves
// nothing behind.
type spool struct {
	folder string
	small  bytes.Buffer
	file   *os.File
	size   int64
	sha    hash.Hash
	md     hash.Hash
}

func newSpool(folder string) *spool {
	return &spool{folder: folder, sha: sha256.New(), md: md5.New()} // #nosec G401 -- as above
}

// errSpool is what a disk said that is to hold bodies on their way: no other body fares
// better.
type errSpool struct{ error }

func (e errSpool) Unwrap() error { return e.error }

// spoiled is the error of a disk.
func spoiled(err error) error {
	err = fmt.Errorf("hold a body on its way: %w", printable.Error(err))
	if plan.ClassOf(err) == plan.Full {
		err = plan.Failf(plan.Full, "make room on the disk of the stage: the next run goes on from there", "%w", err)
	}
	return errSpool{err}
}

// Write takes more of the body.
func (s *spool) Write(p []byte) (int, error) {
	if s.file == nil && s.small.Len()+len(p) > inMemory {
		if err := s.spill(); err != nil {
			return 0, spoiled(err)
		}
	}
	n, err := len(p), error(nil)
	if s.file != nil {
		n, err = s.file.Write(p)
	} else {
		s.small.Write(p)
	}
	s.size += int64(n)
	s.sha.Write(p[:n])
	s.md.Write(p[:n])
	if err != nil {
		return n, spoiled(err)
	}
	return n, nil
}

// spill moves what is in memory into a file.
func (s *spool) spill() error {
	f, err := os.CreateTemp(s.folder, "body-*")
	if err != nil {
		return err
	}
	s.file = f
	_ = os.Remove(f.Name()) // close does, where an open file can't lose its name
	_, err = f.Write(s.small.Bytes())
	s.small.Reset()
	return err
}

// Empty begins anew.
func (s *spool) Empty() error {
	s.small.Reset()
	s.sha.Reset()
	s.md.Reset()
	s.size = 0
	if s.file == nil {
		return nil
	}
	_, err := s.file.Seek(0, io.SeekStart)
	if err = errors.Join(err, s.file.Truncate(0)); err != nil {
		return spoiled(err)
	}
	return nil
}

// Reader reads the body from its start.
func (s *spool) Reader() io.Reader {
	if s.file != nil {
		return io.NewSectionReader(s.file, 0, s.size)
	}
	return bytes.NewReader(s.small.Bytes())
}

// Close forgets the body.
func (s *spool) Close() {
	if s.file != nil {
		_ = s.file.Close() // it has been read, or isn't needed
		_ = os.Remove(s.file.Name())
	}
}

func (s *spool) sha256() string { return hex.EncodeToString(s.sha.Sum(nil)) }
func (s *spool) md5() string    { return hex.EncodeToString(s.md.Sum(nil)) }
