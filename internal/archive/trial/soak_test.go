package trial

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/archive/removal"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/rig"
	"catchment/internal/rig/lakes"
	"catchment/internal/warehouse/pgtest"
)

var (
	soakRuns = flag.Int("soak.runs", 3, "how many random lives of an archive TestSoak lives through")
	soakSeed = flag.Uint64("soak.seed", 1, "where they begin")
	soakIn   = flag.String("soak.in", "duckdb", "the warehouse: duckdb, postgres or lake")
)

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster

// TestSoak lives through random archives: records, files, links and holds change, people
// delete and undelete, requests are refused, and the process dies at any moment. At rest
// no record is deleted without an equal copy, each one that was is back before its batch
// closed, every Id of a plan has one end, the evidence checks, and the copy says what the
// org says. To repeat a failure give its seed and -soak.runs=1.
func TestSoak(t *testing.T) {
	t.Parallel()
	tally, failed := &tallied{}, atomic.Int32{}
	t.Run("lives", func(t *testing.T) {
		for i := range *soakRuns {
			seed := *soakSeed + uint64(i)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				if failed.Load() >= 3 {
					tally.add("not lived, others had failed", 1)
					return
				}
				var talk bytes.Buffer
				defer func() {
					if t.Failed() {
						failed.Add(1)
						t.Logf("%sagain: go test -run '^TestSoak$' ./internal/archive/trial -soak.runs=1 "+
							"-soak.seed=%d -soak.in=%s", &talk, seed, *soakIn)
					}
				}()
				soak(t, seed, &talk, tally)
				tally.add("lives in "+*soakIn, 1)
			})
		}
	})
	t.Logf("\n%s", tally)
	if *soakRuns >= 100 {
		for _, what := range []string{
			"a process died", "ended as deleted", "ended as changed", "ended as held", "ended as blocked",
			"ended as vanished", "ended as failed", "strays brought back", "kept beside a share",
			"not carried out: one of two has withdrawn", "not carried out: another plan was approved",
			"came back under its Id", "came back as new", "a process died on the way back",
		} {
			if !tally.has(what) {
				t.Errorf("it never came to: %s", what)
			}
		}
	}
}

// A life is a house on which archives are let loose.
type life struct {
	*house
	tally  *tallied
	quiet  bool // a lookup that is emptied leaves no stamp
	unseen bool // links may have left the bin before a run saw them there, and no log tells of links

	approvers []approver // two people
}

func soak(t *testing.T, seed uint64, talk io.Writer, tally *tallied) {
	quiet := seed%5 == 0
	l := &life{tally: tally, quiet: quiet}
	l.house = newHouse(t, seed, func(o *fakeorg.Options) { o.QuietClears = quiet })
	l.Talk = talk
	l.Shelf = lakes.NewShelf(t, &cluster, *soakIn)
	for _, name := range []string{"ann", "bob"} {
		a, err := newApprover(name)
		l.Must(err)
		l.approvers = append(l.approvers, a)
	}
	l.furnish(3 + l.dice.IntN(8))
	l.Done(nil)
	for range 1 + l.dice.IntN(2) {
		l.happen(l.dice.IntN(4), true)
		l.Later(time.Hour)
		l.copied(l.dice.IntN(5) > 0)
		l.archive()
		if l.dice.IntN(3) == 0 {
			l.Later(time.Hour)
			l.bringBack()
		}
	}
	l.rest()
	if l.dice.IntN(2) == 0 {
		l.bringBack()
		l.Later(time.Hour)
		l.Done(func(p *rig.Process) { p.Options.Full, p.Options.AllowDeletes = l.unseen, true })
		l.same()
	}
}

// happen lets some things happen.
func (l *life) happen(times int, deletes bool) {
	for range times {
		l.tell("  people: %s", l.happens(deletes))
		l.witness.gone()
		l.wait()
	}
}

// archive plans, and carries out what was planned, whatever happens.
func (l *life) archive() {
	pol := l.policy()
	sum, err := l.plan(l.fate(), pol)
	for range 5 {
		if !died(err) {
			break
		}
		sum, err = l.plan(nil, pol)
	}
	if err != nil || sum.Name == "" {
		l.tell("no plan: %v", err)
		l.tally.add("no plan", 1)
		return
	}
	if sum.End.In+sum.End.Held+sum.End.Blocked == 0 {
		l.tally.add("an empty plan", 1)
	}
	l.inShare(pol, sum.Name)
	l.plans = append(l.plans, sum.Name)
	l.happen(l.dice.IntN(3), true)
	l.agree(pol, sum.Name)
	l.witness.before = func(d deed) func() {
		odds := 25
		if d.deletes() {
			odds = 3
		}
		if l.dice.IntN(odds) > 0 {
			return nil
		}
		return func() { l.tell("  people, just before: %s", l.happens(l.dice.IntN(2) == 0)) }
	}
	l.refuse()
	defer l.Org.ClearFaults()
	for n := range 40 {
		f := l.fate()
		if n > 25 {
			f, l.witness.before = nil, nil
			l.Org.ClearFaults()
		}
		status, err := l.carryOut(f, pol, sum.Name, func(_ *rig.Process, r *removal.Remover) {
			if l.dice.IntN(6) == 0 { // somebody stops it
				stop := make(chan struct{})
				close(stop)
				r.Stop = stop
			}
		})
		if died(err) {
			l.tally.add("a process died", 1)
		}
		if status.Finished && err == nil {
			break
		}
		l.goOn(err)
	}
	l.witness.before = nil
	l.judged(sum.Name)
}

