// Package chance is what looks random and is the same again under the same seed.
package chance

import (
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

// A Dice is a row of random numbers under a seed.
type Dice struct{ state uint64 }

// New makes a Dice under a seed.
func New(seed uint64) *Dice { return &Dice{seed} }

// Next returns the next number.
func (d *Dice) Next() uint64 {
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
