package evidence

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A Writer writes the evidence of one plan, sheet by sheet. One process at a time has one;
// it sees when another writes, and stops. Whatever it does may be repeated after a crash with
// the same batch or part: what is written stays, and a repeat that says something else of a
// record fails.
type Writer struct {
	store blob.Store
	plan  string
	last  sheet // the zero sheet before the first
	at    link
	done  map[step]sheet
	head  Head
}

// A step is what a sheet is written for.
type step struct {
	kind kind
	part int64
}

// Open takes up the evidence of a plan where it ends, or begins it.
func Open(ctx context.Context, store blob.Store, plan string) (*Writer, error) {
	w := &Writer{store: store, plan: plan, done: map[step]sheet{}}
	for p, err := range sheets(ctx, store, plan) {
		if err != nil {
			return nil, spoiled(err)
		}
		w.last = p.sheet
		w.done[step{p.kind, p.part}] = p.sheet
	}
	if w.last.number == 0 {
		return w, nil
	}
	var err error
	if w.at, err = (&walk{plan: plan, sheet: w.last, free: true}).read(ctx, store); err != nil {
		return nil, spoiled(err)
	}
	if w.head, err = readHead(ctx, store, plan, w.done[step{kindHead, 0}]); err != nil {
		return nil, spoiled(err)
	}
	return w, nil
}

// spoiled is the error of evidence that nobody should go on with.
func spoiled(err error) error {
	var broken *Broken
	if !errors.As(err, &broken) {
		return err
	}
	return plan.Failf(plan.Fix, "the evidence was changed by something else: nothing more is deleted by this plan; "+
		"put its folder back from a copy, or plan anew", "evidence: %w", err)
}

// readHead reads the head out of the first sheet.
func readHead(ctx context.Context, store blob.Store, plan string, first sheet) (head Head, err error) {
	_, err = (&walk{plan: plan, sheet: first, each: func(_ frame, s said) error {
		if s.Head != nil {
			head = *s.Head
		}
		return nil
	}}).read(ctx, store)
	return head, err
}

// Begin writes the head, once: a repeat has to be of the same plan, and what else it says
// doesn't count.
func (w *Writer) Begin(ctx context.Context, head Head) error {
	head.Format, head.Plan = Format, w.plan
	if _, done := w.done[step{kindHead, 0}]; done {
		if head.SHA256 != w.head.SHA256 || head.Org != w.head.Org {
			return plan.Fixf("plan anew: what was approved isn't what stands there now",
				"the evidence of %s is of another plan", w.plan)
		}
		return nil
	}
	if w.last.number > 0 {
		return spoiled(&Broken{Key: w.last.key, What: "it has no head before it"})
	}
	return w.put(ctx, step{kindHead, 0}, &said{Type: typeHead, Head: &head}, nil)
}

// Head is what Begin wrote, by this process or another one.
func (w *Writer) Head() Head { return w.head }

// Intend writes that records are about to be deleted. Nothing is posted before it returns.
func (w *Writer) Intend(ctx context.Context, batch int64, lines []Line) error {
	return w.records(ctx, step{kindIntent, batch}, lines)
}

// Settle writes what became of a batch: a line for each record of its intent, and for what
// else it took along.
func (w *Writer) Settle(ctx context.Context, batch int64, lines []Line) error {
	if !w.Intended(batch) {
		return fmt.Errorf("evidence: batch %d is settled, and was never intended", batch)
	}
	return w.records(ctx, step{kindSettled, batch}, lines)
}

// Keep writes of records that ended without a delete. Parts count from 1, and the same part
// has to have the same records in a repeat.
func (w *Writer) Keep(ctx context.Context, part int64, lines []Line) error {
	return w.records(ctx, step{kindKept, part}, lines)
}

// Finish writes what the plan came to, once; nothing follows it but what comes back later.
func (w *Writer) Finish(ctx context.Context, end End) error {
	if w.Finished() {
		return nil
	}
	return w.put(ctx, step{kindEnd, 0}, &said{Type: typeTotal, Total: &end}, nil)
}

// Intended, Settled and Kept tell whether a sheet is written; Finished whether the last is.
func (w *Writer) Intended(batch int64) bool { return w.has(kindIntent, batch) }

// Settled tells whether it is written what became of a batch.
func (w *Writer) Settled(batch int64) bool { return w.has(kindSettled, batch) }

// Kept tells whether a part of the records that ended without a delete is written.
func (w *Writer) Kept(part int64) bool { return w.has(kindKept, part) }

// Finished tells whether nothing follows any more.
func (w *Writer) Finished() bool { return w.has(kindEnd, 0) }

