package verify_test

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
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// damage does to the copy what nobody should: it deletes a row, makes one
// stale, adds one, and puts another value into one.
func damage(r *rig.Rig, ids []string) {
	r.T.Helper()
	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + ids[0] + "'")
	r.Exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 1 SECOND, " +
		"lastname = 'Stale' WHERE id = '" + ids[1] + "'")
	r.Exec("INSERT INTO salesforce.contact BY NAME SELECT * REPLACE ('003000000000001AAA' AS id) FROM " +
		"salesforce.contact WHERE id = '" + ids[2] + "'")
	r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong', mailingcity = NULL WHERE id = '" + ids[3] + "'")
}

// What --repair reads is what differs, and afterwards nothing does.
func TestRepair(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Remove, flow.Ignore} {
		for _, where := range []string{"", "HasOptedOutOfEmail = false"} {
			t.Run(string(policy)+" "+where, func(t *testing.T) {
				r := rig.Small(t, "Contact", 60)
				r.Flows[0].Deletes, r.Flows[0].Where = policy, where
				r.Later(time.Hour)
				r.Done(nil)
				var ids []string
				for id := range r.Truth("Contact", where) {
					ids = append(ids, id)
				}
				slices.Sort(ids)
				damage(r, ids)
				found := r.Verified(r.Flows[0], rig.Values)
				extra := int64(1)
				if policy == flow.Ignore { // such a row stays on purpose
					extra = 0
				}
				if got := [4]int64{found.Missing, found.Stale, found.Wrong, found.Extra}; got != [4]int64{1, 1,
					1, extra} {
					t.Errorf("%+v", found)
				}
				if len(found.WrongIDs) != 1 || found.WrongIDs[0] != ids[3] ||
					!slices.Contains(found.WrongColumns[0], "lastname") {
					t.Errorf("wrong: %v %v", found.WrongIDs, found.WrongColumns)
				}
				mended := r.Verified(r.Flows[0], rig.Repair)
				if mended.Repaired != 3+extra || mended.Remaining() != 0 || mended.Calls > 25 {
					t.Errorf("repaired %d, remaining %d, by %d calls", mended.Repaired,
						mended.Remaining(), mended.Calls)
				}
				if again := r.Verified(r.Flows[0], rig.Repair); again.Differs() || again.Repaired != 0 {
					t.Errorf("the second time: %+v", again)
				}
				r.Exec("DELETE FROM salesforce.contact WHERE id = '003000000000001AAA'")
				r.Same()
				r.NothingLeft()
			})
		}
	}
}

// IsDeleted is compared wherever the org returns the record, with the stamps already, and
// of what is gone for good the certificate says that it isn't.
func TestIsDeletedIsCompared(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60)
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(time.Hour)
	r.Delete(ids[1], ids[2])
	r.Must(r.Org.Purge(ids[2]))
	r.Later(time.Hour)
	r.Done(nil)
	says := func(id string, deleted bool) {
		r.Exec(fmt.Sprintf("UPDATE salesforce.contact SET isdeleted = %t WHERE id = '%s'", deleted, id))
	}
	says(ids[0], true)
	says(ids[1], false)
	for method, change := range map[verify.Method]func(*verify.Options){verify.Stamps: nil, verify.Values: rig.Values} {
		found := r.Verified(r.Flows[0], change)
		want := []string{ids[0], ids[1]}
		if found.Wrong != 2 || !slices.Equal(found.WrongIDs, want) || found.Remaining() != 2 || found.Alone != 1 {
			t.Errorf("%s: %+v", method, found)
		}
		left := slices.ContainsFunc(found.LeftOut, func(l verify.LeftOut) bool { return l.Field == "IsDeleted" })
		if left != (method == verify.Values) || !slices.Contains(found.Columns, "isdeleted") {
			t.Errorf("%s: compared %v, left out %v", method, found.Columns, found.LeftOut)
		}
	}
	if mended := r.Verified(r.Flows[0], rig.Repair); mended.Repaired != 2 || mended.Remaining() != 0 {
		t.Errorf("%+v", mended)
	}
	r.Same()
}

