package removal_test

import (
	"errors"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/policy"
	"catchment/internal/rig"
)

// A case is a house of two families that are to leave, and what happens to them.
type faultCase struct {
	name    string
	options func(*fakeorg.Options)
	before  func(h *house)           // before the plan
	between func(h *house)           // once everything has cooled
	change  func(r *removal.Remover) // of the run that deletes
	stops   string                   // what its error says; "" for none
	mend    func(h *house)           // before it is run once more
	want    map[string]string        // the ends, by how names begin
	also    func(h *house, t *testing.T)
}

func (c faultCase) run(t *testing.T) {
	h := newHouse(t, "duckdb", c.options)
	h.family("one")
	h.family("two")
	if c.before != nil {
		c.before(h)
	}
	h.ready([]string{"one", "two"}, nil)
	if c.between != nil {
		c.between(h)
	}
	_, err := h.run(nil, c.change)
	if c.stops != "" {
		if err == nil || !strings.Contains(err.Error(), c.stops) || plan.AdviceOf(err) == "" {
			t.Fatalf("it says %v, want %q", err, c.stops)
		}
		if c.mend != nil {
			c.mend(h)
		}
		_, err = h.run(nil, nil)
	}
	if err != nil {
		t.Fatalf("%v; hint: %s", err, plan.HintOf(err))
	}
	h.want(c.want)
	h.sound()
	if c.also != nil {
		c.also(h, t)
	}
}

// other is another user of the org.
func (h *house) other() string {
	for id := range h.Truth("User", "") {
		if id != h.me() {
			return id
		}
	}
	h.t.Fatal("there is no other user")
	return ""
}

// me is the user that catchment logs in as.
func (h *house) me() string {
	p := h.Start(nil)
	defer p.Close()
	id, err := p.Client.User(p.Ctx)
	h.Must(err)
	return id
}

// edit changes a record, in the name of the user that catchment logs in as.
func (h *house) edit(name string) {
	h.Must(h.Org.Update(h.ids[name], map[string]any{"Text__c": "new"}))
}

// onDelete does something right before the first delete of an object's records is carried out.
func (h *house) onDelete(prefix string, do func()) {
	h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Path: prefix, Nth: 1, Hear: do})
}

