package replicate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/verify"
)

// verified compares a flow in a process of its own, as change says.
func (r *rig) verified(fl flow.Flow, change func(*verify.Options)) verify.Result {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	v := p.verifier()
	if change != nil {
		change(&v.Options)
	}
	res, err := v.Flow(p.ctx, fl)
	r.must(err)
	return res
}

func values(o *verify.Options) { o.Method = verify.Values }
func repair(o *verify.Options) { o.Method, o.Repair = verify.Values, true }
func sample(o *verify.Options) { o.Method, o.Sample = verify.Counts, 3 }

// damage does to the copy what nobody should: it deletes a row, makes one
// stale, adds one, and puts another value into one.
func (r *rig) damage(ids []string) {
	r.t.Helper()
	r.exec("DELETE FROM salesforce.contact WHERE id = '" + ids[0] + "'")
	r.exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 1 SECOND, lastname = 'Stale' WHERE id = '" + ids[1] + "'")
	r.exec("INSERT INTO salesforce.contact BY NAME SELECT * REPLACE ('003000000000001AAA' AS id) FROM salesforce.contact WHERE id = '" + ids[2] + "'")
	r.exec("UPDATE salesforce.contact SET lastname = 'Wrong', mailingcity = NULL WHERE id = '" + ids[3] + "'")
}

// What --repair reads is what differs, and afterwards nothing does.
func TestRepair(t *testing.T) {
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		for _, where := range []string{"", "HasOptedOutOfEmail = false"} {
			t.Run(string(policy)+" "+where, func(t *testing.T) {
				r := small(t, "Contact", 60)
				r.flows[0].Deletes, r.flows[0].Where = policy, where
				r.later(time.Hour)
				r.done(nil)
				var ids []string
				for id := range r.truth("Contact", where) {
					ids = append(ids, id)
				}
				slices.Sort(ids)
				r.damage(ids)
				found := r.verified(r.flows[0], values)
				extra := int64(1)
				if policy == flow.Ignore { // such a row stays on purpose
					extra = 0
				}
				if got := [4]int64{found.Missing, found.Stale, found.Wrong, found.Extra}; got != [4]int64{1, 1, 1, extra} {
					t.Errorf("%+v", found)
				}
				if len(found.WrongIDs) != 1 || found.WrongIDs[0] != ids[3] || !slices.Contains(found.WrongColumns[0], "lastname") {
					t.Errorf("wrong: %v %v", found.WrongIDs, found.WrongColumns)
				}
				mended := r.verified(r.flows[0], repair)
				if mended.Repaired != 3+extra || mended.Remaining() != 0 || mended.Calls > 25 {
					t.Errorf("repaired %d, remaining %d, by %d calls", mended.Repaired, mended.Remaining(), mended.Calls)
				}
				if again := r.verified(r.flows[0], repair); again.Differs() || again.Repaired != 0 {
					t.Errorf("the second time: %+v", again)
				}
				r.exec("DELETE FROM salesforce.contact WHERE id = '003000000000001AAA'")
				r.same()
				r.nothingLeft()
			})
		}
	}
}

// What changes while somebody looks is pending, or is read again: no false
// alarm, and no repair of it.
func TestVerifyWhileRecordsChange(t *testing.T) {
	r := small(t, "Contact", 60)
	r.later(time.Hour)
	r.done(nil)
	r.later(time.Hour)
	ids, n := r.ids("Contact"), 0
	var mu sync.Mutex // requests come side by side
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Path, "/results") || strings.Contains(req.URL.Path, "/composite/") {
			mu.Lock()
			n++
			r.later(time.Second)
			r.set(ids[n], "LastName", fmt.Sprint("Changed ", n))
			r.must(r.org.Delete(ids[30+n]))
			mu.Unlock()
		}
		next.ServeHTTP(w, req)
	})
	r.exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id = '" + ids[59] + "'")
	found := r.verified(r.flows[0], repair)
	if found.Missing+found.Extra+found.Stale != 0 || found.Wrong != 1 || found.Remaining() != 0 || n == 0 {
		t.Errorf("%+v after %d changes", found, n)
	}
	r.between(nil)
	r.later(time.Hour)
	r.done(nil)
	r.same()
}