// What changes while somebody looks is pending, or is read again: no false
// alarm, and no repair of it.
func TestVerifyWhileRecordsChange(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60)
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	ids, n := r.IDs("Contact"), 0
	var mu sync.Mutex // requests come side by side
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if strings.Contains(req.URL.Path, "/results") || strings.Contains(req.URL.Path, "/composite/") {
			mu.Lock()
			n++
			r.Later(time.Second)
			r.Set(ids[n], "LastName", fmt.Sprint("Changed ", n))
			r.Must(r.Org.Delete(ids[30+n]))
			mu.Unlock()
		}
		next.ServeHTTP(w, req)
	})
	r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id = '" + ids[59] + "'")
	found := r.Verified(r.Flows[0], rig.Repair)
	if found.Missing+found.Extra+found.Stale != 0 || found.Wrong != 1 || found.Remaining() != 0 || n == 0 {
		t.Errorf("%+v after %d changes", found, n)
	}
	r.Between(nil)
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// A page that lacks records, while the count says it has them all, is no
// difference: what seems to be missing there is read again by its Id.
func TestSuspectsAreReadAgain(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Later(time.Hour)
	r.Done(nil)
	r.Between(func(w http.ResponseWriter, req *http.Request, next http.Handler) {
		if !strings.Contains(req.URL.Path, "/results") {
			next.ServeHTTP(w, req)
			return
		}
		// an older state of two records, as a replica may have it
		rig.Rewritten(w, req, next, func(page []byte) []byte {
			lines := strings.SplitAfter(string(page), "\n")
			for i := 1; i < min(3, len(lines)); i++ {
				lines[i] = strings.Replace(lines[i], `"20`, `"19`, 1)
			}
			return []byte(strings.Join(lines, ""))
		})
	})
	found := r.Verified(r.Flows[0], nil)
	if found.Differs() || found.Cleared == 0 {
		t.Errorf("%+v", found)
	}
}

// A page loaded after a repair of the same record doesn't undo the repair.
func TestPageLoadedAfterARepairOfTheSameRecord(t *testing.T) {
	t.Parallel()
	for _, rebuild := range []bool{false, true} {
		t.Run(fmt.Sprint("rebuild ", rebuild), func(t *testing.T) {
			r := rig.Small(t, "Contact", 30)
			r.Later(time.Hour)
			r.Done(nil)
			ids := r.IDs("Contact")
			r.Later(time.Hour)
			r.Set(ids[0], "LastName", "As the late page has it")
			r.Later(time.Hour)
			f := &rig.Fate{}
			p := r.Start(f) // it dies when its pages are in staging
			p.Tries, p.Options.Full = 1, rebuild
			p.Before = func(step string, _ plan.Task) {
				if step == replicate.Consolidate {
					f.Last()
				}
			}
			p.Run()
			p.Close()
			p = r.Start(nil)
			staged := p.Query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental.contact")
			p.Close()
			if *staged[0][0] == "0" {
				t.Fatal("no page waits in staging")
			}
			r.Exec("UPDATE salesforce.contact SET lastname = 'Wrong' WHERE id = '" + ids[1] + "'")
			r.Later(time.Minute)
			found := r.Verified(r.Flows[0], rig.Repair)
			if found.Wrong != 1 || found.Remaining() != 0 {
				t.Errorf("%+v", found)
			}
			r.Later(time.Hour)
			r.Done(func(p *rig.Process) { p.Options.Full = rebuild })
			r.Same()
			if left := r.Verified(r.Flows[0], rig.Values); left.Differs() {
				t.Errorf("%+v", left)
			}
		})
	}
}