// Whatever happens between the plan and the delete, nothing is deleted that isn't proven.
func TestMeanwhile(t *testing.T) {
	t.Parallel()
	alone := map[string]string{"one": "deleted", "two": "deleted"}
	with := func(more map[string]string) map[string]string {
		all := maps.Clone(alone)
		maps.Copy(all, more)
		return all
	}
	for _, c := range []faultCase{
		{name: "a record is edited after the plan", between: func(h *house) {
			h.edit("one v2")
		},
			want: with(map[string]string{"one v2": "changed: it was changed since",
				"one":   "changed: a record below it was kept",
				"one s": "deleted", "one v1": "deleted"})},
		{name: "a root is edited after the plan", between: func(h *house) {
			h.Must(h.Org.Update(h.ids["one"], map[string]any{"Name": "new"}))
		}, want: with(map[string]string{"one": "changed"})},
		{name: "a record is edited between our reading and the delete", between: func(h *house) {
			h.onDelete("ids="+h.ids["one v1"][:3], func() { h.edit("one v1") })
		}, want: with(map[string]string{"one v1": "changed: it was changed before it was deleted: ",
			"one": "changed: a record below it was kept", "one s": "deleted", "one v2": "deleted"})},
		{name: "a record is deleted by somebody else", between: func(h *house) {
			h.Must(h.Org.By(h.other()).Delete(h.ids["one s1"]))
		}, want: with(map[string]string{"one s1": "vanished"})},
		{name: "a child appears after the plan", between: func(h *house) {
			h.add("one s3", "Step__c", map[string]any{"Visit__c": h.ids["one v2"]})
		},
			want: with(map[string]string{"one v2": "changed: a record hangs on it by Step__c.Visit__c",
				"one ": "deleted", "one": "changed"})},
		{name: "a restricted child appears after the plan", between: func(h *house) {
			h.add("one d1", "Deal__c", map[string]any{"Account__c": h.ids["one"]})
		},
			want: with(map[string]string{"one ": "deleted",
				"one": "changed: a record hangs on it by Deal__c.Account__c"})},
		{name: "a record refers to a root after the plan", between: func(h *house) {
			h.add("one m1", "Memo__c", map[string]any{"Account__c": h.ids["one"]})
		},
			want: with(map[string]string{"one ": "deleted",
				"one": "changed: a record refers to it by Memo__c.Account__c"})},
		{name: "GraxCascadeTakesMore: a child appears right before the delete", between: func(h *house) {
			h.onDelete("ids="+h.ids["one v1"][:3], func() {
				h.add("one s3", "Step__c", map[string]any{"Visit__c": h.ids["one v2"]})
			})
		},
			want: with(map[string]string{"one v2": "changed: a record outside the plan went with it, Step__c",
				"one":   "changed",
				"one s": "deleted", "one v1": "deleted"})},
		{name: "something is lost by a row in the warehouse", between: func(h *house) {
			h.Exec("UPDATE salesforce.step__c SET text__c = 'flipped' WHERE id = '" + h.ids["one s1"] + "'")
		},
			want: with(map[string]string{"one s1": "failed: ", "one v1": "changed: a record below it was kept",
				"one":    "changed",
				"one s2": "deleted", "one v2": "deleted"})},
		{name: "a locked row is tried again", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Step__c/" + h.ids["one s1"], Answer: "lock", Nth: 1,
				Times: 2})
		}, want: alone},
		{name: "a row stays locked", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Step__c/" + h.ids["one s1"], Answer: "lock"})
		},
			want: with(map[string]string{"one s1": "failed: UNABLE_TO_LOCK_ROW", "one v1": "changed",
				"one":    "changed",
				"one s2": "deleted", "one v2": "deleted"})},
		{name: "Forceea180CascadeTooLarge", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Account/" + h.ids["one"], Status: 400,
				Body: `[{"errorCode":"DELETE_OPERATION_TOO_LARGE","message":"too large"}]`})
		}, want: with(map[string]string{"one ": "deleted", "one": "blocked: DELETE_OPERATION_TOO_LARGE"})},
		{name: "an approval locks a record", between: func(h *house) {
			h.Must(h.Org.Lock(h.ids["one"]))
		}, want: with(map[string]string{"one ": "deleted", "one": "failed: ENTITY_IS_LOCKED"})},
		{name: "a validation refuses", between: func(h *house) {
			h.Must(h.Org.SetTriggers(fakeorg.Trigger{Object: "Account", On: "delete", Refuse: "s3cr3t"}))
		}, want: map[string]string{"one ": "deleted", "two ": "deleted",
			"one": "failed: FIELD_CUSTOM_VALIDATION_EXCEPTION", "two": "failed: FIELD_CUSTOM_VALIDATION_EXCEPTION"}},
		{name: "the answer of a delete is lost", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Nth: 1, Truncate: 1, Reset: true})
		}, want: alone},
		{name: "a delete never arrives", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Nth: 1, Reset: true})
		}, want: alone},
		{name: "the org is away for a while", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Nth: 1, Times: 2, Answer: "unavailable"})
		}, want: alone},
		{name: "a hold comes after the approval", before: func(h *house) {
			h.now.Hold = []policy.Hold{{Where: "Name = 'hold me'"}}
		}, between: func(h *house) {
			h.onDelete(h.ids["one v1"][:3], func() { h.Must(h.Org.Drift(h.ids["one"], "Name", "hold me")) })
		}, want: with(map[string]string{"one ": "deleted", "one": "held: a hold keeps it"})},
		{name: "an Id is put into a file of holds", before: func(h *house) {
			h.Must(os.WriteFile(h.Path("holds.txt"), []byte("# none yet\n"), 0o600))
			h.now.Hold = []policy.Hold{{File: h.Path("holds.txt")}}
		}, between: func(h *house) {
			h.Must(os.WriteFile(h.Path("holds.txt"), []byte(h.ids["one v2"][:15]+"\n"), 0o600))
		}, want: with(map[string]string{"one": "held: a hold keeps it"})},
		{name: "a job of Bulk deletes", change: byJob, want: alone},
		{name: "a job of Bulk meets a lock", change: byJob, between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Step__c/" + h.ids["one s1"], Answer: "lock", Nth: 1})
		}, want: alone},
		{name: "a job of Bulk fails", change: byJob, between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "POST", Path: "/jobs/ingest", Nth: 1, FailJob: "no"})
		}, want: alone},
		{name: "the answer to the close of a job is lost", change: byJob, between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "PATCH", Path: "/jobs/ingest", Nth: 1, Reset: true})
		}, want: alone},
		{name: "an object is known to be lost", before: func(h *house) {
			h.losses = []manifest.Loss{{Type: manifest.TypeLoss, What: "Deal__c", Why: "no flow", Allowed: true}}
			h.add("one d1", "Deal__c", map[string]any{"Account__c": h.ids["one"]})
		}, want: with(map[string]string{"one ": "deleted", "one": "blocked: DELETE_FAILED"})},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// Somebody brings a record back that a batch had deleted, right before the record goes on which it hangs: it would go