// goOn does what a user does whose run has ended before its end.
func (l *life) goOn(err error) {
	l.wait()
	failure, ok := errors.AsType[*plan.Failure](err)
	if ok && failure.Class == plan.Wait {
		l.tally.add("a run waited", 1)
		if until := failure.Until.Sub(l.Org.Clock().Now()); until > 0 {
			l.Later(until)
		}
	}
	if l.dice.IntN(3) == 0 {
		l.happen(1, l.dice.IntN(2) == 0)
	}
	if ok && failure.Class == plan.Fix {
		l.copied(true) // as its hint says
	} else if l.dice.IntN(2) == 0 {
		l.Run(rig.AllowDeletes)
	}
}

// policy is one of many.
func (l *life) policy() policy.Policy {
	pol := oldCases()
	pol.Name = fmt.Sprintf("policy-%d", len(l.plans))
	pol.Cool = time.Duration(l.dice.IntN(3)) * 24 * time.Hour
	if l.dice.IntN(4) == 0 {
		pol.Cap.PerDay = int64(1 + l.dice.IntN(4))
	}
	if l.dice.IntN(4) == 0 {
		pol.Cap.Share = 30 + l.dice.IntN(60)
	}
	if l.dice.IntN(3) == 0 {
		pol.Approve = 2
		for _, a := range l.approvers {
			pol.Signers = append(pol.Signers, a.Signer)
		}
	}
	if l.dice.IntN(3) == 0 {
		pol.Files = policy.NoFiles
	}
	if ids := l.live(root); l.dice.IntN(3) == 0 && len(ids) > 0 {
		file := l.Path("holds.txt")
		l.Must(os.WriteFile(file, []byte(strings.Join(some(l.dice, ids, 1), "\n")+"\n"), 0o600))
		pol.Hold = append(pol.Hold, policy.Hold{File: file})
	}
	return pol
}

// fate is when a process dies, if it does, and what it lives through.
func (l *life) fate() *rig.Fate {
	f := &rig.Fate{Hiccups: map[int]bool{}, Hiccuped: func(of string) { l.tally.add("hiccup of the "+of, 1) }}
	if l.dice.IntN(2) == 0 {
		f.At = 1 + l.dice.IntN(900)
	}
	for range l.dice.IntN(2) {
		f.Hiccups[1+l.dice.IntN(600)] = true
	}
	return f
}

// refuse has the org refuse some records, some time.
func (l *life) refuse() {
	for _, answer := range []string{"lock", "insufficient-access"} {
		if ids := l.live(visit); l.dice.IntN(5) == 0 && len(ids) > 0 {
			l.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/" + some(l.dice, ids, 1)[0], Answer: answer, Nth: 1,
				Times: 1 + l.dice.IntN(4)})
		}
	}
	if l.dice.IntN(5) == 0 {
		l.Must(l.Org.SetTriggers(fakeorg.Trigger{Object: root, On: "delete", Deletes: []string{"Note__c.Of__c"}}))
		return
	}
	l.Must(l.Org.SetTriggers())
}

// died tells whether a process died.
func died(err error) bool { return errors.Is(err, rig.ErrKilled) || errors.Is(err, context.Canceled) }

// judged holds what a plan left.
func (l *life) judged(name string) {
	l.T.Helper()
	for _, wrong := range slices.Compact(l.witness.wrong) {
		l.T.Error(wrong)
	}
	l.witness.wrong = nil
	defer l.explain()
	p := l.Start(nil)
	defer p.Close()
	for _, wrong := range (judge{witness: l.witness, p: p, plans: l.plans}).judged() {
		l.T.Error(wrong)
	}
	for _, line := range ledgerOf(p) {
		if line.plan == name {
			l.tally.add("ended as "+line.state, 1)
		}
	}
	if err := l.evidenced(p, name); err != nil {
		l.T.Errorf("evidence of %s: %v", name, err)
	}
}

// rest lets the runs go on as ever, lets the bin run empty, and looks again.
func (l *life) rest() {
	l.Must(l.Org.SetTriggers())
	for range 2 {
		l.Later(time.Hour)
		l.Done(func(p *rig.Process) {
			p.Options.AllowDeletes = true
			p.Options.Full = l.quiet || l.unseen // else nobody can see that a lookup was emptied, or a link went
		})
	}
	l.same()
	l.Later(16 * 24 * time.Hour)
	l.Done(func(p *rig.Process) { p.Options.Full, p.Options.AllowDeletes = l.dice.IntN(2) == 0, true })
	p := l.Start(nil)
	defer p.Close()
	for _, wrong := range (judge{witness: l.witness, p: p, plans: l.plans}).judged() {
		l.T.Errorf("at rest: %s", wrong)
	}
	for _, d := range l.witness.deeds {
		if d.request != "people" {
			l.tally.add("strays brought back", len(d.back))
		}
	}
}

// explain tells of each record that was planned what became of it, where something is wrong.
func (l *life) explain() {
	if !l.T.Failed() {
		return
	}
	p := l.Start(nil)
	defer p.Close()
	for _, line := range ledgerOf(p) {
		l.tell("  ledger: %+v", line)
	}
	for n, d := range l.witness.deeds {
		l.tell("  deed %d: %s took %v, brought back %v", n, d.request, slices.Sorted(maps.Keys(d.taken)),
			slices.Sorted(maps.Keys(d.back)))
	}
}
