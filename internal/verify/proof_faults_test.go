package verify_test

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/verify"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
)

// moved is a rig whose formulas have moved since they were copied.
func moved(t *testing.T) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 1, "Contact": 6}, nil)
	if err := org.AddField("Contact", fakeorg.Field{Name: "Industry__c", Type: "string", Length: 255,
		Formula: "Account.Industry"}); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "Contact")
	account := r.IDs("Account")[0]
	for _, id := range r.IDs("Contact") {
		r.Must(r.Org.Update(id, map[string]any{"AccountId": account}))
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Must(r.Org.Update(account, map[string]any{"Industry": "Banking"}))
	return r
}

// A proof that dies at any moment leaves nothing that the next one would take for what the org says,
// also where it is of the same run.
func TestProveThatDies(t *testing.T) {
	t.Parallel()
	template := moved(t)
	ids := template.IDs("Contact")
	prove := func(r *rig.Rig, f *rig.Fate) {
		p := r.Start(f)
		defer p.Close()
		if p.Control == nil {
			return
		}
		holder := lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: "one", Name: "one", Alone: true}
		held, err := holder.Hold(p.Ctx, "Contact")
		if err != nil {
			return
		}
		_, _ = p.Verifier().Prove(p.Ctx, held, r.Flows[0], ids, archive.Live)
	}
	all := &rig.Fate{}
	prove(template.Fork(t), all)
	every := max(1, all.Moments/12)
	if testing.Short() {
		every = max(1, all.Moments/4)
	}
	t.Logf("%d moments, every %d", all.Moments, every)
	for n := 1; n <= all.Moments; n += every {
		r := template.Fork(t)
		r.Exec("UPDATE salesforce.contact SET title = 'Wrong' WHERE id = '" + ids[0] + "'")
		prove(r, &rig.Fate{At: n})
		r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id = '" + ids[1] + "'")
		got := proved(r, r.Flows[0], archive.Live, ids...)
		for i, v := range got {
			if (v.Finding == archive.Equal) != (i > 1) {
				t.Errorf("died at moment %d: %d is %s %s", n, i, v.Finding, v.Reason)
			}
		}
		r.Later(time.Hour)
		r.Done(nil)
		onlyBodies(r)
	}
}

// What isn't as it should be on the way is an error, and no verdict.
func TestProveFails(t *testing.T) {
	t.Parallel()
	template := moved(t)
	ids := template.IDs("Contact")
	collection := func(change func(text string) string) func(*rig.Rig) {
		return func(r *rig.Rig) {
			r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
				if !strings.Contains(req.URL.Path, "/composite/sobjects") {
					next.ServeHTTP(w, req)
					return
				}
				rig.Rewritten(w, req, next, func(body []byte) []byte { return []byte(change(string(body))) })
			})
		}
	}
	for name, spoil := range map[string]func(*rig.Rig){
		"an answer that nobody asked for": collection(func(text string) string {
			return strings.ReplaceAll(text, ids[0], "003Ho00000000ZZIAA")
		}),
		"one record for another": collection(func(text string) string {
			return strings.ReplaceAll(text, ids[0], ids[1])
		}),
		"an answer that is cut": collection(func(text string) string { return text[:len(text)/2] }),
		"a field is missing": collection(func(text string) string {
			return strings.ReplaceAll(text, `"LastName":`, `"Last":`)
		}),
		"the copy is another org's": func(r *rig.Rig) {
			r.Exec("UPDATE salesforce_incremental._catchment_flow SET org = '00DHo0000000ZZZIAA'")
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := template.Fork(t)
			spoil(r)
			prover(r, func(v *verify.Verifier, p *rig.Process) {
				held := rig.Hold(p, v.Options.Run, "Contact")
				got, err := v.Prove(p.Ctx, held, r.Flows[0], ids, archive.Live)
				if err == nil || len(got) > 0 {
					t.Errorf("%v, %v", got, err)
				}
			})
			onlyBodies(r)
		})
	}
}

