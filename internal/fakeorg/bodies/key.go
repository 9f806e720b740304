package bodies

import (
	"fmt"
	"strconv"
	"strings"
)

// A body's key tells where it is to be had and how long it is. It is what a record
// holds in a field of the type base64. No base64 has a colon in it, so that a client
// can't write one.

const (
	madeKind = "made"
	keptKind = "kept"
)

// Made is the key of a body that is computed from a seed: size bytes of it.
func Made(seed uint64, size int64) string {
	return string(AppendMade(nil, seed, size))
}

// AppendMade is Made behind what dst has already.
func AppendMade(dst []byte, seed uint64, size int64) []byte {
	dst = append(dst, madeKind+":"...)
	dst = strconv.AppendUint(dst, seed, 16)
	dst = append(dst, ':')
	return strconv.AppendInt(dst, size, 10)
}

// kept is the key of a body that lies on the disk.
func keptKey(number int, size int64) string {
	return keptKind + ":" + strconv.FormatInt(int64(number), 16) + ":" + strconv.FormatInt(size, 10)
}

// readKey takes a key apart.
func readKey(key string) (kind string, number uint64, size int64, err error) {
	parts := strings.Split(key, ":")
	if len(parts) != 3 {
		return "", 0, 0, fmt.Errorf("%q is no key of a body", key)
	}
	if number, err = strconv.ParseUint(parts[1], 16, 64); err != nil {
		return "", 0, 0, fmt.Errorf("%q is no key of a body: %w", key, err)
	}
	if size, err = strconv.ParseInt(parts[2], 10, 64); err != nil {
		return "", 0, 0, fmt.Errorf("%q is no key of a body: %w", key, err)
	}
	return parts[0], number, size, nil
}
