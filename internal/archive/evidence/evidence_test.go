package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/warehouse/archived"
)

// madeAt is when everything happened.
var madeAt = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A scene is a store with a plan of so many Cases, and the evidence of it.
type scene struct {
	*testing.T
	store  memory
	plan   string
	digest string
}

func newScene(t *testing.T, cases int) *scene {
	t.Helper()
	store := memory{}
	head := manifest.Head{Type: manifest.TypeHead, Format: manifest.Format, Org: "00D000000000001AAA",
		Author: "ann", MadeAt: madeAt, Policy: manifest.Policy{Name: "old-cases", Root: "Case"}}
	var text bytes.Buffer
	w := manifest.NewWriter(&text)
	put := func(line any) {
		if err := w.Put(line); err != nil {
			t.Fatal(err)
		}
	}
	put(head)
	for i := range cases {
		put(manifest.Record{Type: manifest.TypeRecord, Object: "Case", ID: caseID(i), Fate: manifest.In})
	}
	put(manifest.End{Type: manifest.TypeEnd, In: int64(cases)})
	digest, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{T: t, store: store, plan: manifest.Name(head, digest), digest: digest}
	if _, err := store.Put(t.Context(), manifest.Key(s.plan), &text); err != nil {
		t.Fatal(err)
	}
	return s
}

func caseID(i int) string { return fmt.Sprintf("500%012dAAA", i) }

// lines are those of some Cases, which ended as told; "" for an intent.
func lines(outcome archived.State, from, to int) []evidence.Line {
	var all []evidence.Line
	for i := from; i < to; i++ {
		l := archived.Line{Object: "Case", ID: caseID(i), State: outcome, Stamp: madeAt,
			Digest: strings.Repeat("ab", 32), ProvenAt: madeAt, EndedAt: madeAt.Add(time.Hour)}
		all = append(all, evidence.Of(l, []archive.Body{{SHA256: strings.Repeat("cd", 32), Size: 5}}, "750xx"))
	}
	return all
}

func (s *scene) open() *evidence.Writer {
	s.Helper()
	w, err := evidence.Open(s.Context(), s.store, s.plan)
	s.must(err)
	return w
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) head() evidence.Head {
	return evidence.Head{SHA256: s.digest, Org: "00D000000000001AAA", Author: "ann", At: madeAt,
		Approvals: []archive.Approval{{By: "ann", At: madeAt}}}
}

// The steps of a plan of ten Cases: two batches of four, of which one record is kept, and two
// that ended without a delete.
func (s *scene) steps() []func(context.Context, *evidence.Writer) error {
	return []func(context.Context, *evidence.Writer) error{
		func(ctx context.Context, w *evidence.Writer) error { return w.Begin(ctx, s.head()) },
		func(ctx context.Context, w *evidence.Writer) error { return w.Intend(ctx, 1, lines("", 0, 4)) },
		func(ctx context.Context, w *evidence.Writer) error {
			return w.Settle(ctx, 1, lines(archived.Deleted, 0, 4))
		},
		func(ctx context.Context, w *evidence.Writer) error { return w.Intend(ctx, 2, lines("", 4, 8)) },
		func(ctx context.Context, w *evidence.Writer) error {
			back := lines(archived.Changed, 99, 100)
			back[0].Outside = true
			settled := append(lines(archived.Deleted, 4, 7), lines(archived.Changed, 7, 8)...)
			return w.Settle(ctx, 2, append(settled, back...))
		},
		func(ctx context.Context, w *evidence.Writer) error {
			return w.Keep(ctx, 1, lines(archived.Held, 8, 10))
		},
		func(ctx context.Context, w *evidence.Writer) error {
			return w.Finish(ctx, evidence.End{At: madeAt, Counts: wanted()})
		},
	}
}

func wanted() []evidence.Count {
	return []evidence.Count{
		{Object: "Case", Outcome: archived.Changed, Records: 1},
		{Object: "Case", Outcome: archived.Deleted, Records: 7},
		{Object: "Case", Outcome: archived.Held, Records: 2},
	}
}

// whole writes all steps.
func (s *scene) whole() {
	s.Helper()
	w := s.open()
	for _, step := range s.steps() {
		s.must(step(s.Context(), w))
	}
}

