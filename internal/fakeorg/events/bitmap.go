package events

import (
	"math/big"
	"strconv"
	"strings"
)

// bitmaps writes a list of fields as the header has it: first the positions of those without parts as the bits of one
// hexadecimal number, then for each compound field its position and such a number for its parts.
func bitmaps(places []place) []string {
	own, parts := &big.Int{}, map[int]*big.Int{}
	var compounds []int
	for _, p := range places {
		at := p.field + 1 // behind the header
		if p.part < 0 {
			own.SetBit(own, at, 1)
			continue
		}
		if parts[at] == nil {
			parts[at] = &big.Int{}
			compounds = append(compounds, at)
		}
		parts[at].SetBit(parts[at], p.part, 1)
	}
	all := []string{}
	if own.Sign() != 0 {
		all = append(all, bitmap(own))
	}
	for _, at := range compounds {
		all = append(all, strconv.Itoa(at)+"-"+bitmap(parts[at]))
	}
	return all
}

// bitmap is a number in whole bytes: capital letters, the most significant first.
func bitmap(bits *big.Int) string {
	digits := strings.ToUpper(bits.Text(16))
	if len(digits)%2 != 0 {
		digits = "0" + digits
	}
	return "0x" + digits
}

// beyond is the bitmap of a field behind the last.
func (s *Schema) beyond() string {
	bits := &big.Int{}
	return bitmap(bits.SetBit(bits, len(s.fields)+9, 1))
}
