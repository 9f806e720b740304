package evidence_test

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/warehouse/archived"
)

// keys are the sheets.
func (s *scene) keys() []string {
	s.Helper()
	var all []string
	for info, err := range s.store.List(s.Context(), manifest.Folder(s.plan)+"evidence/") {
		s.must(err)
		all = append(all, info.Key)
	}
	return all
}

func (s *scene) text(key string) []byte {
	s.Helper()
	in, err := s.store.Open(s.Context(), key)
	s.must(err)
	text, err := io.ReadAll(in)
	s.must(errors.Join(err, in.Close()))
	return text
}

// replace changes a blob behind everybody's back.
func (s *scene) replace(key string, text []byte) {
	s.Helper()
	s.must(s.store.Delete(s.Context(), key))
	_, err := s.store.Put(s.Context(), key, bytes.NewReader(text))
	s.must(err)
}

// broken is what Check says, which has to be that something was changed, and where.
func (s *scene) broken() (*evidence.Broken, error) {
	_, err := evidence.Check(s.Context(), s.store, s.plan)
	var broken *evidence.Broken
	errors.As(err, &broken)
	return broken, err
}

var flipsEvery = flag.Int("flips.every", 5, "flip every n-th byte of evidence; 1 is exhaustive")

// One bit flipped in any byte of a sheet is found, and named by its sheet. A flip in the last
// line may also show in the sheet behind.
func TestCheckFindsEveryFlip(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	flips := 0
	for _, key := range s.keys() {
		text := s.text(key)
		for i := range text {
			if i%*flipsEvery != 0 {
				continue
			}
			flips++
			changed := slices.Clone(text)
			changed[i] ^= 1
			s.replace(key, changed)
			broken, err := s.broken()
			if broken == nil || broken.Key < key {
				t.Fatalf("%s, byte %d: %v", key, i, err)
			}
		}
		s.replace(key, text)
	}
	s.check()
	t.Logf("%d flips", flips)
}

// A sheet that is gone, cut or put in the place of another one is found, and a line that is
// gone, doubled or moved.
func TestCheckFindsWhatIsGone(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	keys := s.keys()
	for i, key := range keys {
		text := s.text(key)
		at := bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		join := func(lines ...[]byte) []byte { return bytes.Join(lines, nil) }
		tries := map[string][]byte{
			"its end is cut":     text[:len(text)-1],
			"half is cut":        text[:len(text)/2],
			"its seal is gone":   join(at[:len(at)-1]...),
			"a line is gone":     join(append(slices.Clone(at[:1]), at[2:]...)...),
			"a line is doubled":  join(append(slices.Clone(at[:2]), at[1:]...)...),
			"it is empty":        nil,
			"something is added": append(slices.Clone(text), at[1]...),
			"it is another one":  s.text(keys[(i+1)%len(keys)]),
		}
		for what, changed := range tries {
			s.replace(key, changed)
			if broken, err := s.broken(); broken == nil {
				t.Errorf("%s: %s: %v", key, what, err)
			}
		}
		s.must(s.store.Delete(t.Context(), key))
		if broken, err := s.broken(); broken == nil && i < len(keys)-1 {
			t.Errorf("%s is gone: %v", key, err)
		}
		if _, err := evidence.Open(t.Context(), s.store, s.plan); err == nil && i < len(keys)-1 {
			t.Errorf("%s is gone, and evidence goes on", key)
		}
		s.replace(key, text)
	}
	s.check()
}

// Without its last sheets evidence looks as if the plan were on its way: the ledger knows better.
func TestTheLedgerKnowsTheEnd(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	for _, key := range slices.Backward(s.keys()[3:]) {
		s.must(s.store.Delete(t.Context(), key))
	}
	got := s.check()
	if got.Finished {
		t.Error("it has no end, and is finished")
	}
	if err := got.Against([]archived.Count{{Object: "Case", State: archived.Deleted, Records: 7}}); err == nil {
		t.Error("the ledger says that 7 were deleted, the evidence 4, and they agree")
	}
}