// Who has lost the flow to another run proves nothing.
func TestProveWithoutTheFlow(t *testing.T) {
	t.Parallel()
	r := moved(t)
	prover(r, func(v *verify.Verifier, p *rig.Process) {
		held := rig.Hold(p, v.Options.Run, "Contact")
		taken := lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: "other", Name: "other", Alone: true}
		other, err := taken.Hold(p.Ctx, "Contact")
		r.Must(err)
		_, _, err = other.Claim(p.Ctx, "contact", r.Org.ID())
		r.Must(err)
		got, err := v.Prove(p.Ctx, held, r.Flows[0], r.IDs("Contact"), archive.Live)
		if len(got) > 0 || !errors.Is(err, control.ErrLost) {
			t.Errorf("%v, %v", got, err)
		}
	})
}

// A proof leaves the calls to people that are theirs, but for that of what is deleted already.
func TestProveLeavesTheReserve(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) {
		o.DailyAPIRequests = 1000
	}), "Contact")
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Delete(ids[0])
	r.People(650)
	prover(r, func(v *verify.Verifier, p *rig.Process) {
		v.Options.Reserve = 40
		held := rig.Hold(p, v.Options.Run, "Contact")
		if _, err := v.Prove(p.Ctx, held, r.Flows[0], ids, archive.Live); plan.ClassOf(err) != plan.Wait {
			t.Errorf("%v", err)
		}
		got, err := v.Prove(p.Ctx, held, r.Flows[0], ids[:1], archive.Bin)
		if err != nil || got[0].Finding != archive.Equal {
			t.Errorf("%+v, %v", got, err)
		}
	})
}

// An activity that Salesforce has archived lives, although no call but queryAll gives it.
func TestProveWhatOnlyQueryAllGives(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 8)
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Exec("UPDATE salesforce.contact SET title = 'Wrong' WHERE id = '" + ids[1] + "'")
	r.Delete(ids[2])
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.Contains(req.URL.Path, "/composite/sobjects") {
			next.ServeHTTP(w, req)
			return
		}
		rig.Rewritten(w, req, next, func(body []byte) []byte {
			var all []any
			r.Must(json.Unmarshal(body, &all))
			all[0], all[1] = nil, nil
			body, err := json.Marshal(all)
			r.Must(err)
			return body
		})
	})
	says(t, proved(r, r.Flows[0], archive.Live, ids[:4]...), "equal", "differs differs: title", "binned", "equal")
}

// A tight warehouse changes texts when it takes them.
type tight struct {
	warehouse.Warehouse
	room room.Limits
}

func (t tight) Room() room.Limits { return t.room }

// A text that the warehouse changes is changed in the page that is compared, too: such a record isn't
// proven, whatever the comparison says.
func TestProveTextsThatAreNotKept(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 4)
	ids := r.IDs("Contact")
	r.Must(r.Org.Update(ids[0], map[string]any{"Title": "a NUL: \x00"}))
	r.Must(r.Org.Update(ids[1], map[string]any{"Description": strings.Repeat("x", 101)}))
	r.Must(r.Org.Update(ids[2], map[string]any{"Description": strings.Repeat("x", 100)}))
	r.Later(time.Hour)
	r.Done(nil)
	for _, limits := range []room.Limits{{}, {Cut: 100}, {NUL: true}} {
		prover(r, func(v *verify.Verifier, p *rig.Process) {
			limits.Digits, limits.Dates, limits.Stamps = p.Warehouse.Room().Digits, p.Warehouse.Room().Dates,
				p.Warehouse.Room().Stamps
			v.Warehouse = tight{p.Warehouse, limits}
			held := rig.Hold(p, v.Options.Run, "Contact")
			got, err := v.Prove(p.Ctx, held, r.Flows[0], ids[:3], archive.Live)
			r.Must(err)
			kept := []bool{limits.NUL, limits.Cut == 0, true}
			for i, verdict := range got {
				if (verdict.Finding == archive.Equal) != kept[i] {
					t.Errorf("%+v, %d: %s %s", limits, i, verdict.Finding, verdict.Reason)
				}
			}
			r.Must(held.Close(p.Ctx))
		})
	}
}
