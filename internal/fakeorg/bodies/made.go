package bodies

import (
	"crypto/md5" // #nosec G501 -- Salesforce tells the MD5 of a file, and so it is asked for
	"encoding/binary"
	"encoding/hex"
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

// ReadAt implements io.ReaderAt.
func (m made) ReadAt(p []byte, at int64) (int, error) {
	if at < 0 || at >= m.size {
		return 0, io.EOF
	}
	n := min(int64(len(p)), m.size-at)
	var word [wordSize]byte
	for done := int64(0); done < n; {
		number := (at + done) / wordSize
		binary.LittleEndian.PutUint64(word[:], chance.Mix(m.seed+uint64(number)))
		done += int64(copy(p[done:n], word[(at+done)%wordSize:]))
	}
	if n < int64(len(p)) {
		return int(n), io.EOF
	}
	return int(n), nil
}

// MadeMD5 is the checksum of the body that Made names.
func MadeMD5(seed uint64, size int64) string {
	sum := md5.New()                                                    // #nosec G401 -- as above
	_, _ = io.Copy(sum, io.NewSectionReader(made{seed, size}, 0, size)) // neither of them fails
	return hex.EncodeToString(sum.Sum(nil))
}
