package replicate_test

import (
	"context"
	"flag"
	"os"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
)

var crashEvery = flag.Int("crash.every", 0, "crash at every n-th moment of a run; 1 is exhaustive (0: some)")

// crashOrg is small enough to be read hundreds of times: three pages
// by Bulk, then a few changes by REST.
func crashOrg(t testing.TB) *fakeorg.Org {
	return newOrg(t, map[string]int{"Contact": 16, "User": 1}, nil)
}

// A run may die at any moment: the next one goes on, and ends with what the
// org has, every record once (invariants 1, 2, 5 and 6).
func TestCrashAtEveryMoment(t *testing.T) {
	for _, phase := range []struct {
		name  string
		ready func(*rig) // brings a rig to where the run begins that dies
		run   func(*process)
	}{
		{"first run", func(*rig) {}, func(*process) {}},
		{"increment by REST", func(r *rig) { r.done(nil); r.history(12, 3) }, func(*process) {}},
		{"deletes and a sweep", vanish, func(*process) {}},
		{"a query that takes too long", func(r *rig) {
			r.org.Fault(fakeorg.Rule{Method: "POST", Path: "/jobs/query", TimeOutOver: 5})
		}, func(*process) {}},
		{"rebuild", func(r *rig) { r.done(nil); r.history(12, 3) }, full},
		{"a field that was hidden", func(r *rig) {
			r.must(r.org.HideField("Contact", "Title"))
			r.done(nil)
			r.history(12, 3)
			r.must(r.org.ShowField("Contact", "Title"))
		}, func(*process) {}},
	} {
		t.Run(phase.name, func(t *testing.T) {
			template := newRig(t, crashOrg(t), "Contact")
			template.keeps("Contact", "LastName", "Email", "Birthdate")
			phase.ready(template)
			moments := countMoments(t, template, phase.run)
			every := *crashEvery
			if every == 0 {
				every = max(1, moments/6)
			}
			t.Logf("%d moments, every %d", moments, every)
			for n := 1; n <= moments; n += every {
				if ok := t.Run("", func(t *testing.T) { crashAt(t, template, n, phase.run) }); !ok {
					t.Fatalf("died at moment %d of %d", n, moments)
				}
			}
		})
	}
}

// vanish lets records go that no stamp tells of: behind the delete log, within
// it, and out of sight; and one comes back.
func vanish(r *rig) {
	r.flows[0].Sweep = week
	ids := r.ids("Contact")
	r.must(r.org.HideRecord(ids[0]))
	r.done(nil)
	r.must(r.org.Purge(ids[1]))
	r.later(20 * 24 * time.Hour)
	r.must(r.org.ShowRecord(ids[0]))
	r.must(r.org.HideRecord(ids[2]))
	r.must(r.org.Purge(ids[3]))
	r.must(r.org.Touch(ids[4]))
	r.later(time.Hour)
}

// fork makes a rig of the same org whose files are copies.
func (r *rig) fork(t *testing.T) *rig {
	f := newRig(t, r.org)
	f.flows, f.narrow, f.lives = r.flows, r.narrow, r.lives+1000
	f.ticks.Store(r.ticks.Load())
	for key, at := range r.written {
		f.written[key] = at
	}
	if err := os.CopyFS(f.dir, os.DirFS(r.dir)); err != nil {
		t.Fatal(err)
	}
	return f
}

func countMoments(t *testing.T, template *rig, run func(*process)) int {
	f := &fate{}
	p := template.fork(t).start(f)
	defer p.close()
	run(p)
	if row := p.run(); row.State != control.Done {
		t.Fatalf("without a crash: %+v", row)
	}
	return f.moments
}

func crashAt(t *testing.T, template *rig, n int, run func(*process)) {
	r := template.fork(t)
	p := r.start(&fate{at: n})
	p.tries = 1
	run(p)
	if p.control != nil { // it may have died on the way
		p.run()
	}
	if context.Cause(p.ctx) == nil {
		t.Logf("moment %d never came", n) // the order of what goes on at once isn't fixed
	}
	p.close()
	jobs := r.jobs()
	r.done(nil)
	r.same()
	r.nothingKept()
	if left := r.jobs(); left > jobs {
		t.Errorf("%d jobs are in the org, before the clean run %d", left, jobs)
	}
}

// A process may live through any failure of the warehouse while it replaces a
// job whose result didn't add up: what that has staged isn't in the next run's
// way (TestSoak, seed 20264514).
func TestFailuresWhileAJobIsReplaced(t *testing.T) {
	template := newRig(t, crashOrg(t), "Contact")
	template.keeps("Contact", "LastName", "Email", "Birthdate")
	template.org.Fault(fakeorg.Rule{Path: "/results", DuplicatePage: true, Nth: 2})
	if row := template.run(func(p *process) { p.tries = 1 }); row.State != control.Failed {
		t.Fatalf("%+v", row)
	}
	template.org.ClearFaults()
	rehearsal := &fate{}
	p := template.fork(t).start(rehearsal)
	p.run()
	p.close()
	met := 0
	for n, of := range rehearsal.kinds {
		if of != "warehouse" {
			continue
		}
		r := template.fork(t)
		p := r.start(&fate{hiccups: map[int]bool{n + 1: true}, hiccuped: func(string) { met++ }})
		p.tries = 1
		p.run()
		p.close()
		r.done(nil)
		r.same()
		r.nothingKept()
	}
	if met < 10 {
		t.Errorf("only %d failures were met", met)
	}
}
