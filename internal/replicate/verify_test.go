package replicate_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// Each kind of difference is counted and named, under every policy.
func TestVerifyNamesDifferences(t *testing.T) {
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := small(t, "Contact", 40)
			r.flows[0].Deletes = policy
			ids := r.ids("Contact")
			r.delete(ids[39])
			r.later(time.Hour)
			r.done(nil)
			if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() || diff.Pending != 0 || diff.Source != 39 || diff.Warehouse != 39 {
				t.Errorf("%+v, %v", diff, err)
			}
			r.exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[0] + "', '" + ids[1] + "', '" + ids[2] + "', '" + ids[3] + "')")
			r.exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 1 DAY WHERE id = '" + ids[4] + "'")
			r.exec("INSERT INTO salesforce.contact BY NAME SELECT * REPLACE ('003000000000001AAA' AS id) FROM salesforce.contact WHERE id = '" + ids[5] + "'")
			r.later(time.Hour)
			r.set(ids[6], "LastName", "Pending")
			diff, err := r.compare(r.flows[0])
			if err != nil {
				t.Fatal(err)
			}
			want := warehouse.Difference{Source: 39, Warehouse: 36, Missing: 4, Extra: 1, Stale: 1, Pending: 1,
				MissingIDs: ids[:3], ExtraIDs: []string{"003000000000001AAA"}, StaleIDs: ids[4:5]}
			if policy == flow.Ignore { // rows of deleted records stay on purpose
				want.Extra, want.ExtraIDs = 0, nil
			}
			got := diff.Difference
			if !slices.Equal(got.MissingIDs, want.MissingIDs) || !slices.Equal(got.ExtraIDs, want.ExtraIDs) || !slices.Equal(got.StaleIDs, want.StaleIDs) {
				t.Errorf("named %v, %v, %v", got.MissingIDs, got.ExtraIDs, got.StaleIDs)
			}
			counts := func(d warehouse.Difference) [7]int64 {
				return [7]int64{d.Source, d.Warehouse, d.Missing, d.Extra, d.Stale, d.Duplicates, d.Pending}
			}
			if counts(got) != counts(want) || diff.Grade != "proven" || !diff.Differs() {
				t.Errorf("got %+v, want %+v", got, want)
			}
			r.nothingLeft()
		})
	}
}

func TestVerifyWithWhere(t *testing.T) {
	r := small(t, "Contact", 20)
	r.flows[0].Where = "HasOptedOutOfEmail = false"
	r.done(nil)
	if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() || diff.Source != int64(len(r.truth("Contact", r.flows[0].Where))) {
		t.Errorf("%+v, %v", diff, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	r := small(t, "Contact", 20)
	if _, err := r.compare(r.flows[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "catchment run Contact") {
		t.Errorf("never copied: %v", err)
	}
	r.done(nil)
	p := r.start(nil)
	_, err := p.control.Acquire(p.ctx, "Contact", "another", "another", nil)
	r.must(err)
	p.close()
	p = r.start(nil)
	defer p.close()
	v := p.verifier()
	v.Options.Alone = false
	var held *control.Held
	if _, err := v.Flow(p.ctx, r.flows[0]); !errors.As(err, &held) {
		t.Errorf("held by a run: %v", err)
	}
	p.exec("DROP TABLE salesforce.contact")
	if _, err := p.compare(r.flows[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "--full Contact") {
		t.Errorf("dropped: %v", err)
	}
}

// A comparison whose reading goes wrong finds nothing, and leaves nothing.
func TestVerifyOverABadLine(t *testing.T) {
	for name, rule := range map[string]fakeorg.Rule{
		"pages cut":    {Path: "/results", Truncate: 100},
		"wrong counts": {Path: "/results", ExtraRecords: 2},
		"page twice":   {Path: "/results", Nth: 2, DuplicatePage: true},
		"job failed":   {Method: http.MethodPost, Path: "/jobs/query", FailJob: "TIMEOUT"},
		"job refused":  {Method: http.MethodPost, Path: "/jobs/query", Status: 503, Body: oops},
	} {
		t.Run(name, func(t *testing.T) {
			r := small(t, "Contact", 20)
			r.done(nil)
			r.org.Fault(rule)
			if diff, err := r.compare(r.flows[0]); err == nil {
				t.Errorf("%+v", diff)
			}
			r.org.ClearFaults()
			if diff, err := r.compare(r.flows[0]); err != nil || diff.Differs() {
				t.Errorf("%+v, %v", diff, err)
			}
			r.nothingLeft()
		})
	}
}
