package change

import (
	"slices"
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

// How long a record stays in the recycle bin, and how long it stays at least where
// there are more than that holds.
const (
	binLife     = 15 * 24 * time.Hour
	fullBinLife = 2 * time.Hour
)

// binned is a record that went to the recycle bin, and when.
type binned struct {
	obj       *store.Object
	place     int
	deletedAt string
}

// PurgeAged purges what has been in the recycle bin for too long, and the oldest of
// what it has no room for. Nothing runs in the background: whoever asks something
// brings it about.
func (l *Ledger) PurgeAged() {
	l.writing.Lock()
	defer l.writing.Unlock()
	now := l.Clock.Now()
	l.purgeUntil(orgtime.Stamp(now.Add(-binLife)), 0)
	if len(l.aging) > l.rules.MostBinned && l.aging[0].deletedAt <= orgtime.Stamp(now.Add(-fullBinLife)) {
		l.aging = slices.DeleteFunc(l.aging, func(b binned) bool { return !l.stillBinned(b) })
		l.purgeUntil(orgtime.Stamp(now.Add(-fullBinLife)), l.rules.MostBinned)
	}
}

// stillBinned tells whether a record is in the bin since then.
func (l *Ledger) stillBinned(b binned) bool {
	at := l.newEdit().row(b.obj, b.place)
	return at.Deleted() && !at.Record.Purged && at.Record.DeletedAt == b.deletedAt
}

// purgeUntil purges what has been in the bin since a moment or longer, the oldest
// first, as long as it holds more records than that.
func (l *Ledger) purgeUntil(moment string, room int) {
	if len(l.aging) <= room || l.aging[0].deletedAt > moment {
		return
	}
	e := l.newEdit()
	for len(l.aging) > room && l.aging[0].deletedAt <= moment {
		old := l.aging[0]
		at := e.row(old.obj, old.place)
		binned := at.Deleted() && !at.Record.Purged && at.Record.DeletedAt == old.deletedAt
		if binned && e.Try(func(e *Edit) error { return e.purge(at) }) != nil {
			break // a transaction is at it: later, then
		}
		l.aging = l.aging[1:]
	}
	e.commit()
}
