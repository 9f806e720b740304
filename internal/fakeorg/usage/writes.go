package usage

import "maps"

// CountWrite counts a request that is to change records, whatever becomes of it.
func (u *Meter) CountWrite(name string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.writes == nil {
		u.writes = map[string]int{}
	}
	u.writes[name]++
}

// Writes tells how many requests there have been to change records, by what they were.
func (u *Meter) Writes() map[string]int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return maps.Clone(u.writes)
}
