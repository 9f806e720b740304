package replicate_test

import (
	"bytes"
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/platform"
	"catchment/internal/rig"
	"catchment/internal/schedule"
	"catchment/internal/verify"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

var (
	soakRuns = flag.Int("soak.runs", 3, "how many random lives of an org TestSoak lives through")
	soakSeed = flag.Uint64("soak.seed", 1, "where they begin")
	soakIn   = flag.String("soak.in", "duckdb", "the warehouse: duckdb, postgres, lake, ddlcommits or "+
		"ddlcommits-postgres")
	soakAPI = flag.String("soak.api", "", "the version of Salesforce's API, as 68.0; each in turn where it is empty")
)

// lived are the versions of the API that histories are lived through with: one with all
// that the client uses, and the newest.
func lived() []string { return []string{"60.0", "66.0", "67.0", platform.Newest} }

// TestSoak lives through random histories of an org, with runs, crashes and
// faults between: at the end the warehouse says what the org says, and at no
// moment had a key two rows. To repeat a failure give its seed and -soak.runs=1.
func TestSoak(t *testing.T) {
	t.Parallel()
	tally, failed := &tallied{}, atomic.Int32{}
	t.Run("lives", func(t *testing.T) {
		for i := range *soakRuns {
			seed := *soakSeed + uint64(i)
			t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) {
				t.Parallel()
				if failed.Load() >= 3 {
					tally.add("histories", "not lived, others had failed", 1)
					return
				}
				var talk bytes.Buffer
				api := cmp.Or(*soakAPI, lived()[seed%uint64(len(lived()))])
				defer func() {
					if t.Failed() {
						failed.Add(1)
						t.Logf("%sagain: go test -run Soak ./internal/replicate -soak.runs=1 -soak.seed=%d "+
							"-soak.in=%s -soak.api=%s", &talk, seed, *soakIn, api)
					}
				}()
				soak(t, seed, api, &talk, tally)
				tally.add("histories", *soakIn, 1)
				tally.add("versions of the API", api, 1)
			})
		}
	})
	t.Logf("\n%s", tally)
	if *soakRuns >= 100 && *soakOnly == "" {
		tally.misses(t, "kept out", keptOutWays(*soakRuns))
	}
}

// TestHistories lives through the same histories, crashes and faults with each version
// of the API: the copy is the same.
func TestHistories(t *testing.T) {
	t.Parallel()
	for _, api := range lived() {
		for _, seed := range []uint64{7, 11} {
			t.Run(fmt.Sprintf("api=%s/seed=%d", api, seed), func(t *testing.T) {
				t.Parallel()
				var talk bytes.Buffer
				defer func() {
					if t.Failed() {
						t.Logf("%s", &talk)
					}
				}()
				soak(t, seed, api, &talk, &tallied{})
			})
		}
	}
}

func soak(t *testing.T, seed uint64, api string, talk io.Writer, tally *tallied) {
	l := newLife(t, seed, shelfOf(t, *soakIn), tally, 0)
	if *soakIn == "lake" {
		l.inLake()
		defer func() { tally.add("snapshots that were read twice", "of final tables", l.snapshots.ended()) }()
	}
	l.Talk, l.API = talk, api
	l.sicken()
	for i := range l.Flows {
		if l.Flows[i].Sweep.Every == 0 {
			l.Flows[i].Sweep.Every = []time.Duration{schedule.Never, 7 * 24 * time.Hour}[l.dice.IntN(2)]
		}
	}
	defer func() { l.claims.tell(l.Rig) }()
	for range 2 + l.dice.IntN(4) {
		l.happen()
		l.upheave()
		l.ail()
		done := l.live()
		l.count()
		l.compare(done)
	}
	l.settle()
	p := l.begins(nil)
	if row := p.Run(); row.State != control.Done { // a flow doesn't go on over a record with two rows
		p.Close()
		l.mend()
		p = l.begins(nil)
	}
	for range 2 { // the first finishes what is open, the second brings what came after that
		if row := p.Run(); row.State != control.Done {
			t.Fatalf("%+v", row)
		}
		l.Later(time.Hour)
	}
	p.Close()
	l.mend()
	p = l.begins(nil)
	for _, fl := range l.Flows {
		if len(l.claims.policy[fl.Object]) == 1 { // else rows may look as the policy before it had it
			p.SameAs(fl, true)
		}
	}
	p.Close()
	l.Later(time.Hour)
	l.Done(func(p *rig.Process) { p.Options.Full, p.Options.AllowDeletes = true, true }) // notices purges
	l.Same()
	l.aside()
	l.mendAll()
	if !l.lost { // else nobody knows of the pages that were under way
		l.NothingKept()
	}
	l.claims.settled(l.Rig)
}

