package trial

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// tallied counts what came about, over all lives.
type tallied struct {
	mu sync.Mutex
	n  map[string]int
}

func (t *tallied) add(what string, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.n == nil {
		t.n = map[string]int{}
	}
	t.n[what] += n
}

func (t *tallied) has(what string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.n[what] > 0
}

func (t *tallied) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var lines strings.Builder
	for _, what := range slices.Sorted(maps.Keys(t.n)) {
		fmt.Fprintf(&lines, "%7d %s\n", t.n[what], what)
	}
	return lines.String()
}
