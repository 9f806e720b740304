package evidence_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/warehouse/archived"
)

var (
	replay = flag.Uint64("seed", 0, "replay the tale of this seed")
	tales  = flag.Int("tales", 200, "how many tales of chance are told")
)

// A tale is the evidence of a plan of which chance decides.
type tale struct {
	*scene
	chance *rand.Rand
	cases  int
	done   int // so many Cases have an end
	batch  int64
	part   int64
	counts map[archived.State]int64
	gone   []string // Ids that were erased
}

// endings are the ends that a batch may have, of which deleted is the most frequent.
func endings() []archived.State {
	return []archived.State{archived.Deleted, archived.Deleted, archived.Changed, archived.Failed, archived.Vanished}
}

// step writes the next sheets, in a process that may die at each.
func (s *tale) step() {
	n := min(1+s.chance.IntN(5), s.cases-s.done)
	if s.chance.IntN(4) == 0 {
		s.part++
		kept := lines(archived.Held, s.done, s.done+n)
		s.until(func(w *evidence.Writer) error { return w.Keep(s.Context(), s.part, kept) })
		s.counts[archived.Held] += int64(n)
		s.done += n
		return
	}
	s.batch += 1 + s.chance.Int64N(3)
	var settled []evidence.Line
	for i := range n {
		end := endings()[s.chance.IntN(len(endings()))]
		settled = append(settled, lines(end, s.done+i, s.done+i+1)...)
		s.counts[end]++
	}
	s.chance.Shuffle(n, func(i, j int) { settled[i], settled[j] = settled[j], settled[i] })
	intent := lines("", s.done, s.done+n)
	s.until(func(w *evidence.Writer) error { return w.Intend(s.Context(), s.batch, intent) })
	s.until(func(w *evidence.Writer) error { return w.Settle(s.Context(), s.batch, settled) })
	s.done += n
}

// until does something in one process after another, until one of them doesn't die.
func (s *tale) until(do func(*evidence.Writer) error) {
	s.Helper()
	for {
		dying := &dyingStore{Store: s.store, dieAt: s.chance.IntN(4), late: s.chance.IntN(2) == 0}
		w, err := evidence.Open(s.Context(), dying, s.plan)
		s.must(err)
		if err = do(w); errors.Is(err, errDead) {
			continue
		}
		s.must(err)
		return
	}
}

// forget erases one of the Cases that have ended, in a process that may die.
func (s *tale) forget() {
	id := caseID(s.chance.IntN(s.done))
	err := evidence.Redactor{Store: &mortalStore{Store: s.store, dieAt: s.chance.IntN(30)}}.Redact(s.Context(),
		[]string{id})
	if errors.Is(err, errDead) {
		err = evidence.Redactor{Store: s.store}.Redact(s.Context(), []string{id})
	}
	s.must(err)
	s.gone = append(s.gone, id)
}

// spoil changes something behind everybody's back, and says what.
func (s *tale) spoil() string {
	keys := s.keys()
	key := keys[s.chance.IntN(len(keys)-1)] // without the last sheet evidence looks as if it went on
	text := s.text(key)
	at := s.chance.IntN(len(text))
	switch s.chance.IntN(3) {
	case 0:
		s.must(s.store.Delete(s.Context(), key))
		return key + " is gone"
	case 1:
		s.replace(key, text[:at])
		return fmt.Sprintf("%s is cut after %d bytes", key, at)
	}
	text = bytes.Clone(text)
	text[at] ^= byte(1 << s.chance.IntN(8))
	s.replace(key, text)
	return fmt.Sprintf("%s has another byte %d", key, at)
}

// Whatever becomes of records, whenever a process dies, and whoever is erased meanwhile, the
// evidence of a plan checks and counts each record once; and no change is left unseen.
func TestEvidenceOfChance(t *testing.T) {
	t.Parallel()
	seeds := *tales
	first := uint64(time.Now().UnixNano())
	if *replay > 0 {
		first, seeds = *replay, 1
	}
	t.Logf("seeds %d to %d", first, first+uint64(seeds)-1)
	for seed := first; seed < first+uint64(seeds) && !t.Failed(); seed++ {
		chance := rand.New(rand.NewPCG(seed, 0))
		cases := 1 + chance.IntN(30)
		s := &tale{scene: newScene(t, cases), chance: chance, cases: cases, counts: map[archived.State]int64{}}
		s.until(func(w *evidence.Writer) error { return w.Begin(t.Context(), s.head()) })
		for s.done < s.cases {
			s.step()
			if chance.IntN(5) == 0 {
				s.forget()
			}
		}
		var counts []evidence.Count
		for end, n := range s.counts {
			counts = append(counts, evidence.Count{Object: "Case", Outcome: end, Records: n})
		}
		end := evidence.End{Counts: counts}
		s.until(func(w *evidence.Writer) error { return w.Finish(t.Context(), end) })

		got, err := evidence.Check(t.Context(), s.store, s.plan)
		if err != nil || !got.Finished || got.Open != 0 || len(got.Stopped) > 0 {
			t.Errorf("seed %d: %+v, %v", seed, got, err)
		}
		for key, text := range s.store {
			if slices.ContainsFunc(s.gone, func(id string) bool { return bytes.Contains(text, []byte(id)) }) {
				t.Errorf("seed %d: %s has somebody who was erased", seed, key)
			}
		}
		what := s.spoil()
		if broken, err := s.broken(); broken == nil {
			t.Errorf("seed %d: %s, and check says %v", seed, what, err)
		}
	}
}