func (w *Writer) has(k kind, part int64) bool {
	_, ok := w.done[step{k, part}]
	return ok
}

// records writes a sheet of records, or holds a repeat against what was written.
func (w *Writer) records(ctx context.Context, s step, lines []Line) error {
	if s.part < 1 {
		return fmt.Errorf("evidence: %s %d: batches and parts count from 1", s.kind, s.part)
	}
	if was, done := w.done[s]; done {
		return w.agree(ctx, was, lines)
	}
	if w.last.number == 0 {
		return fmt.Errorf("evidence: %s %d before its head", s.kind, s.part)
	}
	entries, err := entriesOf(lines, s.kind == kindIntent)
	if err != nil {
		return err
	}
	return w.put(ctx, s, nil, entries)
}

// An entry is the two parts of a line about a record.
type entry struct {
	said  said
	about *about
}

// entriesOf are those of some records.
func entriesOf(lines []Line, intent bool) ([]entry, error) {
	entries := make([]entry, len(lines))
	for i, l := range lines {
		s, what, err := l.parts(intent)
		if err != nil {
			return nil, err
		}
		entries[i] = entry{s, what}
	}
	return entries, nil
}

// put writes the next sheet.
func (w *Writer) put(ctx context.Context, s step, one *said, lines []entry) error {
	if w.Finished() && s.kind != kindReturned || w.last.number == mostSheets {
		return fmt.Errorf("evidence: %s %d after its end", s.kind, s.part)
	}
	next := sheet{number: w.last.number + 1, kind: s.kind, part: s.part}
	next.key = keyOf(w.plan, next)
	text, at, err := w.compose(next, one, lines)
	if err != nil {
		return err
	}
	_, err = w.store.Put(ctx, next.key, bytes.NewReader(text))
	if errors.Is(err, blob.ErrExists) {
		err = w.ours(ctx, next.key, text)
	}
	if err != nil {
		return fmt.Errorf("write evidence: %w", err)
	}
	w.last, w.at, w.done[s] = next, at, next
	if one != nil && one.Head != nil {
		w.head = *one.Head
	}
	return nil
}

// ours tells whether a sheet is the one that this Writer has just written: the answer to that
// was lost, and the store asked again.
func (w *Writer) ours(ctx context.Context, key string, text []byte) error {
	in, err := w.store.Open(ctx, key)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }() // what was read is compared
	there, err := io.ReadAll(io.LimitReader(in, int64(len(text))+1))
	if err != nil {
		return err
	}
	if !bytes.Equal(there, text) {
		return plan.Failf(plan.Wait, "wait until the other process is done",
			"another process writes evidence of %s, too", w.plan)
	}
	return nil
}

// compose makes the text of a sheet, and the link after it.
func (w *Writer) compose(next sheet, one *said, lines []entry) ([]byte, link, error) {
	var text bytes.Buffer
	at := w.at
	add := func(s said, what *about) error {
		line, after, err := framed(at, s, what)
		at = after
		text.Write(append(line, '\n'))
		return err
	}
	err := add(said{Type: typeSheet, Plan: w.plan, Number: next.number, Kind: next.kind, Part: next.part}, nil)
	if one != nil {
		err = errors.Join(err, add(*one, nil))
	}
	for _, l := range lines {
		err = errors.Join(err, add(l.said, l.about))
	}
	err = errors.Join(err, add(said{Type: typeSeal, Lines: int64(len(lines))}, nil))
	return text.Bytes(), at, err
}

// agree holds the lines of a repeat against those of a sheet. Times may be others: the first
// ones count.
func (w *Writer) agree(ctx context.Context, was sheet, lines []Line) error {
	outcomes := map[string]string{}
	for _, l := range lines {
		s, _, err := l.parts(was.kind == kindIntent)
		if err != nil {
			return err
		}
		outcomes[l.ID] = string(s.Type) + " " + s.As
	}
	erased := int64(0)
	agrees := func(f frame, s said) error {
		if f.Erased != "" {
			erased++
			return nil
		}
		what, err := f.record()
		if err != nil {
			return err
		}
		if outcomes[what.ID] != string(s.Type)+" "+s.As {
			return fmt.Errorf("it tells otherwise of %s %s than what is to be written now", s.Object, what.ID)
		}
		delete(outcomes, what.ID)
		return nil
	}
	_, err := (&walk{plan: w.plan, sheet: was, free: true, each: agrees}).read(ctx, w.store)
	if err == nil && int64(len(outcomes)) > erased {
		err = fmt.Errorf("%s lacks %d records of what is to be written now", was.key, int64(len(outcomes))-erased)
	}
	return spoiled(err)
}