// A page that lacks records, while the count says it has them all, is no
// difference: what seems to be missing there is read again by its Id.
func TestSuspectsAreReadAgain(t *testing.T) {
	r := small(t, "Contact", 20)
	r.later(time.Hour)
	r.done(nil)
	r.between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.Contains(req.URL.Path, "/results") {
			next.ServeHTTP(w, req)
			return
		}
		rewritten(w, req, next, func(page []byte) []byte { // an older state of two records, as a replica may have it
			lines := strings.SplitAfter(string(page), "\n")
			for i := 1; i < min(3, len(lines)); i++ {
				lines[i] = strings.Replace(lines[i], `"20`, `"19`, 1)
			}
			return []byte(strings.Join(lines, ""))
		})
	})
	found := r.verified(r.flows[0], nil)
	if found.Differs() || found.Cleared == 0 {
		t.Errorf("%+v", found)
	}
}

// A page loaded after a repair of the same record doesn't undo the repair.
func TestPageLoadedAfterARepairOfTheSameRecord(t *testing.T) {
	for _, rebuild := range []bool{false, true} {
		t.Run(fmt.Sprint("rebuild ", rebuild), func(t *testing.T) {
			r := small(t, "Contact", 30)
			r.later(time.Hour)
			r.done(nil)
			ids := r.ids("Contact")
			r.later(time.Hour)
			r.set(ids[0], "LastName", "As the late page has it")
			r.later(time.Hour)
			f := &fate{}
			p := r.start(f) // it dies when its pages are in staging
			p.tries, p.options.Full = 1, rebuild
			p.before = func(step string, _ plan.Task) {
				if step == replicate.Consolidate {
					f.mu.Lock()
					f.at = 1
					f.mu.Unlock()
				}
			}
			p.run()
			p.close()
			p = r.start(nil)
			staged := p.query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental.contact")
			p.close()
			if *staged[0][0] == "0" {
				t.Fatal("no page waits in staging")
			}
			r.exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id = '" + ids[1] + "'")
			r.later(time.Minute)
			found := r.verified(r.flows[0], repair)
			if found.Wrong != 1 || found.Remaining() != 0 {
				t.Errorf("%+v", found)
			}
			r.later(time.Hour)
			r.done(func(p *process) { p.options.Full = rebuild })
			r.same()
			if left := r.verified(r.flows[0], values); left.Differs() {
				t.Errorf("%+v", left)
			}
		})
	}
}

// A repair that dies at any moment is done again.
func TestRepairThatDies(t *testing.T) {
	template := small(t, "Contact", 20)
	template.later(time.Hour)
	template.done(nil)
	template.damage(template.ids("Contact"))
	moments := func(r *rig, f *fate) {
		p := r.start(f)
		defer p.close()
		if p.control == nil {
			return
		}
		id, err := p.control.NewRunID()
		r.must(err)
		v := p.verifier()
		v.Options.Run, v.Options.Method, v.Options.Repair = id, verify.Values, true
		_, _ = v.Flow(p.ctx, r.flows[0])
	}
	all := &fate{}
	moments(template.fork(t), all)
	every := max(1, all.moments/8)
	if testing.Short() {
		every = max(1, all.moments/3)
	}
	t.Logf("%d moments, every %d", all.moments, every)
	for n := 1; n <= all.moments; n += every {
		r := template.fork(t)
		moments(r, &fate{at: n})
		if found := r.verified(r.flows[0], repair); found.Remaining() != 0 {
			t.Fatalf("died at moment %d: %+v", n, found)
		}
		r.exec("DELETE FROM salesforce.contact WHERE id = '003000000000001AAA'")
		r.same()
		p := r.start(nil)
		for _, table := range []string{"contact", "_catchment_page"} {
			if left := p.query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." + table); *left[0][0] != "0" {
				t.Errorf("died at moment %d: %s rows are left in %s", n, *left[0][0], table)
			}
		}
		p.close()
	}
}

