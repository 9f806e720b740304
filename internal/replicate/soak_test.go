package replicate_test

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/warehouse"
)

var (
	soakRuns = flag.Int("soak.runs", 3, "how many random lives of an org TestSoak lives through")
	soakSeed = flag.Uint64("soak.seed", 1, "where they begin")
)

// TestSoak lives through random histories of an org, with runs, crashes and
// faults between: at the end the warehouse says what the org says, and at no
// moment had a key two rows. To repeat a failure give its seed and -soak.runs=1.
func TestSoak(t *testing.T) {
	for i := range *soakRuns {
		seed := *soakSeed + uint64(i)
		if ok := t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { soak(t, seed) }); !ok {
			t.Fatalf("again: go test -run Soak ./internal/replicate -soak.runs=1 -soak.seed=%d", seed)
		}
	}
}

func soak(t *testing.T, seed uint64) {
	dice := rand.New(rand.NewPCG(seed, 0))
	org := newOrg(t, map[string]int{"Contact": 10 + dice.IntN(40), "Account": 10 + dice.IntN(20), "User": 2},
		func(o *fakeorg.Options) {
			o.PageRecords = 3 + dice.IntN(20)
			if dice.IntN(4) == 0 {
				o.NotInBulk = []string{"Account"}
			}
		})
	r := newRig(t, org, "Contact", "Account", "User")
	policies := []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore}
	movers := []flow.Mover{flow.Auto, flow.Auto, flow.Bulk, flow.REST}
	for i := range r.flows {
		r.flows[i].Deletes, r.flows[i].Mover = policies[dice.IntN(3)], movers[dice.IntN(4)]
	}
	for range 6 {
		soakChange(r, dice)
		soakFault(r, dice)
		soakRun(r, dice)
	}
	r.org.ClearFaults()
	r.later(time.Hour)
	p := soakStart(r, nil)
	for range 2 { // the first finishes what is open, the second brings what came after that
		if row := p.run(); row.State != control.Done {
			t.Fatalf("%+v", row)
		}
		r.later(time.Hour)
	}
	for _, fl := range r.flows {
		p.sameAs(fl, true)
	}
	p.close()
	r.later(time.Hour)
	r.done(func(p *process) { p.options.Full, p.options.AllowDeletes = true, true }) // notices purges
	r.same()
	r.nothingKept()
}

// soakChange lets something happen in the org.
func soakChange(r *rig, dice *rand.Rand) {
	r.later(time.Duration(dice.IntN(3 * int(time.Hour))))
	if dice.IntN(4) > 0 {
		if _, err := r.org.History(1+dice.IntN(30), dice.Uint64()); err != nil {
			r.t.Fatal(err)
		}
	}
	if dice.IntN(4) == 0 {
		ids := r.ids("Contact")
		r.must(r.org.Purge(ids[dice.IntN(len(ids))]))
	}
	if dice.IntN(6) == 0 {
		r.must(r.org.Purge())
	}
	if dice.IntN(2) == 0 { // else the run meets the very second of the last change
		r.later(time.Duration(dice.IntN(int(time.Hour))))
	}
}

// soakFault lets something go wrong, now and then.
func soakFault(r *rig, dice *rand.Rand) {
	r.org.ClearFaults()
	rules := []fakeorg.Rule{
		{Path: "/results", ExpireSession: true},
		{Path: "/results", Truncate: 1 + dice.IntN(3000)},
		{Path: "/results", Truncate: 1 + dice.IntN(3000), Reset: true},
		{Path: "/results", ExtraRecords: 1},
		{Path: "/results", DuplicatePage: true},
		{Path: "/jobs/query", Reset: true},
		{Method: http.MethodPost, Path: "/jobs/query", FailJob: "InternalServerError"},
		{Method: http.MethodDelete, Status: 503, Body: oops},
		{Path: "/updated", Status: 503, Body: oops},
		{Path: "/queryAll", Truncate: 1 + dice.IntN(500)},
		{Path: "/query/", Status: 404, Body: `[{"errorCode":"INVALID_QUERY_LOCATOR","message":"gone"}]`},
		{Path: "/describe", Status: 503, Body: oops},
	}
	for range dice.IntN(3) {
		rule := rules[dice.IntN(len(rules))]
		rule.Nth = dice.IntN(4) // 0 is every one
		r.org.Fault(rule)
	}
}

// soakRun does a run that may die, may be stopped, may read everything.
func soakRun(r *rig, dice *rand.Rand) {
	var f *fate
	if dice.IntN(2) == 0 {
		f = &fate{at: 1 + dice.IntN(160)}
	}
	p := soakStart(r, f)
	defer p.close()
	if p.control == nil {
		return
	}
	p.tries = 1 + dice.IntN(3)
	p.options.Full = dice.IntN(6) == 0
	p.options.Downloads = 1 + dice.IntN(3)
	if dice.IntN(4) == 0 {
		p.options.StageLimit = int64(1000 + dice.IntN(5000))
	}
	if dice.IntN(6) == 0 {
		stop, after := make(chan struct{}), dice.IntN(10)
		p.options.Stop = stop
		p.before = p.countdown(after, func() { close(stop) })
	}
	p.run()
}

// soakStart opens a process that looks into the final tables after each
// transaction: no key may have two rows (invariant 5).
func soakStart(r *rig, f *fate) *process {
	p := r.start(f)
	p.options.AllowDeletes = true
	p.driver = watched{p.driver, r}
	p.wh = warehouse.New(p.driver, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: r.now})
	return p
}

// watched is a driver whose tables are looked at after each transaction.
type watched struct {
	warehouse.Driver
	rig *rig
}

func (d watched) Tx(ctx context.Context, f func(warehouse.Tx) error) error {
	if err := d.Driver.Tx(ctx, f); err != nil {
		return err
	}
	tables, err := query(d.Driver, "SELECT CAST(table_name AS VARCHAR) FROM information_schema.tables WHERE table_schema = 'salesforce' AND NOT starts_with(table_name, '_')")
	if err != nil {
		return nil // the process has just died
	}
	for _, table := range tables {
		twice, err := query(d.Driver, "SELECT CAST(id AS VARCHAR) FROM salesforce."+*table[0]+" GROUP BY id HAVING count(*) > 1")
		if err == nil && len(twice) > 0 {
			d.rig.t.Errorf("%s has two rows of %s", *table[0], *twice[0][0])
		}
	}
	return nil
}
