package verify_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// prover proves in a process of its own.
func prover(r *rig.Rig, do func(v *verify.Verifier, p *rig.Process)) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	do(p.Verifier(), p)
}

// proved proves copies of a flow's records.
func proved(r *rig.Rig, fl flow.Flow, in archive.Place, ids ...string) []archive.Verdict {
	r.T.Helper()
	var all []archive.Verdict
	prover(r, func(v *verify.Verifier, p *rig.Process) {
		held, err := lease.Holder{
			Control: p.Control, Warehouse: p.Warehouse, Run: v.Options.Run, Name: "proof", Alone: true,
		}.Hold(p.Ctx, fl.Object)
		r.Must(err)
		all, err = v.Prove(p.Ctx, held, fl, ids, in)
		r.Must(err)
		r.Must(held.Close(p.Ctx))
	})
	if len(all) != len(ids) {
		r.T.Fatalf("%d verdicts on %d Ids", len(all), len(ids))
	}
	for i, v := range all {
		if v.ID != ids[i] || (v.Finding == archive.Equal) != (v.Digest != "" && v.Reason == "") {
			r.T.Errorf("on %s: %+v", ids[i], v)
		}
	}
	return all
}

// said is verdicts in short.
func said(verdicts []archive.Verdict) []string {
	texts := make([]string, len(verdicts))
	for i, v := range verdicts {
		texts[i] = strings.TrimSuffix(string(v.Finding)+" "+v.Reason, " ")
	}
	return texts
}

func says(t *testing.T, got []archive.Verdict, want ...string) {
	t.Helper()
	for i, text := range said(got) {
		if i >= len(want) || text != want[i] {
			t.Errorf("%d of %s: %q, want %q", i, got[i].ID, text, want[min(i, len(want)-1)])
		}
	}
}

// Each record gets a verdict of its own: what is wrong with one is no matter of the next.
func TestProve(t *testing.T) { onShelves(t, testProve) }

func testProve(t *testing.T, on rig.Shelf) {
	r := rig.Small(t, "Contact", 40)
	r.Shelf = on
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	set := func(id, what string) {
		r.Exec("UPDATE salesforce.contact SET " + what + " WHERE id = '" + id + "'")
	}
	r.Later(time.Hour)
	set(ids[1], "lastname = 'Wrong', mailingcity = NULL")
	set(ids[2], "systemmodstamp = systemmodstamp - INTERVAL '1' SECOND")
	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + ids[3] + "'")
	r.Set(ids[4], "LastName", "Changed since")
	r.Delete(ids[5], ids[6])
	r.Must(r.Org.Purge(ids[6]))
	set(ids[7], "_catchment_deleted_at = TIMESTAMP '2026-01-01 00:00:00', _catchment_delete_reason = 'purged'")
	got := proved(r, r.Flows[0], archive.Live, append(ids[:9:9], "003000000000001AAA")...)
	says(t, got, "equal", "differs differs: lastname, mailingcity", "differs changed: systemmodstamp",
		"differs the copy has no row of it", "differs changed: systemmodstamp", "binned", "absent",
		"differs the copy has no row of it", "equal", "absent")
	truth := r.Truth("Contact", "")
	for i, v := range got[:6] {
		at, err := time.Parse(time.RFC3339, truth[ids[i]]["systemmodstamp"])
		r.Must(err)
		if !v.Stamp.Equal(at) || v.Finding == archive.Equal && v.Author != truth[ids[i]]["lastmodifiedbyid"] {
			t.Errorf("%+v, want %v by %s", v, at, truth[ids[i]]["lastmodifiedbyid"])
		}
	}
	again := proved(r, r.Flows[0], archive.Live, ids[0], ids[8])
	if again[0].Digest != got[0].Digest || again[1].Digest != got[8].Digest || again[0].Digest == again[1].Digest {
		t.Errorf("%+v, %+v", got, again)
	}
	calls := r.Calls(func() { proved(r, r.Flows[0], archive.Live, ids[:9]...) })
	if calls["collection"] != 1 || calls["query"] != 1 || calls["describe"] != 1 {
		t.Errorf("%v", calls)
	}
}

// In the bin a record is what it was when it was deleted.
func TestProveBin(t *testing.T) { onShelves(t, testProveBin) }

func testProveBin(t *testing.T, on rig.Shelf) {
	r := rig.Small(t, "Contact", 40)
	r.Shelf = on
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	r.Later(time.Hour)
	r.Set(ids[1], "LastName", "Changed in between")
	r.Delete(ids[:4]...)
	r.Must(r.Org.Purge(ids[3]))
	got := proved(r, r.Flows[0], archive.Bin, ids[:5]...)
	says(t, got, "equal", "differs differs: lastname, name", "equal", "absent", "living")
}