// once more, with changes that no copy has. Both come back.
func TestGoesTwice(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.family("two")
	h.ready([]string{"one", "two"}, nil)
	h.onDelete("ids="+h.ids["one"][:3], func() {
		h.Must(h.Org.By(h.other()).Undelete(h.ids["one v1"]))
		h.Must(h.Org.By(h.other()).Update(h.ids["one v1"], map[string]any{"Text__c": "newer than the copy"}))
	})
	if _, err := h.run(nil, nil); err != nil {
		t.Fatalf("%v; hint: %s", err, plan.HintOf(err))
	}
	gone := []string{"one s1", "one s2", "one v2", "two", "two s1", "two s2", "two v1", "two v2"}
	if got := h.gone(); !slices.Equal(got, gone) {
		t.Errorf("in the bin are %q, want %q", got, gone)
	}
	want := "somebody brought it back, and it went along by Account__c"
	if got := h.ends()["one"]; !strings.HasPrefix(got, "changed: ") || !strings.HasSuffix(got, want) {
		t.Errorf("one is %q, want %q", got, want)
	}
	h.checks()
}

func byJob(r *removal.Remover) { r.ByJob = 1 }

// What stops a run says what to do, and once that is done the next run goes on.
func TestStops(t *testing.T) {
	t.Parallel()
	all := map[string]string{"one": "deleted", "two": "deleted"}
	for _, c := range []faultCase{
		{name: "the permission is lost halfway", between: func(h *house) {
			h.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/Visit__c/", Answer: "insufficient-access"})
		}, stops: "records of Visit__c weren't deleted: INSUFFICIENT_ACCESS", mend: func(h *house) {
			if gone := h.gone(); len(gone) != 4 {
				h.t.Errorf("%q are deleted", gone)
			}
			h.Org.ClearFaults()
		}, want: all},
		{name: "a record can't be brought back", between: func(h *house) {
			h.onDelete("ids="+h.ids["one v1"][:3], func() { h.edit("one v1") })
			h.Org.Fault(fakeorg.Rule{Kind: "soap", Nth: 1, Times: 20, Status: 500, Body: "no"})
		}, stops: "of Visit__c are deleted that weren't to go, and can't be brought back", mend: func(h *house) {
			h.Must(h.Org.Undelete(h.ids["one v1"]))
		}, want: map[string]string{"one s": "deleted", "one v2": "deleted", "two": "deleted",
			"one v1": "changed", "one": "changed: a record below it was kept"}},
		{name: "a field is hidden from the user", between: func(h *house) { h.Hide("Text__c") },
			stops: "Step__c.Text__c isn't copied any more", mend: func(h *house) { h.Between(nil) }, want: all},
		{name: "something deletes records that nothing of the batch refers to", before: func(h *house) {
			h.family("other")
		}, between: func(h *house) {
			h.onDelete("ids="+h.ids["one v1"][:3], func() { h.Must(h.Org.Delete(h.ids["other s1"])) })
		}, stops: "records of Step__c outside the plan went with a batch of Visit__c", want: all,
			also: func(h *house, _ *testing.T) { h.told(1) }},
		{name: "a day is used up", before: func(h *house) { h.now.Cap.PerDay = 4 },
			stops: "that may go on one day", mend: func(h *house) {
				if gone := h.gone(); len(gone) != 4 {
					h.t.Errorf("%q are deleted", gone)
				}
				h.Later(24 * time.Hour)
				if _, err := h.run(nil, nil); plan.ClassOf(err) != plan.Wait {
					h.t.Errorf("the next day: %v", err)
				}
				h.Later(24 * time.Hour)
			}, want: all},
		{name: "the calls of a day are used up", options: func(o *fakeorg.Options) { o.DailyAPIRequests = 1000 },
			between: func(h *house) { h.People(900 - h.Org.Requests()["query"]) },
			change:  func(r *removal.Remover) { r.Reserve = 60 },
			stops:   "are left to people", mend: func(h *house) { h.Later(25 * time.Hour) }, want: all},
		{name: "the recycle bin is full", options: func(o *fakeorg.Options) { o.DataStorageMB = 1 },
			before: func(h *house) {
				for range 25 {
					h.Must(h.Org.Delete(h.add("x", "Step__c", map[string]any{"Visit__c": h.ids["two v2"]})))
				}
			}, between: func(h *house) {
				for range 22 {
					step := h.add("y", "Step__c", map[string]any{"Visit__c": h.ids["two v2"]})
					h.Must(h.Org.Delete(h.add("x", "Memo__c", nil), step))
				}
			}, stops: "the recycle bin has room for 25 records", mend: func(h *house) {
				h.Later(16 * 24 * time.Hour)
			}, want: all},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			c.run(t)
		})
	}
}

