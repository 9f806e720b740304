// Package recordid makes and reads the Ids of records: a key prefix of 3
// characters, the instance (2), a reserved 0, a number of 9 base-62 digits, and a
// checksum of 3. The digits ascend as ASCII does, so Ids of one object sort as
// their numbers do.
package recordid

import "strings"

const (
	// Digits are what the number of an Id is written in.
	Digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	// Short is how many characters an Id has without its checksum.
	Short = 15
	// Long is how many it has with it.
	Long = 18

	instance   = "Ho0"
	checkCodes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	numberAt   = 6
)

// Append writes the 18 characters of the record with this number.
func Append(dst []byte, prefix string, number int) []byte {
	from := len(dst)
	dst = append(dst, prefix...)
	dst = append(dst, instance...)
	dst = append(dst, "000000000"...)
	for at := from + Short - 1; number > 0 && at >= from+numberAt; at-- {
		dst[at] = Digits[number%62]
		number /= 62
	}
	return appendChecksum(dst, dst[from:from+Short])
}

// appendChecksum writes the three characters that tell which of the 15 are
// capital letters: one for every five.
func appendChecksum(dst, short []byte) []byte {
	for part := 0; part < Short; part += 5 {
		bits := 0
		for i, c := range short[part : part+5] {
			if c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		dst = append(dst, checkCodes[bits])
	}
	return dst
}

// New is appendID as a string.
func New(prefix string, number int) string {
	return string(Append(make([]byte, 0, Long), prefix, number))
}

// Full returns the 18 characters of an Id given with 15 or 18, and whether
// it is an Id at all. The checksum may come in any case.
func Full(id string) (string, bool) {
	if len(id) != Short && len(id) != Long {
		return "", false
	}
	for i := range len(id) {
		if strings.IndexByte(Digits, id[i]) < 0 {
			return "", false
		}
	}
	full := string(appendChecksum([]byte(id[:Short]), []byte(id[:Short])))
	if len(id) == Long && !strings.EqualFold(full[Short:], id[Short:]) {
		return "", false
	}
	return full, true
}

// Number reads the number of an Id of this prefix and of this instance.
func Number(id, prefix string) (int, bool) {
	if len(id) < Short || id[:3] != prefix || id[3:numberAt] != instance {
		return 0, false
	}
	number := 0
	for i := numberAt; i < Short; i++ {
		digit := strings.IndexByte(Digits, id[i])
		if digit < 0 {
			return 0, false
		}
		number = number*62 + digit
	}
	return number, true
}

// RunningUser is who every session belongs to: the first User of the org.
func RunningUser() string { return New("005", 1) }
