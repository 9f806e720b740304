package reading

import (
	"fmt"
	"math/big"
	"strings"

	"catchment/internal/control"
	"catchment/internal/plan"
	"catchment/internal/schema"
)

// Ranges divides a part at pivots, and gives the ranges that follow its first. None
// has a job yet. taken is how many parts there are, for names that are not.
func Ranges(p *control.Part, pivots []string, taken int) ([]control.Part, error) {
	if err := Restart(p, shrunk); err != nil {
		return nil, err
	}
	p.Splits++
	p.Failed, p.GivenUp = nil, false
	p.Jobs = min(p.Jobs, 1) // the next one has to forget what that has staged
	ranges := make([]control.Part, len(pivots))
	for i, pivot := range pivots {
		next := *p
		next.Name, next.Of, next.Jobs = fmt.Sprintf("%s-ids-%d", p.Planned(), taken+i+1), p.Planned(), 0
		next.Least = pivot
		if i+1 < len(pivots) {
			next.Below = pivots[i+1]
		}
		ranges[i] = next
	}
	if len(pivots) > 0 {
		p.Below = pivots[0]
	}
	return ranges, nil
}

// Pivots divides the Ids from first to last into n ranges of about the
// same width. Each pivot is later than first and no later than last, so that no
// range at the ends is empty; where first is last there is none.
func Pivots(first, last string, n int) ([]string, error) {
	from, err := idNumber(first)
	if err != nil {
		return nil, err
	}
	to, err := idNumber(last)
	if err != nil {
		return nil, err
	}
	if first[:idPrefix] != last[:idPrefix] {
		return nil, plan.Strangef("Ids of one object begin with %s and with %s", first[:idPrefix],
			last[:idPrefix])
	}
	var pivots []string
	before := from
	for i := 1; i < n; i++ {
		at := new(big.Int).Sub(to, from)
		at.Mul(at, big.NewInt(int64(i)))
		at.Add(at, big.NewInt(int64(n-1))) // upwards
		at.Div(at, big.NewInt(int64(n)))
		at.Add(at, from)
		if at.Cmp(before) <= 0 || at.Cmp(to) > 0 {
			continue
		}
		before = at
		id, err := schema.ID18(first[:idPrefix] + idText(at))
		if err != nil {
			return nil, err
		}
		pivots = append(pivots, id)
	}
	return pivots, nil
}

// An Id is a prefix for its object, and a number of twelve digits whose order is
// that of ASCII (Bulk API guide, "PK Chunking"). Three further characters only
// tell which of the letters are capital ones.
const (
	idPrefix = 3
	idLength = 15
	idDigits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
)

func idNumber(id string) (*big.Int, error) {
	n, base := new(big.Int), big.NewInt(int64(len(idDigits)))
	if len(id) < idLength {
		return nil, plan.Strangef("an Id of %d characters", len(id))
	}
	for _, c := range []byte(id[idPrefix:idLength]) {
		digit := strings.IndexByte(idDigits, c)
		if digit < 0 {
			return nil, plan.Strangef("an Id with the character %q", c)
		}
		n.Add(n.Mul(n, base), big.NewInt(int64(digit)))
	}
	return n, nil
}

func idText(n *big.Int) string {
	text, base, digit := make([]byte, idLength-idPrefix), big.NewInt(int64(len(idDigits))), new(big.Int)
	n = new(big.Int).Set(n)
	for i := len(text) - 1; i >= 0; i-- {
		n.DivMod(n, base, digit)
		text[i] = idDigits[digit.Int64()]
	}
	return string(text)
}

// SplitSmall lets the ranges of a split part be read by the named mover, REST, where
// they hold few records each.
func SplitSmall(parts []*control.Part, mover string) {
	for _, p := range parts {
		if len(p.Job) == 0 && p.Mover != mover {
			p.Failed, p.Mover = []string{p.Mover}, mover
		}
	}
}
