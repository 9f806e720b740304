package verify_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/value"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
)

// provable asks whether copies of a flow can be proven.
func provable(r *rig.Rig, fl flow.Flow, after time.Time) (err error) {
	r.T.Helper()
	prover(r, func(v *verify.Verifier, p *rig.Process) { err = v.Provable(p.Ctx, fl, after) })
	return err
}

// refused checks why copies can't be proven, and that it says what to do.
func refused(t *testing.T, err error, whys ...string) {
	t.Helper()
	if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("class %s, hint %q: %v", plan.ClassOf(err), plan.HintOf(err), err)
	}
	for _, why := range whys {
		if err == nil || !strings.Contains(err.Error(), why) {
			t.Errorf("%v doesn't say %q", err, why)
		}
	}
}

// What of a flow's settings keeps copies from being proven is told at once, all of it, and nothing
// is proven then, whoever asks.
func TestProvableSettings(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 8)
	plainly := r.Flows[0]
	refused(t, provable(r, plainly, time.Time{}), "never copied")
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	for _, deletes := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		fl := plainly
		fl.Deletes = deletes
		if err := provable(r, fl, r.Now()); err != nil {
			t.Errorf("%s: %v", deletes, err)
		}
	}
	fl := plainly
	fl.Where, fl.Paused = "HasOptedOutOfEmail = false", true
	fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256}, {Field: "Phone", Truncate: 3}}
	refused(t, provable(r, fl, time.Time{}), "filtered by where", "masks or cuts values of Email, Phone", "paused",
		"changed, and its table isn't made anew")
	prover(r, func(v *verify.Verifier, p *rig.Process) {
		held := rig.Hold(p, v.Options.Run, "Contact")
		verdicts, err := v.Prove(p.Ctx, held, fl, r.IDs("Contact"), archive.Live)
		if refused(t, err, "masks"); len(verdicts) > 0 {
			t.Errorf("%+v", verdicts)
		}
		r.Must(held.Close(p.Ctx))
	})
	fl = plainly
	fl.Exclude = []string{"Title"}
	refused(t, provable(r, fl, time.Time{}), "changed, and its table isn't made anew")
	prover(r, func(v *verify.Verifier, p *rig.Process) {
		v.Warehouse = unledgered{p.Warehouse}
		refused(t, v.Provable(p.Ctx, plainly, time.Time{}), "keeps no ledger")
	})
}

// What became of a table and its runs.
func TestProvableTable(t *testing.T) {
	t.Parallel()
	template := rig.Small(t, "Contact", 8)
	template.Later(time.Hour)
	template.Done(nil)
	tests := map[string]struct {
		spoil func(r *rig.Rig)
		why   string
	}{
		"rows are gone": {func(r *rig.Rig) {
			r.Exec("DELETE FROM salesforce.contact WHERE id = '" + r.IDs("Contact")[0] + "'")
		}, "rows are fewer"},
		"dropped": {func(r *rig.Rig) { r.Exec("DROP TABLE salesforce.contact") }, "is dropped"},
		"restored": {func(r *rig.Rig) {
			r.Exec("UPDATE salesforce.contact SET _catchment_synced_at = _catchment_synced_at - INTERVAL '1' HOUR")
		}, "is restored"},
		"the warehouse is yesterday's": {func(r *rig.Rig) {
			old, err := os.ReadFile(r.Path("warehouse.duckdb"))
			r.Must(err)
			r.Set(r.IDs("Contact")[0], "LastName", "Changed")
			r.Later(time.Hour)
			r.Done(nil)
			r.Must(os.WriteFile(r.Path("warehouse.duckdb"), old, 0o600))
		}, "one of the two came back from a backup"},
		"a run isn't finished": {func(r *rig.Rig) {
			r.Set(r.IDs("Contact")[0], "LastName", "Changed")
			r.Later(time.Hour)
			f := &rig.Fate{}
			p := r.Start(f) // it dies when its pages are in staging
			defer p.Close()
			p.Tries = 1
			p.Before = func(step string, _ plan.Task) {
				if step == replicate.Consolidate {
					f.Last()
				}
			}
			p.Run()
		}, "isn't finished"},
		"a field is new": {func(r *rig.Rig) {
			r.Must(r.Org.AddField("Contact", fakeorg.Field{Name: "New__c", Type: "string", Length: 20}))
		}, "field New__c has no column"},
		"doubted": {func(r *rig.Rig) {
			r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong'")
			r.Verified(r.Flows[0], rig.Values)
		}, "values that differ"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := template.Fork(t)
			r.Later(time.Hour)
			test.spoil(r)
			refused(t, provable(r, r.Flows[0], time.Time{}), test.why)
		})
	}
}

// A flow of which Salesforce doesn't say how far it is complete has to be read whole since the
// records changed last: by a run, or by a comparison that finds nothing.
func TestProvableLagged(t *testing.T) {
	t.Parallel()
	r := filled(t, fakeorg.Files{Versions: 3, Size: 10}, "ContentVersion")
	fl := r.Flows[0]
	long := r.Org.Clock().Now().Add(-72 * time.Hour)
	if err := provable(r, fl, long); err != nil {
		t.Error(err)
	}
	r.Later(time.Hour)
	changed := r.Org.Clock().Now()
	refused(t, provable(r, fl, changed), "wasn't read whole since")
	r.Later(72 * time.Hour) // such a window stays a day behind
	r.Done(nil)
	refused(t, provable(r, fl, changed), "wasn't read whole since")
	for name, reads := range map[string]func(r *rig.Rig){
		"verify": func(r *rig.Rig) { r.Verified(fl, nil) },
		"full":   func(r *rig.Rig) { r.Done(rig.Full) },
	} {
		f := r.Fork(t)
		f.Begun = r.Begun
		reads(f)
		if err := provable(f, fl, changed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	fl.Bodies = ""
	refused(t, provable(r, fl, long), "it copies no bodies")
}

// An unledgered warehouse has no ledger, whatever it is.
type unledgered struct{ warehouse.Warehouse }