// What isn't to be carried out sends nothing that writes.
func TestRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	good := h.plan
	for _, c := range []struct {
		name   string
		change func(r *removal.Remover)
		before func()
		says   string
	}{
		{name: "unapproved", change: func(r *removal.Remover) { h.refused = errors.New("nobody has approved it") },
			says: "nobody has approved it"},
		{name: "another policy", change: func(r *removal.Remover) { r.Policies[0].Where = "Name = 'x'" },
			says: "was changed since plan"},
		{name: "another hold", change: func(r *removal.Remover) {
			r.Policies[0].Hold = []policy.Hold{{Where: "Name = 'x'"}}
		}, says: "was changed since plan"},
		{name: "no policy", change: func(r *removal.Remover) { r.Policies = nil }, says: "isn't there any more"},
		{name: "no plan", before: func() { h.plan = "old-20260101-01234567" }, says: "there is no plan"},
		{name: "expired", before: func() { h.Later(100 * 24 * time.Hour) }, says: "has expired"},
	} {
		h.plan, h.refused = good, nil
		if c.before != nil {
			c.before()
		}
		_, err := h.run(nil, c.change)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	if writes := h.Org.Writes(); len(writes) > 0 {
		t.Errorf("%v", writes)
	}
}

// A plan that was edited isn't the one of its name any more.
func TestEditedPlan(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	path := h.Path("stage/" + manifest.Key(h.plan))
	text, err := os.ReadFile(path)
	h.Must(err)
	h.Must(os.Remove(path))
	h.Must(os.WriteFile(path, []byte(strings.Replace(string(text), `"per_day":20000`, `"per_day":90000`, 1)), 0o600))
	if _, err := h.run(nil, nil); err == nil || !strings.Contains(err.Error(), "was changed after it was made") {
		t.Error(err)
	}
	if writes := h.Org.Writes(); len(writes) > 0 {
		t.Errorf("%v", writes)
	}
}

