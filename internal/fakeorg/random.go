package fakeorg

// mix turns a number into one that looks random (splitmix64): the same in,
// the same out, so a generated value needs no memory.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// A dice is a row of random numbers under a seed.
type dice struct{ state uint64 }

func newDice(seed uint64) *dice { return &dice{seed} }

func (d *dice) next() uint64 {
	d.state++
	return mix(d.state)
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() % uint64(n)) }

// secret returns n letters and digits.
func (d *dice) secret(n int) string {
	text := make([]byte, n)
	for i := range text {
		text[i] = idDigits[d.below(len(idDigits))]
	}
	return string(text)
}
