package removal

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal/journal"
	"catchment/internal/archive/restored"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// An entry is a record of a batch.
type entry struct {
	line   archived.Line
	record manifest.Record
	bodies []archive.Body
	ruling ruling
	with   *entry // the one that takes it along; nil for what is posted itself
}

// end writes the ruling into the line. One that has its end already keeps it.
func (e *entry) end(now time.Time) {
	if !e.line.State.Ended() {
		e.line.State, e.line.Reason, e.line.EndedAt = e.ruling.state, e.ruling.reason, now
	}
}

// A batch is some records of one object and level, from their last proof among the living to
// their proof from the bin, with what goes along and can't be deleted by itself. All of them
// come to an end before it is settled.
type batch struct {
	*run
	object  string
	level   int
	number  int64
	begun   time.Time           // by the org's clock
	binned  map[string]bool     // what hung on its records in the bin before it, and isn't of the plan
	entries []*entry            // that are posted, in order of their Ids
	byID    map[string]*entry   // the same
	escort  []*entry            // that go along
	takesID map[string]bool     // the same by their Ids; nil until somebody asks
	held    map[string]*holding // by object
	job     string
	backs   []journal.Back // what has to come back

	force    bool
	ended    int64
	deferred int64
}

func (r *run) batchOf(p portion, entries []*entry) *batch {
	slices.SortFunc(entries, func(a, b *entry) int { return strings.Compare(a.line.ID, b.line.ID) })
	b := &batch{run: r, object: p.object, level: p.level, entries: entries, byID: map[string]*entry{},
		binned: map[string]bool{}, held: map[string]*holding{}}
	for _, e := range entries {
		b.byID[e.line.ID] = e
	}
	return b
}

// carryOut is the life of a batch.
func (b *batch) carryOut(ctx context.Context) error {
	for _, bound := range []func(context.Context) error{b.unexpired, b.spare, b.room, b.escorted} {
		if err := bound(ctx); err != nil {
			return err
		}
	}
	return b.holdAll(ctx, func() error {
		if err := (&exam{b, true}).examine(ctx, b.entries); err != nil {
			return err
		}
		if err := b.dropEnded(ctx); err != nil || len(b.entries) == 0 {
			return err
		}
		if err := b.begin(ctx); err != nil {
			return err
		}
		return b.keeping(ctx, b.holdings(), func(ctx context.Context) error {
			return (&posting{b}).carryOut(ctx, cmp.Or(b.ByJob, bulkFrom))
		})
	})
}

// holdAll holds the flows of all objects of a batch, and does something.
func (b *batch) holdAll(ctx context.Context, do func() error) error {
	for _, e := range b.everyone() {
		if b.held[e.record.Object] == nil {
			return b.holding(ctx, e.record.Object, func(h *holding) error {
				b.held[e.record.Object] = h
				return b.holdAll(ctx, do)
			})
		}
	}
	return do()
}

func (b *batch) holdings() (all []*holding) {
	for _, h := range b.held {
		all = append(all, h)
	}
	return all
}

// everyone are the records of a batch: those that are posted, and those that go along.
func (b *batch) everyone() []*entry { return append(slices.Clone(b.entries), b.escort...) }

// all are the records of a batch, by object.
func (b *batch) all() map[string][]*entry {
	by := map[string][]*entry{}
	for _, e := range b.everyone() {
		by[e.record.Object] = append(by[e.record.Object], e)
	}
	return by
}

// with are the posted entries of a fate.
func (b *batch) with(f fate) (some []*entry) {
	for _, e := range b.entries {
		if e.ruling.fate == f {
			some = append(some, e)
		}
	}
	return some
}

func idsOf(entries []*entry) []string {
	ids := make([]string, len(entries))
	for i, e := range entries {
		ids[i] = e.record.ID
	}
	return ids
}

