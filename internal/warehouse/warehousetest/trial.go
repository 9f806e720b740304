package warehousetest

import (
	"flag"
	"fmt"
	"strings"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// An operation is what a role does, to be tried under faults. Each trial has a
// name, and all that it writes has that name in it: so trials go on side by side
// in one warehouse, and leave the same but for their names.
type operation struct {
	name string
	role Role // "" is one that every warehouse has
	// before does what has to be there first; nil is nothing.
	before func(r *rig, trial string)
	// do does it with a warehouse that may fail. Its answer is one that a repeat
	// gives too.
	do func(r *rig, w warehouse.Warehouse, trial string) (any, error)
	// steps says that it commits more than once, or need not commit at all.
	steps bool
	// tables says that it changes several tables of a flow. Where no transaction holds these, it commits once for each,
	// and a repeat does what is left.
	tables bool
}

// A series is the trials of one operation in one warehouse.
type series struct {
	operation
	r       *rig
	names   []string          // of the trials so far
	answers map[string]string // what those that are done have answered
}

// mostTrials is how many trials a series has room for.
const mostTrials = 64

// underFaults does the operation under each fault, and then again without one.
// Answers and tables are then what they are where nothing goes wrong.
func (o operation) underFaults(r *rig) {
	s := &series{operation: o, r: r, answers: map[string]string{}}
	s.fill()
	idle := s.next()
	right := s.next()
	s.repeat(right)

	failed := s.fail()
	same(r.t, "it can fail", len(failed) > 0, true)
	before := r.everything()
	for _, f := range failed {
		if !o.steps && !(o.tables && r.subject.Traits().Apart) {
			same(r.t, "what it left when it failed", before.of(f.trial), before.of(idle))
		}
	}
	for _, f := range failed {
		s.cancel(f)
	}
	s.loseAnswer()
	s.loadTwice()

	after := r.everything()
	for _, trial := range s.names[1:] {
		same(r.t, "what the tables hold of "+trial, after.of(trial), after.of(right))
		same(r.t, "what it answered to "+trial, s.answers[trial], s.answers[right])
	}
	same(r.t, "what they hold of no trial", after.others(), before.others())
	same(r.t, "what they hold of what wasn't tried", after.of(idle), before.of(idle))
	m, _, err := r.w.Mark(r.t.Context(), r.fence.Flow)
	must(r.t, err)
	condition, err := r.w.Inspect(r.t.Context(), r.table, m, at(1000))
	must(r.t, err)
	same(r.t, "condition", condition, shape.Intact)
}

// A failure is the trial that failed at a step.
type failure struct {
	step  int
	trial string
}

// All steps of all operations take minutes where a warehouse is far away.
var faultsEvery = flag.Int("faults.every", 3, "at which of an operation's steps something goes wrong: every so many'th")

// fail has the operation fail at each of its steps that is tried, and tells the
// trials that did. The one that has no such step any more is done.
func (s *series) fail() (failed []failure) {
	s.r.t.Helper()
	for n := 0; ; n += *faultsEvery {
		trial := s.next()
		if _, err := s.do(s.r, s.r.under(Fault{Fails, n}), trial); err == nil {
			s.repeat(trial)
			return failed
		}
		failed = append(failed, failure{n, trial})
	}
}

// cancel has a step of the operation cancelled for the sake of another transaction.
// It does that step again by itself.
func (s *series) cancel(at failure) {
	s.r.t.Helper()
	if _, err := s.do(s.r, s.r.under(Fault{Cancelled, at.step}), at.trial); err != nil {
		s.r.t.Errorf("cancelled at %d: %v", at.step, err)
	}
	s.repeat(at.trial)
}

func (s *series) loseAnswer() {
	s.r.t.Helper()
	trial := s.next()
	_, err := s.do(s.r, s.r.under(Fault{Kind: LostAnswer}), trial)
	same(s.r.t, "the answer is lost", err != nil || s.steps, true)
	s.repeat(trial)
}

// loadTwice has the first load of the operation done and fail. What comes of
// that is up to who loads.
func (s *series) loadTwice() {
	s.r.t.Helper()
	trial := s.next()
	_, _ = s.do(s.r, s.r.under(Fault{Kind: Twice}), trial)
	s.repeat(trial)
}

// next begins a trial.
func (s *series) next() string {
	s.r.t.Helper()
	if len(s.names) == mostTrials {
		s.r.t.Fatal("it never ends")
	}
	trial := trialName(len(s.names))
	s.names = append(s.names, trial)
	if s.before != nil {
		s.before(s.r, trial)
	}
	return trial
}

// repeat does the operation where nothing goes wrong, and keeps what it and the
// mark say then.
func (s *series) repeat(trial string) {
	s.r.t.Helper()
	answer, err := s.do(s.r, s.r.w, trial)
	must(s.r.t, err)
	m, _, err := s.r.w.Mark(s.r.t.Context(), s.r.fence.Flow)
	must(s.r.t, err)
	s.answers[trial] = strings.ReplaceAll(
		fmt.Sprintf("%+v; %d, %s, %s after %s", answer, m.Generation, m.Watermark, m.Grade, m.Attempt), trial, "trial")
}

func trialName(n int) string { return fmt.Sprintf("t%03d", n) }

// fill gives the final table two records for each trial, and one that no trial is
// about.
func (s *series) fill() {
	records := []string{rec("other", 10, false, "three")}
	for n := range mostTrials {
		trial := trialName(n)
		records = append(records, rec(trial+"-kept", 10, false, "one"), rec(trial+"-old", 10, false, "two"))
	}
	s.r.read(s.r.puts("base", 100, records...))
}