// A repair that dies at any moment is done again.
func TestRepairThatDies(t *testing.T) {
	t.Parallel()
	template := rig.Small(t, "Contact", 20)
	template.Later(time.Hour)
	template.Done(nil)
	damage(template, template.IDs("Contact"))
	moments := func(r *rig.Rig, f *rig.Fate) {
		p := r.Start(f)
		defer p.Close()
		if p.Control == nil {
			return
		}
		id, err := p.Control.NewRunID()
		r.Must(err)
		v := p.Verifier()
		v.Options.Run, v.Options.Method, v.Options.Repair = id, verify.Values, true
		_, _ = v.Flow(p.Ctx, r.Flows[0])
	}
	all := &rig.Fate{}
	moments(template.Fork(t), all)
	every := max(1, all.Moments/8)
	if testing.Short() {
		every = max(1, all.Moments/3)
	}
	t.Logf("%d moments, every %d", all.Moments, every)
	for n := 1; n <= all.Moments; n += every {
		r := template.Fork(t)
		moments(r, &rig.Fate{At: n})
		if found := r.Verified(r.Flows[0], rig.Repair); found.Remaining() != 0 {
			t.Fatalf("died at moment %d: %+v", n, found)
		}
		r.Exec("DELETE FROM salesforce.contact WHERE id = '003000000000001AAA'")
		r.Same()
		p := r.Start(nil)
		for _, table := range []string{"contact", "_catchment_page"} {
			if left := p.Query("SELECT CAST(count(*) AS VARCHAR) FROM salesforce_incremental." +
				table); *left[0][0] != "0" {
				t.Errorf("died at moment %d: %s rows are left in %s", n, *left[0][0], table)
			}
		}
		p.Close()
	}
}

// The digests of a certificate can be made by anybody: here from what the org
// and the warehouse answer to others.
func TestSetsOfACertificate(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 40)
	ids := r.IDs("Contact")
	r.Delete(ids[9])
	r.Later(time.Hour)
	r.Done(nil)
	r.Later(time.Hour)
	r.Set(ids[0], "LastName", "Pending")
	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + ids[1] + "'")
	found := r.Verified(r.Flows[0], func(o *verify.Options) { o.Sets = true })
	digest := func(all map[string]rig.Record, without ...string) string {
		var lines []string
		for id, rec := range all {
			if rec["isdeleted"] == "false" && !slices.Contains(without, id) {
				at, err := time.Parse(time.RFC3339Nano, rec["systemmodstamp"])
				r.Must(err)
				lines = append(lines, id+","+at.Format("2006-01-02T15:04:05.000Z")+"\n")
			}
		}
		slices.Sort(lines)
		sum := sha256.Sum256([]byte(strings.Join(lines, "")))
		return hex.EncodeToString(sum[:])
	}
	rows := map[string]rig.Record{}
	for id, row := range r.Table("Contact") {
		rows[id] = row.Values
	}
	if got, want := found.SourceSet.Digest, digest(r.Truth("Contact", ""), ids[0]); got != want {
		t.Errorf("the org's digest is %s, want %s", got, want)
	}
	if got, want := found.WarehouseSet.Digest, digest(rows, ids[0]); got != want {
		t.Errorf("the warehouse's digest is %s, want %s", got, want)
	}
	if found.SourceSet.Records != 38 || found.WarehouseSet.Records != 37 {
		t.Errorf("%+v, %+v", found.SourceSet, found.WarehouseSet)
	}
	mended := r.Verified(r.Flows[0], func(o *verify.Options) { o.Sets, o.Repair = true, true })
	if mended.SourceSet != mended.WarehouseSet || mended.SourceSet.Records != 38 {
		t.Errorf("after a repair %+v, %+v", mended.SourceSet, mended.WarehouseSet)
	}
}

