// Package chance is what looks random and is the same again under the same seed,
// and what really is random.
package chance

import (
	"encoding/binary"
	"fmt"
	"io"

	"catchment/internal/fakeorg/recordid"
)

// Mix turns a number into one that looks random (splitmix64): the same in,
// the same out, so a generated value needs no memory.
func Mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A Dice is a row of random numbers: under a seed, or drawn from a source.
type Dice struct {
	state  uint64
	source io.Reader // nil under a seed
}

// New makes a Dice under a seed.
func New(seed uint64) *Dice { return &Dice{state: seed} }

// Drawn makes a Dice of what a source gives. Only this one is fit for secrets that
// nobody may guess: the numbers under a seed follow from one of them.
func Drawn(source io.Reader) *Dice { return &Dice{source: source} }

// Another makes a Dice of its own: under the next number, or of the same source.
func (d *Dice) Another() *Dice {
	if d.source != nil {
		return Drawn(d.source)
	}
	return New(d.Next())
}

// Next returns the next number. There is nothing to go on with where the source fails.
func (d *Dice) Next() uint64 {
	if d.source != nil {
		var drawn [8]byte
		if _, err := io.ReadFull(d.source, drawn[:]); err != nil {
			panic(fmt.Sprintf("read random bytes: %v", err))
		}
		return binary.LittleEndian.Uint64(drawn[:])
	}
	d.state++
	return Mix(d.state)
}

// Below returns a number from 0 to n-1.
func (d *Dice) Below(n int) int { return int(d.Next() % uint64(n)) }

// Secret returns n letters and digits.
func (d *Dice) Secret(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = recordid.Digits[d.Below(len(recordid.Digits))]
	}
	return string(text)
}

// Pow10 is 10 to the n: what a number of n digits stays below.
func Pow10(n int) uint64 {
	p := uint64(1)
	for range n {
		p *= 10
	}
	return p
}
