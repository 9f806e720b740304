package blob

import (
	"fmt"
	"strings"
)

// CheckKey holds a key to the contract of Store. No word starts with a dot, so
// no key leaves the place that a driver keeps its blobs in.
func CheckKey(key string) error {
	if !ValidKey(key) {
		return fmt.Errorf("key %q isn't words of letters, digits and -_.= with slashes between", key)
	}
	return nil
}

// ValidKey tells whether key may name a blob.
func ValidKey(key string) bool {
	for word := range strings.SplitSeq(key, "/") {
		if word == "" || word[0] == '.' {
			return false
		}
		for _, c := range []byte(word) {
			letter := 'a' <= c|0x20 && c|0x20 <= 'z'
			if !letter && (c < '0' || c > '9') && !strings.ContainsRune("-_.=", rune(c)) {
				return false
			}
		}
	}
	return true
}