// mend repairs what hands have left in the tables, as a user does who was told of it.
func (l *life) mend() {
	for _, fl := range l.Flows {
		if l.hands.any(fl.Object) && !l.verify(fl, verify.Values, true) {
			l.T.Errorf("%s can't be repaired", fl.Object)
		}
	}
}

// live does a run that may die, may be stopped, may read everything, and tells
// whether it was done all the same.
func (l *life) live() bool {
	f := &rig.Fate{Hiccups: map[int]bool{}, Hiccuped: func(of string) {
		l.tally.add("failures that a process lives through", of, 1)
	}}
	moments := 120 // of a run, more or less
	if strings.HasPrefix(*soakIn, "ddlcommits") || *soakIn == "lake" {
		moments = 300 // each statement is one, or each file
	}
	if l.dice.IntN(2) == 0 {
		f.At = 1 + l.dice.IntN(moments)
	}
	for range l.dice.IntN(3) {
		f.Hiccups[1+l.dice.IntN(moments)] = true
	}
	p := l.begins(f)
	defer p.Close()
	if p.Control == nil {
		return false
	}
	p.Tries = 1 + l.dice.IntN(3)
	p.Options.Full = l.dice.IntN(8) == 0
	p.Options.Downloads = 1 + l.dice.IntN(3)
	p.Options.Composite = []flow.Composite{flow.CompositeOff, flow.CompositeAuto, flow.CompositeOn}[l.dice.IntN(3)]
	if l.dice.IntN(4) == 0 {
		p.Options.StageLimit = int64(1000 + l.dice.IntN(5000))
	}
	if l.dice.IntN(6) == 0 {
		stop, after := make(chan struct{}), l.dice.IntN(10)
		p.Options.Stop = stop
		p.Before = p.Countdown(after, func() { close(stop) })
	}
	row := p.Run()
	l.countAside(row)
	l.claims.hold(p.Eyes, l.Flows, false)
	l.tally.add("runs", string(row.State), 1)
	if context.Cause(p.Ctx) == rig.ErrKilled {
		l.tally.add("crashes", "at a random moment", 1)
	}
	return row.State == control.Done
}

// begins opens a process that looks into the final tables after each
// transaction: no key may have two rows (invariant 5).
func (l *life) begins(f *rig.Fate) *rig.Process {
	p := l.Start(f)
	p.Options.AllowDeletes = true
	if p.Driver != nil {
		p.Driver = watched{p.Driver, l, p.Eyes}
		p.Warehouse = sql.New(p.Driver, p.Places())
	}
	return p
}

// watched is a driver whose tables are looked at after each transaction, by one
// that outlives its process.
type watched struct {
	sql.Driver
	life *life
	eyes rig.Eyes
}

func (d watched) Tx(ctx context.Context, f func(sql.Tx) error) error {
	return d.look(d.Driver.Tx(ctx, f))
}

func (d watched) Prepared(ctx context.Context, ddl []string, f func(sql.Tx) error) error {
	return d.look(d.Driver.(sql.Preparer).Prepared(ctx, ddl, f))
}

func (d watched) Bring(ctx context.Context, c sql.Copy) error {
	return d.Driver.(sql.Bringer).Bring(ctx, c)
}

func (d watched) Forget(ctx context.Context, c sql.Copy) error {
	return d.Driver.(sql.Bringer).Forget(ctx, c)
}

// look looks after a transaction: one that failed may have been done all the same.
func (d watched) look(err error) error {
	d.life.claims.hold(d.eyes, d.life.Flows, true)
	if err != nil {
		return err
	}
	for _, fl := range d.life.Flows {
		table := shape.TableName(fl.Object, false)
		twice, err := rig.Twice(d.eyes, "salesforce", table, "id")
		// else the table isn't there yet, or a hand did it
		if err == nil && len(twice) > 0 && !d.life.hands.any(fl.Object) {
			d.life.T.Errorf("%s has two rows of %s", table, twice[0])
		}
	}
	return nil
}
