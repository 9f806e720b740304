package change

import (
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

// binLife is how long a record stays in the recycle bin.
const binLife = 15 * 24 * time.Hour

// binned is a record that went to the recycle bin, and when.
type binned struct {
	obj       *store.Object
	place     int
	deletedAt string
}

// PurgeAged purges what has been in the recycle bin for too long. Nothing runs
// in the background: whoever asks something brings it about.
func (l *Ledger) PurgeAged() {
	l.writing.Lock()
	defer l.writing.Unlock()
	limit := orgtime.Stamp(l.Clock.Now().Add(-binLife))
	if len(l.aging) == 0 || l.aging[0].deletedAt > limit {
		return
	}
	e := l.newEdit()
	for len(l.aging) > 0 && l.aging[0].deletedAt <= limit {
		old := l.aging[0]
		l.aging = l.aging[1:]
		at := e.row(old.obj, old.place)
		if !at.Deleted() || at.Record.Purged || at.Record.DeletedAt != old.deletedAt {
			continue
		}
		next := at.Whole()
		next.Purged = true
		if e.put(old.obj, old.place, next) != nil {
			l.aging = append([]binned{old}, l.aging...) // a transaction is at it: later, then
			break
		}
	}
	e.commit()
}
