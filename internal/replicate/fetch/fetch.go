// Package fetch brings the bodies of files into the blob store, once a flow's rows are in
// its table.
//
// What waits is asked of the warehouse's register; each body costs a call. It is streamed to
// a file of this machine, summed up on the way, held against what the row says of it, and
// stored under its SHA-256; then the register gets its line, together with others. The order
// is what makes a kill harmless: a body that isn't stored is read again, one that is stored
// stands in the journal until the register has it.
//
// One bad file stops no other: it is kept aside, with its Id and a reason, and tried again
// after pauses that grow. What no file can help ends the round: a limit of the org, a full
// disk, a lost lease.
//
// When a round is made, and what it may cost, is left to replicate.
//
// Files, from the top: fetch.go, note.go, journal.go, read.go, spool.go, verdict.go. Start at Round.
package fetch

import (
	"context"
	"fmt"
	"sync"
	"time"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// A Round reads bodies of one flow, for as long as it may.
type Round struct {
	*Reader
	Register bodies.Register
	Fence    warehouse.Fence
	Query    bodies.Query
	Slots    chan struct{} // one for each body that comes down
	Take     func() bool   // asks for the call of one more body
	Ends     func() bool   // whether it is time to begin no other body
	Heard    func(Tally)   // hears how far the round is; may be nil
}

// A Tally is what became of the files of a round.
type Tally struct {
	Read    int64 `json:"read,omitzero"`     // bodies that were read and stored
	Bytes   int64 `json:"bytes,omitzero"`    // of those, and of those that were stored before
	Unsaid  int64 `json:"unsaid,omitzero"`   // those of them of which the org says no checksum: their size agrees
	Resumed int64 `json:"resumed,omitzero"`  // that an earlier process had stored
	Nothing int64 `json:"nothing,omitzero"`  // files without a body
	Aside   int64 `json:"aside,omitzero"`    // that couldn't be read
	Anew    int64 `json:"anew,omitzero"`     // bodies that were begun again from their start
	First   []Bad `json:"first,omitempty"`   // of those that couldn't be read
	InARow  int64 `json:"in_a_row,omitzero"` // that couldn't be read, and none was read since
}

// A Bad is a file whose body couldn't be read.
type Bad struct {
	ID     string `json:"id"`
	Reason string `json:"reason"`
}

// badNamed is how many such files are named.
const badNamed = 3

// Add adds what another round has found.
func (t *Tally) Add(o Tally) {
	t.Read, t.Bytes, t.Unsaid, t.Resumed = t.Read+o.Read, t.Bytes+o.Bytes, t.Unsaid+o.Unsaid, t.Resumed+o.Resumed
	t.Nothing, t.Aside, t.Anew, t.InARow = t.Nothing+o.Nothing, t.Aside+o.Aside, t.Anew+o.Anew, o.InARow
	for _, bad := range o.First {
		if len(t.First) < badNamed {
			t.First = append(t.First, bad)
		}
	}
}

// Files is how many files something became of.
func (t Tally) Files() int64 { return t.Read + t.Resumed + t.Nothing + t.Aside }

// count counts a line.
func (t *Tally) count(l bodies.Line, resumed bool) {
	switch {
	case l.State == bodies.Nothing:
		t.Nothing++
		return
	case l.State == bodies.Aside:
		t.Aside++
		t.InARow++
		if len(t.First) < badNamed {
			t.First = append(t.First, Bad{l.ID, l.Reason})
		}
		return
	case resumed:
		t.Resumed++
	default:
		t.Read++
	}
	t.Bytes += l.Size
	t.InARow = 0
	if l.Version.Checksum == "" {
		t.Unsaid++
	}
}

// inARowAtMost is how many files in a row may be kept aside. What fails that often is no
// fault of files.
const inARowAtMost = 20

// ErrHopeless says that one file after the other couldn't be read.
var ErrHopeless = plan.Failf(plan.Fix, "look at the reason, and at what the user may read: bodies of files need the "+
	"right to read the files, and Query All Files for those of others",
	"%d files in a row couldn't be read", inARowAtMost)

// The register takes so many lines at a time, or those of so long.
const (
	linesAtOnce = 500
	linesEvery  = 5 * time.Second
)

// An End is why a round has ended without an error.
type End string

// The ends of a round.
const (
	Later End = ""      // its time was up, or somebody wanted an end
	All   End = "all"   // nothing waits any more
	Spent End = "calls" // Take had no more calls
)

// Run makes the round. Whatever it fails with, what was read until then is in the register.
func (r *Round) Run(ctx context.Context) (t Tally, end End, err error) {
	notes, err := openJournal(r.Folder, r.Fields.Object)
	if err != nil {
		return t, Later, err
	}
	defer notes.Close()
	began := r.Anew()
	work := &round{Round: r, notes: notes, found: make(chan finding)}
	ctx, work.stop = context.WithCancelCause(ctx)
	defer work.stop(nil)
	go work.feed(ctx)
	err = work.collect(ctx, &t)
	t.Anew = r.Anew() - began
	switch {
	case err != nil:
	case work.all:
		end = All
	case work.spent:
		end = Spent
	}
	return t, end, err
}

// A finding is what became of one file.
type finding struct {
	line    bodies.Line
	resumed bool
	err     error
}

// A round is a Round under way.
type round struct {
	*Round
	notes *journal
	found chan finding // closed once every file that was begun has ended
	stop  context.CancelCauseFunc
	all   bool // nothing waits any more; it and spent are set before found is closed
	spent bool // Take had no more calls
}

// feed begins one file after the other, in order of their Ids, and waits for their ends.
func (w *round) feed(ctx context.Context) {
	var under sync.WaitGroup
	defer close(w.found)
	defer under.Wait()
	after := ""
	for {
		files, err := w.Register.Waiting(ctx, w.Query, after, linesAtOnce)
		if err != nil {
			w.found <- finding{err: err}
			return
		}
		if len(files) == 0 {
			w.all = !w.spent
			return
		}
		for _, f := range files {
			after = f.ID
			if l, ok := w.notes.Of(ctx, f, w.Store); ok {
				w.found <- finding{line: l, resumed: true}
				continue
			}
			if bodiless(w.Fields, f) == "" { // else it costs nothing
				w.spent = w.spent || !w.Take()
				if w.spent {
					continue
				}
			}
			if !w.begin(ctx, &under, f) {
				return
			}
		}
		w.notes.Passed(after)
		if w.spent {
			return
		}
	}
}

// begin begins a file once a slot is free, unless the round is to end.
func (w *round) begin(ctx context.Context, under *sync.WaitGroup, f bodies.File) bool {
	if w.Ends() {
		return false
	}
	select {
	case w.Slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	under.Go(func() {
		defer func() { <-w.Slots }()
		line, err := w.Read(ctx, f)
		if err == nil && line.State == bodies.Copied {
			err = w.notes.Add(line)
		}
		if err != nil {
			w.stop(err)
		}
		w.found <- finding{line: line, err: err}
	})
	return true
}

// collect writes down what the files of a round have come to. Whatever ends the round is its
// cause, and the first one counts: what it has cut short is no reason of its own.
func (w *round) collect(ctx context.Context, t *Tally) error {
	var lines []bodies.Line
	since := w.Now()
	for f := range w.found {
		if f.err != nil {
			w.stop(f.err)
			continue
		}
		lines = append(lines, f.line)
		t.count(f.line, f.resumed)
		if w.Heard != nil {
			w.Heard(*t)
		}
		if t.InARow == inARowAtMost {
			w.stop(ErrHopeless)
		}
		if len(lines) < linesAtOnce && w.Now().Sub(since) < linesEvery {
			continue
		}
		if err := w.write(ctx, lines); err != nil {
			w.stop(err)
			continue // and they are tried once more at the end
		}
		lines, since = nil, w.Now()
	}
	if err := w.write(ctx, lines); err != nil {
		w.stop(err)
	}
	return context.Cause(ctx)
}

// write puts lines into the register, also those of a round that was stopped.
func (w *round) write(ctx context.Context, lines []bodies.Line) error {
	if len(lines) == 0 {
		return nil
	}
	if err := w.Register.Write(context.WithoutCancel(ctx), w.Fence, w.Query.Fields.Object, lines); err != nil {
		return fmt.Errorf("%d bodies: %w", len(lines), err)
	}
	return w.notes.Registered(lines)
}
