package limits

import "sync"

// A BodyBudget bounds the calls for bodies on a day, over all flows. What other processes use
// meanwhile shows once nobody here reads any.
type BodyBudget struct {
	most int64 // 0: no limit

	mu     sync.Mutex
	active int // who reads bodies
	left   int64
}

// NewBodyBudget makes the budget of one process; a limit of 0 is none.
func NewBodyBudget(most int64) *BodyBudget { return &BodyBudget{most: most} }

// Enter begins a reading; used tells how many calls the day has had. Leave ends it, once its
// own are among those.
func (b *BodyBudget) Enter(used func() (int64, error)) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.most > 0 && b.active == 0 {
		n, err := used()
		if err != nil {
			return err
		}
		b.left = b.most - n
	}
	b.active++
	return nil
}

// Leave ends a reading.
func (b *BodyBudget) Leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.active--
}

// Take takes a call out of the budget, and tells whether there was one.
func (b *BodyBudget) Take() bool {
	if b.most == 0 {
		return true
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left <= 0 {
		return false
	}
	b.left--
	return true
}
