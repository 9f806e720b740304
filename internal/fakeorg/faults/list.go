package faults

import "sync"

// A List is the rules of one kind that are in force.
type List[R any] struct {
	mu    sync.Mutex
	rules []*R
}

// Add adds rules. Of several that match, the first is followed.
func (l *List[R]) Add(more ...R) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, rule := range more {
		l.rules = append(l.rules, &rule)
	}
}

// Clear removes all rules.
func (l *List[R]) Clear() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rules = nil
}

// All returns the rules in force, with how often each has matched.
func (l *List[R]) All() []R {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := []R{}
	for _, rule := range l.rules {
		all = append(all, *rule)
	}
	return all
}

// First returns the first rule that is due, or nil. due is asked about each, and counts that it was.
func (l *List[R]) First(due func(*R) bool) *R {
	l.mu.Lock()
	defer l.mu.Unlock()
	var first *R
	for _, rule := range l.rules {
		if due(rule) && first == nil {
			found := *rule
			first = &found
		}
	}
	return first
}

// Due tells whether the match that was counted last is one to be spoilt: the nth and those behind it, so many times;
// each where nth is 0.
func Due(nth, times, seen int) bool {
	return nth == 0 || seen >= nth && seen < nth+max(1, times)
}