// The plan has to be the one that was carried out, whole and to its last record.
func TestCheckReadsThePlan(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	key := manifest.Key(s.plan)
	text := s.text(key)
	for what, changed := range map[string][]byte{
		"a record is another one": bytes.Replace(text, []byte(caseID(3)), []byte(caseID(33)), 1),
		"its end is cut":          text[:len(text)/2],
		"it is empty":             nil,
	} {
		s.replace(key, changed)
		if broken, err := s.broken(); broken == nil || broken.Key != key {
			t.Errorf("%s: %v", what, err)
		}
	}
	s.must(s.store.Delete(t.Context(), key))
	if broken, err := s.broken(); broken == nil || broken.Key != key {
		t.Errorf("it is gone: %v", err)
	}
}

// twice are lines of which the last stands there twice.
func twice(outcome archived.State, from, to int) []evidence.Line {
	return append(lines(outcome, from, to), lines(outcome, to-1, to)...)
}

// The certificate beside the evidence is the one that the evidence names.
func TestCheckReadsTheCertificate(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	w := s.open()
	steps := s.steps()
	for _, step := range steps[:len(steps)-1] {
		s.must(step(t.Context(), w))
	}
	digest, err := evidence.Certify(t.Context(), s.store, s.plan, []byte(`{"type":"certificate"}`))
	s.must(err)
	again, err := evidence.Certify(t.Context(), s.store, s.plan, []byte(`{"type":"another"}`))
	s.must(err)
	if again != digest {
		t.Error("the second certificate took the place of the first")
	}
	s.must(w.Finish(t.Context(), evidence.End{Certificate: digest, Counts: wanted()}))
	s.check()
	key := manifest.Folder(s.plan) + "certificate.json"
	s.replace(key, []byte(`{"type":"certificatf"}`))
	if broken, err := s.broken(); broken == nil || broken.Key != key {
		t.Errorf("it was changed: %v", err)
	}
	s.must(s.store.Delete(t.Context(), key))
	if broken, err := s.broken(); broken == nil || broken.Key != key {
		t.Errorf("it is gone: %v", err)
	}
}

