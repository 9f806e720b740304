package fakeorg

import "strings"

// An Id is a key prefix of 3 characters, the instance (2), a reserved 0, a
// number of 9 base-62 digits, and a checksum of 3. The digits ascend as ASCII
// does, so Ids of one object sort as their numbers do.
const (
	instance   = "Ho0"
	idDigits   = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	checkCodes = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
	numberAt   = 6
	shortID    = 15
	longID     = 18
)

// appendID writes the 18 characters of the record with this number.
func appendID(dst []byte, prefix string, number int) []byte {
	from := len(dst)
	dst = append(dst, prefix...)
	dst = append(dst, instance...)
	dst = append(dst, "000000000"...)
	for at := from + shortID - 1; number > 0 && at >= from+numberAt; at-- {
		dst[at] = idDigits[number%62]
		number /= 62
	}
	return appendChecksum(dst, dst[from:from+shortID])
}

// appendChecksum writes the three characters that tell which of the 15 are
// capital letters: one for every five.
func appendChecksum(dst, short []byte) []byte {
	for part := 0; part < shortID; part += 5 {
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

// makeID is appendID as a string.
func makeID(prefix string, number int) string {
	return string(appendID(make([]byte, 0, longID), prefix, number))
}

// fullID returns the 18 characters of an Id given with 15 or 18, and whether
// it is an Id at all. The checksum may come in any case.
func fullID(id string) (string, bool) {
	if len(id) != shortID && len(id) != longID {
		return "", false
	}
	for i := range len(id) {
		if strings.IndexByte(idDigits, id[i]) < 0 {
			return "", false
		}
	}
	full := string(appendChecksum([]byte(id[:shortID]), []byte(id[:shortID])))
	if len(id) == longID && !strings.EqualFold(full[shortID:], id[shortID:]) {
		return "", false
	}
	return full, true
}

// idNumber reads the number of an Id of this prefix and of this instance.
func idNumber(id, prefix string) (int, bool) {
	if len(id) < shortID || id[:3] != prefix || id[3:numberAt] != instance {
		return 0, false
	}
	number := 0
	for i := numberAt; i < shortID; i++ {
		digit := strings.IndexByte(idDigits, id[i])
		if digit < 0 {
			return 0, false
		}
		number = number*62 + digit
	}
	return number, true
}

// runningUser is who every session belongs to: the first User of the org.
func runningUser() string { return makeID("005", 1) }
