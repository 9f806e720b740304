// Package storage is how much of an org's storage its records and files take, as
// Salesforce reckons it: computed now and then, not at every change.
package storage

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/store"
)

// Meter knows how much was taken when it looked last.
type Meter struct {
	store *store.Store
	clock *orgtime.Clock
	every time.Duration // how old what it knows may become

	mu          sync.Mutex
	looked      time.Time
	data, files int64 // bytes
}

// New makes a Meter that hasn't looked yet.
func New(s *store.Store, clock *orgtime.Clock, every time.Duration) *Meter {
	return &Meter{store: s, clock: clock, every: every}
}

// Look looks where what is known is too old: before somebody changes records, so
// that the change shows a while later, and when somebody asks.
func (m *Meter) Look() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.clock.Now()
	if !m.looked.IsZero() && now.Sub(m.looked) < m.every {
		return
	}
	m.looked, m.data, m.files = now, 0, 0
	snap := m.store.Now()
	for _, obj := range snap.Catalog.Objects {
		m.data += dataOf(snap, obj)
		m.files += filesOf(snap, obj)
	}
}

// Taken tells how many megabytes of data and of files are taken.
func (m *Meter) Taken() (data, files int) {
	m.Look()
	m.mu.Lock()
	defer m.mu.Unlock()
	return int(m.data >> 20), int(m.files >> 20)
}

// usualRecord is what most records take, in bytes (help article 000193871).
const usualRecord = 2 << 10

// recordBytes are what a record of an object takes; 0 where it isn't counted. The
// article lists the standard objects that are; of custom ones all are but settings,
// events and big objects.
func recordBytes(object string) int64 {
	switch object {
	case "Campaign":
		return 8 << 10
	case "CampaignMember":
		return 1 << 10
	case "Account", "Asset", "Case", "CaseTeam", "Contact", "Contract", "Event", "Idea", "Lead", "Note", "Opportunity",
		"Order", "Solution", "Task":
		return usualRecord
	}
	switch {
	case strings.HasSuffix(object, "__kav"):
		return 4 << 10
	case strings.HasSuffix(object, "__c"):
		return usualRecord
	}
	return 0
}

// dataOf is what the records of an object take that aren't in the recycle bin.
// An email takes what it says.
func dataOf(snap store.Snapshot, obj *store.Object) int64 {
	if obj.Name() == "EmailMessage" {
		return sum(snap, obj, func(r *store.Row) int64 {
			return int64(len(r.Text(obj.Slot("TextBody"))) + len(r.Text(obj.Slot("HtmlBody"))))
		})
	}
	each := recordBytes(obj.Name())
	if each == 0 {
		return 0
	}
	return each * int64(live(snap, obj))
}

// live counts the records of an object that aren't in the recycle bin.
func live(snap store.Snapshot, obj *store.Object) int {
	born := obj.Base.Count()
	n := born
	at := snap.Row(obj)
	for _, place := range snap.Changed(obj) {
		at.Move(place)
		alive := !at.Gone() && !at.Deleted()
		switch {
		case place < born && !alive:
			n--
		case place >= born && alive:
			n++
		}
	}
	return n
}

// filesOf is what the bodies of an object take that aren't in the recycle bin: every
// version counts.
func filesOf(snap store.Snapshot, obj *store.Object) int64 {
	size := ""
	switch obj.Name() {
	case "ContentVersion":
		size = "ContentSize"
	case "Attachment", "Document":
		size = "BodyLength"
	}
	at := obj.Slot(size)
	if at < 0 {
		return 0
	}
	return sum(snap, obj, func(r *store.Row) int64 {
		n, _ := strconv.ParseInt(r.Text(at), 10, 64) // one without a body has no size
		return n
	})
}

// sum adds up what the records of an object take that aren't in the recycle bin.
func sum(snap store.Snapshot, obj *store.Object, of func(*store.Row) int64) int64 {
	var all int64
	count := func(r *store.Row) bool {
		if !r.Deleted() {
			all += of(r)
		}
		return true
	}
	_ = snap.Scan(context.Background(), obj, 0, snap.Size(obj), count) // nobody cuts it off
	return all
}