// dropEnded writes the ends of records that won't be posted, and goes on without them.
func (b *batch) dropEnded(ctx context.Context) error {
	now, err := b.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	var lines []archived.Line
	for _, e := range b.with(fateEnded) {
		e.end(now)
		lines = append(lines, e.line)
	}
	b.deferred = int64(len(b.with(fateDeferred)))
	b.entries = b.with(fateOpen)
	b.byID = map[string]*entry{}
	for _, e := range b.entries {
		b.byID[e.record.ID] = e
	}
	b.escort = slices.DeleteFunc(b.escort, func(e *entry) bool { return b.byID[e.with.record.ID] == nil })
	if len(lines) == 0 {
		return nil
	}
	b.ended += int64(len(lines))
	b.tell(News{Object: b.object, Level: b.level, Kept: int64(len(lines))})
	return b.ledger.Write(ctx, b.held[b.object].lease.Fence(), lines)
}

// begin writes that the records are about to be deleted: into the journal, the ledger and the
// evidence, in this order. Nothing was sent where one of them lacks it.
func (b *batch) begin(ctx context.Context) (err error) {
	if b.begun, err = b.Org.ServerTime(ctx); err != nil {
		return err
	}
	b.number = b.last + 1
	note := journal.Batch{Number: b.number, Object: b.object, Level: b.level, Records: int64(len(b.entries)),
		Begun: b.begun}
	for id := range b.binned {
		note.Binned = append(note.Binned, id)
	}
	slices.Sort(note.Binned)
	if err := b.journal.Begin(ctx, note); err != nil {
		return err
	}
	if b.last = b.number; b.first.IsZero() {
		b.first = b.begun
		if err := b.Sleep(ctx, time.Second); err != nil { // so that ours can tell what comes of it
			return err
		}
	}
	if err := b.say(ctx, archived.Posted, b.number); err != nil {
		return err
	}
	var lines []evidence.Line
	for _, e := range b.everyone() {
		lines = append(lines, evidence.Of(e.line, e.bodies, ""))
	}
	if err := b.book.Intend(ctx, b.number, lines); err != nil {
		return err
	}
	return b.sends(ctx)
}

// say writes how far the records of the batch are into the ledger, object by object.
func (b *batch) say(ctx context.Context, state archived.State, number int64) error {
	all := b.all()
	for _, object := range slices.Sorted(maps.Keys(all)) {
		var lines []archived.Line
		for _, e := range all[object] {
			e.line.State, e.line.Batch = state, number
			lines = append(lines, e.line)
		}
		if err := b.ledger.Write(ctx, b.held[object].lease.Fence(), lines); err != nil {
			return err
		}
	}
	return nil
}

// sends leaves word, before the first request, of what is about to be deleted: a warehouse that comes back from a
// backup is asked by it.
func (b *batch) sends(ctx context.Context) error {
	watch := restored.Watch{Store: b.Store, Warehouse: b.Warehouse}
	for _, object := range slices.Sorted(maps.Keys(b.all())) {
		if err := watch.Sent(ctx, object, b.paper.name, b.number); err != nil {
			return err
		}
	}
	return nil
}

// settle writes what became of the batch: into the ledger together with the marks of the rows,
// then into the evidence.
func (b *batch) settle(ctx context.Context) error {
	now, err := b.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	all := b.all()
	for _, object := range slices.Sorted(maps.Keys(all)) {
		entries := all[object]
		news := News{Object: object, Level: entries[0].record.Level}
		var lines []archived.Line
		for _, e := range entries {
			if e.ruling.fate != fateEnded {
				return plan.Failf(plan.Bug, "", "a batch of %s is settled before its end", b.object)
			}
			e.end(now)
			lines = append(lines, e.line)
			if e.line.State == archived.Deleted {
				news.Deleted++
			} else {
				news.Kept++
			}
		}
		held := b.held[object]
		if err := b.ledger.Settle(ctx, held.lease.Fence(), held.src.Table, lines); err != nil {
			return err
		}
		b.ended += int64(len(lines))
		b.tell(news)
	}
	return b.settleBook(ctx)
}

// settleBook writes what became of the batch into the evidence.
func (b *batch) settleBook(ctx context.Context) error {
	var said []evidence.Line
	for _, e := range b.everyone() {
		said = append(said, evidence.Of(e.line, e.bodies, b.job))
	}
	for _, o := range b.backs {
		if !o.Own {
			said = append(said, evidence.Line{Object: o.Object, ID: o.ID, Outside: true, Level: b.level, Job: b.job,
				Reason: o.Reason})
		}
	}
	return b.book.Settle(ctx, b.number, said)
}
