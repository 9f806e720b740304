package bodies

import (
	"crypto/md5" // #nosec G501 -- Salesforce tells the MD5 of a file, and so it is asked for
	"encoding/binary"
	"io"

	"catchment/internal/fakeorg/chance"
)

// made is a body that is computed: word n of its bytes is a function of the seed
// and of n, so that any part of it can be read at once and none is held.
type made struct {
	seed uint64
	size int64
}

// wordSize is how many bytes come of one number.
const wordSize = 8

// word is the bytes at a place that is a multiple of their number.
func (m made) word(at int64) (word [wordSize]byte) {
	binary.LittleEndian.PutUint64(word[:], chance.Mix(m.seed+uint64(at/wordSize)))
	return word
}

// ReadAt implements io.ReaderAt.
func (m made) ReadAt(p []byte, at int64) (n int, err error) {
	if at < 0 || at >= m.size {
		return 0, io.EOF
	}
	if left := m.size - at; left < int64(len(p)) {
		p, err = p[:left], io.EOF
	}
	if within := at % wordSize; within > 0 {
		word := m.word(at - within)
		n = copy(p, word[within:])
	}
	for ; len(p)-n >= wordSize; n += wordSize {
		word := m.word(at + int64(n))
		copy(p[n:], word[:])
	}
	if n < len(p) {
		word := m.word(at + int64(n))
		n += copy(p[n:], word[:])
	}
	return n, err
}

// MadeMD5 is the checksum of the body that Made names.
func MadeMD5(seed uint64, size int64) (sum [md5.Size]byte) {
	hash := md5.New()                                                    // #nosec G401 -- as above
	_, _ = io.Copy(hash, io.NewSectionReader(made{seed, size}, 0, size)) // neither of them fails
	hash.Sum(sum[:0])
	return sum
}
