package schema

import "fmt"

// ID18 gives the 18-character form of an Id of 15 or 18 characters: its last
// three tell which letters are capitals.
func ID18(id string) (string, error) {
	if len(id) != 15 && len(id) != 18 {
		return "", fmt.Errorf("an Id of %d characters", len(id))
	}
	suffix := make([]byte, 0, 3)
	for part := range 3 {
		n := 0
		for i, c := range []byte(id[part*5 : part*5+5]) {
			if 'A' <= c && c <= 'Z' {
				n |= 1 << i
			}
		}
		suffix = append(suffix, "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[n])
	}
	return id[:15] + string(suffix), nil
}
