package generate

import (
	"testing"

	"catchment/internal/fakeorg/chance"
)

func TestTimesAreInOrder(t *testing.T) {
	w := &World{birth: 1_773_500_966}
	for i := range uint64(20_000) {
		created, modified, touched := w.times(chance.Mix(i))
		if created > modified || modified > touched || touched > w.birth || created < w.birth-span-3600 {
			t.Fatalf("%d: %d %d %d", i, created, modified, touched)
		}
	}
}

func TestSpread(t *testing.T) {
	for _, n := range []int{1, 2, 99, 1000, 1_000_000} {
		sum := 0
		for _, count := range Spread(n) {
			sum += count
		}
		if sum != n {
			t.Errorf("%d spreads to %d", n, sum)
		}
	}
}