// The digests of a certificate can be made by anybody: here from what the org
// and the warehouse answer to others.
func TestSetsOfACertificate(t *testing.T) {
	r := small(t, "Contact", 40)
	ids := r.ids("Contact")
	r.delete(ids[9])
	r.later(time.Hour)
	r.done(nil)
	r.later(time.Hour)
	r.set(ids[0], "LastName", "Pending")
	r.exec("DELETE FROM salesforce.contact WHERE id = '" + ids[1] + "'")
	found := r.verified(r.flows[0], func(o *verify.Options) { o.Sets = true })
	digest := func(all map[string]record, without ...string) string {
		var lines []string
		for id, rec := range all {
			if rec["isdeleted"] == "false" && !slices.Contains(without, id) {
				at, err := time.Parse(time.RFC3339Nano, rec["systemmodstamp"])
				r.must(err)
				lines = append(lines, id+","+at.Format("2006-01-02T15:04:05.000Z")+"\n")
			}
		}
		slices.Sort(lines)
		sum := sha256.Sum256([]byte(strings.Join(lines, "")))
		return hex.EncodeToString(sum[:])
	}
	rows := map[string]record{}
	for id, row := range r.table("Contact") {
		rows[id] = row.values
	}
	if got, want := found.SourceSet.Digest, digest(r.truth("Contact", ""), ids[0]); got != want {
		t.Errorf("the org's digest is %s, want %s", got, want)
	}
	if got, want := found.WarehouseSet.Digest, digest(rows, ids[0]); got != want {
		t.Errorf("the warehouse's digest is %s, want %s", got, want)
	}
	if found.SourceSet.Records != 38 || found.WarehouseSet.Records != 37 {
		t.Errorf("%+v, %+v", found.SourceSet, found.WarehouseSet)
	}
	mended := r.verified(r.flows[0], func(o *verify.Options) { o.Sets, o.Repair = true, true })
	if mended.SourceSet != mended.WarehouseSet || mended.SourceSet.Records != 38 {
		t.Errorf("after a repair %+v, %+v", mended.SourceSet, mended.WarehouseSet)
	}
}

// A sample finds a day that is short, splits spans that take Salesforce too
// long, and doesn't take changed records for differences.
func TestVerifyQuick(t *testing.T) {
	r := small(t, "Contact", 60)
	r.later(time.Hour)
	r.done(nil)
	ids := r.ids("Contact")
	r.later(time.Hour)
	r.set(ids[0], "LastName", "Pending")
	fine := r.verified(r.flows[0], sample)
	if fine.Differs() || fine.Pending != 1 || fine.Grade != "sample" || fine.Calls > 10 || fine.Source != 59 {
		t.Errorf("%+v %+v", fine, fine.Sampled)
	}
	r.exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[1] + "', '" + ids[2] + "')")
	r.org.Fault(fakeorg.Rule{Path: "GROUP", Nth: 1, Status: 400, Body: `[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]`})
	found := r.verified(r.flows[0], sample)
	if found.Missing != 2 || found.Extra != 0 || len(found.Sampled.Differ) == 0 || len(found.Sampled.Skipped) != 0 {
		t.Errorf("%+v %+v", found, found.Sampled)
	}
}

// A repair that would delete too much stops, and changes nothing.
func TestRepairStopsBeforeAMassDelete(t *testing.T) {
	r := small(t, "Contact", 30)
	r.later(time.Hour)
	r.done(nil)
	r.exec("INSERT INTO salesforce.contact BY NAME SELECT * EXCLUDE (n) REPLACE ('00300000000' || lpad(CAST(n AS VARCHAR), 4, '0') || 'AAA' AS id) " +
		"FROM salesforce.contact, range(150) t(n) WHERE id = '" + r.ids("Contact")[0] + "'")
	p := r.start(nil)
	v := p.verifier()
	v.Options.Repair = true
	if _, err := v.Flow(p.ctx, r.flows[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(plan.HintOf(err), "--allow-deletes") {
		t.Errorf("%v", err)
	}
	p.close()
	if got := len(r.table("Contact")); got != 180 {
		t.Errorf("%d rows", got)
	}
	found := r.verified(r.flows[0], func(o *verify.Options) { o.Repair, o.AllowDeletes = true, true })
	if found.Extra != 150 || found.Remaining() != 0 {
		t.Errorf("%+v", found)
	}
}