// A dry run only looks.
func TestDry(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	p := h.Start(nil)
	defer p.Close()
	status, err := h.remover(p).Run(p.Ctx, h.plan, false)
	if err != nil || status.Finished || status.Cooling != 0 || len(status.Objects) != 3 {
		t.Errorf("%+v, %v", status, err)
	}
	if writes := h.Org.Writes(); len(writes) > 0 {
		t.Errorf("%v", writes)
	}
}

// A warehouse that came back from a backup proves nothing: it lacks what was deleted since.
func TestRestoredWarehouse(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.family("two")
	h.ready([]string{"one", "two"}, nil)
	backup, err := os.ReadFile(h.Path("warehouse.duckdb"))
	h.Must(err)
	stop := make(chan struct{})
	if _, err := h.run(nil, func(r *removal.Remover) {
		r.Stop = stop
		r.Tell = func(n removal.News) {
			if n.Deleted > 0 {
				close(stop)
			}
		}
	}); !errors.Is(err, plan.ErrStopped) {
		t.Fatal(err)
	}
	gone := h.gone()
	h.Must(os.WriteFile(h.Path("warehouse.duckdb"), backup, 0o600))
	if _, err := h.run(nil, nil); err == nil || !strings.Contains(err.Error(), "it proves nothing") {
		t.Errorf("%v", err)
	}
	if now := h.gone(); !slices.Equal(now, gone) {
		t.Errorf("deleted are %q, and then %q", gone, now)
	}
}

// Two processes don't carry out one plan, and two plans don't delete the same records.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	p := h.Start(nil)
	r := h.remover(p)
	for _, held := range []string{"archive/" + h.plan, "Step__c"} {
		other := r.Holder
		other.Run, other.Name = "another", "another"
		l, err := other.Hold(p.Ctx, held)
		h.Must(err)
		mine := h.remover(p)
		mine.Holder.Alone = false
		_, err = mine.Run(p.Ctx, h.plan, true)
		if plan.ClassOf(err) != plan.Wait || !strings.Contains(err.Error(), "another") {
			t.Errorf("%s: %v", held, err)
		}
		h.Must(l.Close(p.Ctx))
	}
	p.Close()
	if gone := h.gone(); len(gone) > 0 {
		t.Errorf("%q are deleted", gone)
	}
	first := h.plan
	h.now.Name = "older"
	h.makePlan([]string{"one"}, nil)
	h.cools()
	second := h.plan
	h.now.Name, h.plan = "old", first
	if _, err := h.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	h.now.Name, h.plan = "older", second
	if _, err := h.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	h.want(map[string]string{"one": "vanished"})
}

// Two archives at once, in one user's name: the one doesn't take what the other deletes for its own
// doing, and where both want one object's records the second waits.
func TestTwoArchives(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "postgres", nil)
	h.family("one")
	h.family("two")
	h.Later(time.Hour)
	h.Done(nil)
	h.makePlan([]string{"two"}, nil)
	h.cools()
	second := h.plan
	h.now.Name = "older"
	h.makePlan([]string{"one"}, nil)
	h.cools()
	first := h.plan
	h.Begun = func(p *rig.Process) { p.Options.Alone = false }
	inTurn := func(r *removal.Remover) { r.Holder.Alone = false }
	h.onDelete("ids="+h.ids["one"][:3], func() {
		h.now.Name, h.plan = "old", second
		if _, err := h.run(nil, inTurn); err == nil {
			t.Error("both were at Accounts")
		}
		if gone := h.gone(); len(gone) != 6 { // the copier of this test runs all flows
			t.Errorf("%q are deleted", gone)
		}
	})
	h.plan = first
	if _, err := h.run(nil, inTurn); err != nil {
		t.Error(err)
	}
	h.now.Name, h.plan = "older", first
	h.want(map[string]string{"one": "deleted"})
	h.checks()
	h.now.Name, h.plan = "old", second
	if _, err := h.run(nil, inTurn); err != nil {
		t.Error(err)
	}
	h.want(map[string]string{"two": "deleted"})
	h.checks()
}
