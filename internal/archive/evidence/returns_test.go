package evidence_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/warehouse/archived"
)

// returned are some Cases that came back.
func returned(way evidence.Way, from, to int) []evidence.Return {
	var all []evidence.Return
	for i := from; i < to; i++ {
		r := evidence.Return{Object: "Case", ID: caseID(i), Way: way, At: madeAt.Add(48 * time.Hour)}
		if way == evidence.Inserted {
			r.NewID = caseID(1000 + i)
		}
		all = append(all, r)
	}
	return all
}

func backs(way evidence.Way, n int64) evidence.Back {
	return evidence.Back{Object: "Case", Way: way, Records: n}
}

// What comes back is told behind the end, once, in the same chain; and before the end as well.
func TestReturns(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	early := s.open()
	for i, step := range s.steps() {
		s.must(step(t.Context(), early))
		if i == 2 { // a batch is settled, and the plan goes on
			s.must(early.Return(t.Context(), returned(evidence.Inserted, 0, 2)))
		}
	}
	closed := s.check()
	if closed.Closed != closed.Link || !closed.Finished {
		t.Errorf("the end comes to %s, all to %s", closed.Closed, closed.Link)
	}
	for range 2 { // a repeat tells nothing new
		w := s.open()
		s.must(w.Return(t.Context(), append(returned(evidence.Inserted, 0, 3), returned(evidence.Found, 0, 5)...)))
	}
	for range 2 { // and each undelete is one
		s.must(s.open().Return(t.Context(), returned(evidence.Undeleted, 5, 6)))
	}
	got := s.check()
	want := []evidence.Back{backs(evidence.Found, 2), backs(evidence.Inserted, 3), backs(evidence.Undeleted, 2)}
	if !slices.Equal(got.Backs, want) || got.Closed != closed.Link || got.Link == closed.Link {
		t.Errorf("%+v", got)
	}
	if err := got.Against([]archived.Count{{Object: "Case", State: archived.Deleted, Records: 7, Back: 5},
		{Object: "Case", State: archived.Changed, Records: 1}, {Object: "Case", State: archived.Held, Records: 2},
	}); err != nil {
		t.Error(err)
	}
	if err := got.Against([]archived.Count{{Object: "Case", State: archived.Deleted, Records: 7, Back: 2},
		{Object: "Case", State: archived.Changed, Records: 1}, {Object: "Case", State: archived.Held, Records: 2},
	}); err == nil {
		t.Error("the ledger has less new records than the evidence, and nobody says so")
	}
}

// Nothing of what came back can be changed or taken away from between unnoticed.
func TestReturnsCantBeChanged(t *testing.T) {
	t.Parallel()
	for what, spoil := range map[string]func(s *scene, key, text string){
		"another new Id": func(s *scene, key, text string) {
			s.store[key] = []byte(strings.Replace(text, caseID(1001), caseID(1002), 1))
		},
		"another way": func(s *scene, key, text string) {
			s.store[key] = []byte(strings.Replace(text, "inserted", "undeleted", 1))
		},
		"a sheet is gone": func(s *scene, key, _ string) { delete(s.store, key) },
	} {
		s := newScene(t, 10)
		s.whole()
		s.must(s.open().Return(t.Context(), returned(evidence.Inserted, 1, 2)))
		s.must(s.open().Return(t.Context(), returned(evidence.Undeleted, 3, 4)))
		for key, text := range s.store {
			if strings.HasSuffix(key, "-returned-1.jsonl") {
				spoil(s, key, string(text))
			}
		}
		if _, err := evidence.Check(t.Context(), s.store, s.plan); err == nil {
			t.Errorf("%s: nobody says so", what)
		}
	}
}

// More can't have come back as new records than went.
func TestMoreReturnsThanDeletes(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.whole()
	s.must(s.open().Return(t.Context(), returned(evidence.Inserted, 0, 8)))
	if _, err := evidence.Check(t.Context(), s.store, s.plan); err == nil {
		t.Error("8 came back of 7")
	}
}

// Erased by its old Id or by its new one, a record's return says nothing of it any more, and the chain still holds.
func TestErasedReturns(t *testing.T) {
	t.Parallel()
	for _, id := range []string{caseID(1), caseID(1001)} {
		s := newScene(t, 10)
		s.whole()
		s.must(s.open().Return(t.Context(), returned(evidence.Inserted, 0, 3)))
		before := s.check()
		s.must(evidence.Redactor{Store: s.store}.Redact(t.Context(), []string{id}))
		got := s.check()
		if got.Link != before.Link || !slices.Equal(got.Backs, before.Backs) || got.Erased == 0 {
			t.Errorf("%+v, before %+v", got, before)
		}
		for key, text := range s.store {
			if strings.Contains(string(text), id) {
				t.Errorf("%s still names it", key)
			}
		}
		s.must(s.open().Return(t.Context(), returned(evidence.Inserted, 0, 1))) // what is told isn't told again
		if again := s.check(); again.Link != before.Link {
			t.Error("a return was told twice")
		}
	}
}

// A plan without evidence has none of what came back either, and a return has to name its record.
func TestReturnsWithoutEvidence(t *testing.T) {
	t.Parallel()
	s := newScene(t, 10)
	s.must(s.open().Return(t.Context(), returned(evidence.Found, 0, 1)))
	if len(s.store) != 1 {
		t.Errorf("%d blobs", len(s.store))
	}
	s.whole()
	for _, bad := range []evidence.Return{
		{Object: "Case", Way: evidence.Found}, {Object: "Case", ID: caseID(1), Way: evidence.Inserted},
		{Object: "Case", ID: caseID(1), Way: "walked"},
		{Object: "Case", ID: caseID(1), Way: evidence.Found, NewID: caseID(2)},
	} {
		if err := s.open().Return(t.Context(), []evidence.Return{bad}); err == nil {
			t.Errorf("%+v was told", bad)
		}
	}
}