func (s *scene) check() evidence.Account {
	s.Helper()
	got, err := evidence.Check(s.Context(), s.store, s.plan)
	s.must(err)
	return got
}

func TestEvidenceSaysWhatHappened(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	got := s.check()
	if !got.Finished || got.Sheets != 7 || got.Lines != 19 || got.Batches != 2 || got.Outside != 1 ||
		got.Open != 0 || fmt.Sprint(got.Counts) != fmt.Sprint(wanted()) || got.Head.Approvals[0].By != "ann" {
		t.Errorf("%+v", got)
	}
	tally := []archived.Count{{Object: "Case", State: archived.Changed, Records: 1},
		{Object: "Case", State: archived.Deleted, Records: 7}, {Object: "Case", State: archived.Held, Records: 2}}
	s.must(got.Against(tally))
	tally[1].Records++
	if err := got.Against(tally); err == nil {
		t.Error("a ledger with one more deleted record agrees")
	}
}

// A dyingStore loses what is put, or the answer to that.
type dyingStore struct {
	blob.Store
	puts, dieAt int
	late        bool // what was put arrived
}

var errDead = errors.New("the process died")

func (d *dyingStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	d.puts++
	if d.puts != d.dieAt {
		return d.Store.Put(ctx, key, r)
	}
	if d.late {
		if _, err := d.Store.Put(ctx, key, r); err != nil {
			return blob.Info{}, err
		}
	}
	return blob.Info{}, errDead
}

// Killed at any write, before or after it arrived, the evidence goes on where it ended.
func TestEvidenceGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	for dieAt := 1; dieAt <= 7; dieAt++ {
		for _, late := range []bool{false, true} {
			s := newScene(t, 10)
			died := 0
			dying := &dyingStore{Store: s.store, dieAt: dieAt, late: late}
			for at := 0; at < 7; {
				w, err := evidence.Open(t.Context(), dying, s.plan)
				s.must(err)
				for at < 7 && err == nil {
					if err = s.steps()[at](t.Context(), w); err == nil {
						at++
					}
				}
				if errors.Is(err, errDead) {
					died++
					at = max(at-1, 0) // what was done just before is done again, too
					err = nil
				}
				s.must(err)
			}
			if got := s.check(); died != 1 || !got.Finished || got.Sheets != 7 || got.Lines != 19 {
				t.Errorf("dead %d times at put %d, late %v: %+v", died, dieAt, late, got)
			}
		}
	}
}

// A lost answer to a write that the store itself repeats is no other process.
func TestEvidenceKnowsItsOwnSheet(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	w, other := s.open(), s.open()
	s.must(w.Begin(t.Context(), s.head()))
	if err := other.Begin(t.Context(), s.head()); err != nil {
		t.Errorf("the same head: %v", err) // its text is the same: nothing in it is drawn
	}
	s.must(w.Intend(t.Context(), 1, lines("", 0, 4)))
	if err := other.Intend(t.Context(), 1, lines("", 0, 4)); err == nil ||
		!strings.Contains(err.Error(), "another process") {
		t.Errorf("two processes write: %v", err)
	}
}

// What a repeat tells otherwise is refused.
func TestEvidenceRefusesAnotherStory(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	for what, err := range map[string]error{
		"another outcome": s.open().Settle(t.Context(), 1, append(lines(archived.Deleted, 0, 3),
			lines(archived.Failed, 3, 4)...)),
		"a record more": s.open().Settle(t.Context(), 1, lines(archived.Deleted, 0, 5)),
		"a record less": s.open().Settle(t.Context(), 1, lines(archived.Deleted, 0, 3)),
		"another head":  s.open().Begin(t.Context(), evidence.Head{SHA256: "x"}),
		"after the end": s.open().Intend(t.Context(), 3, lines("", 0, 1)),
		"no intent":     s.open().Settle(t.Context(), 3, lines(archived.Deleted, 0, 1)),
	} {
		if err == nil {
			t.Errorf("%s is taken", what)
		}
	}
	s.must(s.open().Settle(t.Context(), 1, lines(archived.Deleted, 0, 4)))
	if got := s.check(); got.Sheets != 7 {
		t.Errorf("%+v", got)
	}
}
