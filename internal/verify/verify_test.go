package verify_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/verify"
	"catchment/internal/warehouse/evidence"
)

// Each kind of difference is counted and named, under every policy.
func TestVerifyNamesDifferences(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		t.Run(string(policy), func(t *testing.T) {
			r := rig.Small(t, "Contact", 40)
			r.Flows[0].Deletes = policy
			ids := r.IDs("Contact")
			r.Delete(ids[39])
			r.Later(time.Hour)
			r.Done(nil)
			if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() || diff.Pending != 0 ||
				diff.Source != 39 || diff.Warehouse != 39 {
				t.Errorf("%+v, %v", diff, err)
			}
			r.Exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[0] + "', '" + ids[1] + "', '" + ids[2] +
				"', '" + ids[3] + "')")
			r.Exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 1 DAY WHERE id = '" +
				ids[4] + "'")
			r.Exec("INSERT INTO salesforce.contact BY NAME SELECT * REPLACE ('003000000000001AAA' AS id) FROM " +
				"salesforce.contact WHERE id = '" + ids[5] + "'")
			r.Later(time.Hour)
			r.Set(ids[6], "LastName", "Pending")
			diff, err := r.Compare(r.Flows[0])
			if err != nil {
				t.Fatal(err)
			}
			want := evidence.Difference{Source: 39, Warehouse: 36, Missing: 4, Extra: 1, Stale: 1, Pending: 1,
				MissingIDs: ids[:3], ExtraIDs: []string{"003000000000001AAA"}, StaleIDs: ids[4:5]}
			if policy == flow.Ignore { // rows of deleted records stay on purpose
				want.Extra, want.ExtraIDs = 0, nil
			}
			got := diff.Difference
			if !slices.Equal(got.MissingIDs, want.MissingIDs) || !slices.Equal(got.ExtraIDs, want.ExtraIDs) ||
				!slices.Equal(got.StaleIDs, want.StaleIDs) {
				t.Errorf("named %v, %v, %v", got.MissingIDs, got.ExtraIDs, got.StaleIDs)
			}
			counts := func(d evidence.Difference) [7]int64 {
				return [7]int64{d.Source, d.Warehouse, d.Missing, d.Extra, d.Stale, d.Duplicates, d.Pending}
			}
			if counts(got) != counts(want) || diff.Grade != recall.Unproven || !diff.Differs() {
				t.Errorf("got %+v, want %+v", got, want)
			}
			r.NothingLeft()
		})
	}
}

func TestVerifyWithWhere(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Where = "HasOptedOutOfEmail = false"
	r.Done(nil)
	if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() ||
		diff.Source != int64(len(r.Truth("Contact", r.Flows[0].Where))) {
		t.Errorf("%+v, %v", diff, err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	if _, err := r.Compare(r.Flows[0]); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(plan.HintOf(err), "catchment run Contact") {
		t.Errorf("never copied: %v", err)
	}
	r.Done(nil)
	p := r.Start(nil)
	_, err := p.Control.Acquire(p.Ctx, "Contact", "another", "another", nil)
	r.Must(err)
	p.Close()
	p = r.Start(nil)
	defer p.Close()
	v := p.Verifier()
	v.Options.Alone = false
	var held *control.Held
	if _, err := v.Flow(p.Ctx, r.Flows[0]); !errors.As(err, &held) {
		t.Errorf("held by a run: %v", err)
	}
	p.Exec("DROP TABLE salesforce.contact")
	if _, err := p.Compare(r.Flows[0]); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(plan.HintOf(err), "--full Contact") {
		t.Errorf("dropped: %v", err)
	}
}

// A comparison whose reading goes wrong finds nothing, and leaves nothing.
func TestVerifyOverABadLine(t *testing.T) {
	t.Parallel()
	for name, rule := range map[string]fakeorg.Rule{
		"pages cut":    {Path: "/results", Truncate: 100},
		"wrong counts": {Path: "/results", ExtraRecords: 2},
		"page twice":   {Path: "/results", Nth: 2, DuplicatePage: true},
		"job failed":   {Method: http.MethodPost, Path: "/jobs/query", FailJob: "TIMEOUT"},
		"job refused":  {Method: http.MethodPost, Path: "/jobs/query", Status: 503, Body: rig.Unavailable},
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Done(nil)
			r.Org.Fault(rule)
			if diff, err := r.Compare(r.Flows[0]); err == nil {
				t.Errorf("%+v", diff)
			}
			r.Org.ClearFaults()
			if diff, err := r.Compare(r.Flows[0]); err != nil || diff.Differs() {
				t.Errorf("%+v, %v", diff, err)
			}
			r.NothingLeft()
		})
	}
}

// Who verifies is sent away until there is room again.
func TestVerifyLeavesTheReserve(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) {
		o.DailyAPIRequests = 1000
	}), "Contact")
	r.Done(nil)
	r.People(650)
	p := r.Start(nil)
	defer p.Close()
	v := p.Verifier()
	v.Options.Reserve = 40
	before := r.Org.Requests()
	if _, err := v.Flow(p.Ctx, r.Flows[0]); plan.ClassOf(err) != plan.Wait ||
		!strings.Contains(err.Error(), "of the org's 1000 API calls") {
		t.Errorf("%v", err)
	}
	if after := r.Org.Requests(); after["job"] != before["job"] || after["query"] != before["query"] {
		t.Errorf("%v, then %v", before, after)
	}
	r.Later(25 * time.Hour)
	if _, err := v.Flow(p.Ctx, r.Flows[0]); err != nil {
		t.Error(err)
	}
}

// Pages come while the warehouse takes those before: whichever of the two meets a failure, at
// whatever moment, there is a right result or none, and what is left is gone after the next run.
func TestVerifyMeetsAFailure(t *testing.T) {
	t.Parallel()
	template := rig.Small(t, "Contact", 60) // nine pages, of which the warehouse takes some at a time
	template.Later(time.Hour)
	template.Done(nil)
	compare := func(r *rig.Rig, f *rig.Fate) (verify.Result, error) {
		p := r.Start(f)
		defer p.Close()
		if p.Control == nil {
			return verify.Result{}, errors.New("it didn't begin")
		}
		return p.Compare(r.Flows[0])
	}
	all := &rig.Fate{}
	_, err := compare(template.Fork(t), all)
	template.Must(err)
	every := max(1, all.Moments/16)
	t.Logf("%d moments, every %d", all.Moments, every)
	failed := 0
	for n := 1; n <= all.Moments; n += every {
		r := template.Fork(t)
		var met string
		got, err := compare(r, &rig.Fate{Hiccups: map[int]bool{n: true}, Hiccuped: func(of string) { met = of }})
		if err != nil {
			failed++
		} else if got.Differs() || got.Source != 60 || got.Warehouse != 60 {
			t.Errorf("moment %d, %s failed: %+v", n, met, got.Difference)
		}
		if got, err := r.Compare(r.Flows[0]); err != nil || got.Differs() || got.Source != 60 {
			t.Errorf("after moment %d, where %s failed: %+v, %v", n, met, got.Difference, err)
		}
		r.Later(time.Hour)
		r.Done(nil)
		r.NothingLeft()
	}
	if failed == 0 {
		t.Error("no moment made it fail")
	}
}