// Evidence that is whole and tells of too few, too many or other records doesn't agree with its
// plan.
func TestCheckCountsRecords(t *testing.T) {
	t.Parallel()
	for what, told := range map[string]struct {
		intent, settled []evidence.Line
		says            string
	}{
		"one less":          {lines("", 0, 2), lines(archived.Deleted, 0, 2), "tells of 2"},
		"one more":          {lines("", 0, 4), lines(archived.Deleted, 0, 4), "tells of 4"},
		"another one":       {lines("", 1, 4), lines(archived.Deleted, 1, 4), "other records"},
		"one twice":         {twice("", 0, 2), twice(archived.Deleted, 0, 2), "other records"},
		"not what it meant": {lines("", 0, 3), lines(archived.Deleted, 1, 4), "other records than its intent"},
	} {
		s := newScene(t, 3)
		w := s.open()
		s.must(w.Begin(t.Context(), s.head()))
		s.must(w.Intend(t.Context(), 1, told.intent))
		s.must(w.Settle(t.Context(), 1, told.settled))
		s.must(w.Finish(t.Context(), evidence.End{Counts: []evidence.Count{
			{Object: "Case", Outcome: archived.Deleted, Records: int64(len(told.settled))}}}))
		if broken, err := s.broken(); broken == nil || !strings.Contains(err.Error(), told.says) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// What is erased is found nowhere any more, and the chain, the counts and the plan's digest
// still hold; also where an erasure was stopped half-way, and what was changed afterwards is
// found as before.
func TestErasedRecordsLeaveTheChainWhole(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	before := s.check()
	old := s.text(s.keys()[1])
	note := manifest.Folder(s.plan) + "batches/000001-begun.json"
	_, err := s.store.Put(t.Context(), note, strings.NewReader(`{"binned":["`+caseID(1)+`","`+caseID(2)+`"]}`))
	s.must(err)
	r := evidence.Redactor{Store: s.store}
	for range 2 { // it may be repeated
		s.must(r.Redact(t.Context(), []string{caseID(1), caseID(9), "500000000077AAA"}))
	}
	for _, key := range append(s.keys(), manifest.Key(s.plan), note) {
		if text := string(s.text(key)); strings.Contains(text, caseID(1)) || strings.Contains(text, caseID(9)) {
			t.Errorf("%s still has it:\n%s", key, text)
		}
	}
	got := s.check()
	if got.Erased != 5 || got.Link != before.Link || fmt.Sprint(got.Counts) != fmt.Sprint(before.Counts) {
		t.Errorf("%+v, and before %+v", got, before)
	}
	if text := string(s.text(note)); text != `{"binned":["000000000000000AAA","`+caseID(2)+`"]}` {
		t.Errorf("a note is %s", text)
	}
	_, err = s.store.Put(t.Context(), manifest.Folder(s.plan)+"evidence/000002-intent-1.jsonl", bytes.NewReader(old))
	s.must(err)
	if got := s.check(); len(got.Stopped) != 1 {
		t.Errorf("the old sheet is there again: %v", got.Stopped)
	}
	s.must(r.Redact(t.Context(), []string{caseID(1)}))
	if got := s.check(); len(got.Stopped) != 0 || len(s.keys()) != 7 {
		t.Errorf("%v, %v", got.Stopped, s.keys())
	}

	key := s.keys()[1]
	text := s.text(key)
	s.replace(key, bytes.Replace(text, []byte(`"erased":"`), []byte(`"erased":"0`), 1))
	if broken, err := s.broken(); broken == nil {
		t.Errorf("what an erased line left was changed: %v", err)
	}
	s.replace(key, text)
	s.must(s.open().Settle(t.Context(), 1, lines(archived.Deleted, 0, 4)))
}

// A mortalStore dies at one of its calls.
type mortalStore struct {
	blob.Store
	calls, dieAt int
}

func (m *mortalStore) dead() bool {
	m.calls++
	return m.calls == m.dieAt
}

func (m *mortalStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if m.dead() {
		return blob.Info{}, errDead
	}
	return m.Store.Put(ctx, key, r)
}

func (m *mortalStore) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if m.dead() {
		return nil, errDead
	}
	return m.Store.Open(ctx, key)
}

func (m *mortalStore) Delete(ctx context.Context, key string) error {
	if m.dead() {
		return errDead
	}
	return m.Store.Delete(ctx, key)
}

// Killed at any call and repeated, an erasure leaves the chain whole, and nothing of whom it
// was to forget.
func TestAnErasureGoesOnAfterACrash(t *testing.T) {
	t.Parallel()
	died := 0
	for dieAt := 1; ; dieAt++ {
		s := newScene(t, 10)
		s.whole()
		note := manifest.Folder(s.plan) + "batches/000001-begun.json"
		s.store[note] = []byte(`{"binned":["` + caseID(1) + `"]}`)
		ids := []string{caseID(1), caseID(5), caseID(9)}
		err := evidence.Redactor{Store: &mortalStore{Store: s.store, dieAt: dieAt}}.Redact(t.Context(), ids)
		if err == nil {
			break
		}
		died++
		s.must(evidence.Redactor{Store: s.store}.Redact(t.Context(), ids))
		if got := s.check(); !got.Finished || got.Erased != 8 || len(got.Stopped) != 0 || len(s.keys()) != 7 {
			t.Errorf("dead at call %d: %+v", dieAt, got)
		}
		for key, text := range s.store {
			for _, id := range ids {
				if strings.Contains(string(text), id) {
					t.Errorf("dead at call %d: %s has %s", dieAt, key, id)
				}
			}
		}
	}
	if died < 30 {
		t.Errorf("it died at %d calls only", died)
	}
}
