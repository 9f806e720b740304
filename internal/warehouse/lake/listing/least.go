package listing

import "slices"

// Least keeps so many of the least of what it is given, each once, in memory for twice as many.
type least[T any] struct {
	most    int
	compare func(a, b T) int
	join    func(a, b T) T // makes one of two that compare as equal
	all     []T
	full    bool // the first most of all are in order, and no more than the last of them counts
}

// add takes one in.
func (l *least[T]) add(one T) {
	if l.most <= 0 || l.full && l.compare(one, l.all[l.most-1]) > 0 {
		return
	}
	l.all = append(l.all, one)
	if len(l.all) >= 2*l.most {
		l.cut()
	}
}

// cut leaves the least of them.
func (l *least[T]) cut() {
	slices.SortStableFunc(l.all, l.compare)
	kept := l.all[:0]
	for _, one := range l.all {
		if n := len(kept); n > 0 && l.compare(kept[n-1], one) == 0 {
			kept[n-1] = l.join(kept[n-1], one)
			continue
		}
		kept = append(kept, one)
	}
	l.full = len(kept) >= l.most
	l.all = kept[:min(len(kept), max(l.most, 0))]
}

// list gives them, in order.
func (l *least[T]) list() []T {
	l.cut()
	return l.all
}

// first is the one of two that are the same.
func first[T any](a, _ T) T { return a }