// A sample finds a day that is short, splits spans that take Salesforce too
// long, and doesn't take changed records for differences.
func TestVerifyQuick(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 60)
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(time.Hour)
	r.Set(ids[0], "LastName", "Pending")
	fine := r.Verified(r.Flows[0], rig.Sample)
	if fine.Differs() || fine.Pending != 1 || fine.Grade != "sample" || fine.Calls > 10 || fine.Source != 59 {
		t.Errorf("%+v %+v", fine, fine.Sampled)
	}
	r.Exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[1] + "', '" + ids[2] + "')")
	r.Org.Fault(fakeorg.Rule{Path: "GROUP", Nth: 1, Status: 400,
		Body: `[{"errorCode":"QUERY_TIMEOUT","message":"Your query request was running for too long."}]`})
	found := r.Verified(r.Flows[0], rig.Sample)
	if found.Missing != 2 || found.Extra != 0 || len(found.Sampled.Differ) == 0 || len(found.Sampled.Skipped) != 0 {
		t.Errorf("%+v %+v", found, found.Sampled)
	}
}

// Rows that a hand has stamped ahead of anybody's clock are no pending ones: no run
// would bring them. They differ in a sample too, and a repair mends them, whatever
// they say of when they were read.
func TestVerifyRowsThatAreAhead(t *testing.T) {
	t.Parallel()
	for name, readAt := range map[string]string{"stamped": "_catchment_read_at", "read": "TIMESTAMPTZ '2030-01-01'"} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 60)
			r.Later(time.Hour)
			r.Done(nil)
			ids := r.IDs("Contact")
			r.Exec("INSERT INTO salesforce.contact BY NAME SELECT * REPLACE ('003000000000001AAA' AS id) FROM " +
				"salesforce.contact WHERE id = '" + ids[2] + "'")
			r.Exec("UPDATE salesforce.contact SET systemmodstamp = '2030-01-01', _catchment_at = '2030-01-01', " +
				"_catchment_read_at = " + readAt + " WHERE id IN ('" + ids[0] + "', '" + ids[1] +
				"', '003000000000001AAA')")
			r.Later(time.Hour)
			r.Set(ids[0], "LastName", "changed since")
			if sample := r.Verified(r.Flows[0], rig.Sample); sample.Missing != 1 {
				t.Errorf("%+v %+v", sample, sample.Sampled)
			}
			found := r.Verified(r.Flows[0], nil)
			if found.Stale != 2 || found.Extra != 1 || found.Pending != 0 {
				t.Errorf("%+v", found)
			}
			if mended := r.Verified(r.Flows[0], rig.Repair); mended.Repaired != 3 || mended.Remaining() != 0 {
				t.Errorf("%+v", mended)
			}
			if again := r.Verified(r.Flows[0], rig.Values); again.Differs() || again.Pending != 0 {
				t.Errorf("%+v", again)
			}
			r.Later(time.Hour)
			if notes := r.Done(nil).Objects[0].Notes; len(notes) > 0 {
				t.Errorf("the notes are %q", notes)
			}
			r.Exec("DELETE FROM salesforce.contact WHERE id = '003000000000001AAA'")
			r.Same()
		})
	}
}

// A repair that would delete too much stops, and changes nothing.
func TestRepairStopsBeforeAMassDelete(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 30)
	r.Later(time.Hour)
	r.Done(nil)
	r.Exec("INSERT INTO salesforce.contact BY NAME SELECT * EXCLUDE (n) REPLACE ('00300000000' || lpad(CAST(n AS " +
		"VARCHAR), 4, '0') || 'AAA' AS id) FROM salesforce.contact, range(150) t(n) WHERE id = '" +
		r.IDs("Contact")[0] + "'")
	p := r.Start(nil)
	v := p.Verifier()
	v.Options.Repair = true
	if _, err := v.Flow(p.Ctx, r.Flows[0]); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(plan.HintOf(err), "--allow-deletes") {
		t.Errorf("%v", err)
	}
	p.Close()
	if got := len(r.Table("Contact")); got != 180 {
		t.Errorf("%d rows", got)
	}
	found := r.Verified(r.Flows[0], func(o *verify.Options) { o.Repair, o.AllowDeletes = true, true })
	if found.Extra != 150 || found.Remaining() != 0 {
		t.Errorf("%+v", found)
	}
}
