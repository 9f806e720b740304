package erase_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/warehouse/archived"
)

var crashEvery = flag.Int("crash.every", 0, "die at every n-th moment of an erasure; 1 is exhaustive (0: some)")

// erasable is a rig whose Contacts have a history and stored pages, with a
// record that was deleted for good.
func erasable(t *testing.T) (*rig.Rig, string) {
	org := rig.NewOrg(t, map[string]int{"Contact": 20}, nil)
	r := rig.New(t, org, "Contact", "ContactHistory")
	r.Must(org.TrackHistory("Contact", "Title"))
	r.Flows[1].Deletes = flow.Ignore
	id := r.IDs("Contact")[2]
	r.Set(id, "Title", "CEO")
	r.Set(r.IDs("Contact")[3], "Title", "CFO")
	r.Later(time.Hour)
	r.Done(rig.Keep)
	r.Later(time.Hour)
	r.Must(org.Purge(id))
	r.Later(time.Hour)
	r.Done(rig.Keep)
	return r, id
}

func TestErase(t *testing.T) {
	t.Parallel()
	r, id := erasable(t)
	if got := r.Traces(id); len(got) < 3 {
		t.Fatalf("before: %v", got)
	}
	got, err := r.Erase(nil, id)
	if err != nil || len(got) != 2 || got[0].Object != "ContactHistory" || got[0].Rows != 1 || got[1].Rows != 1 ||
		got[1].Pages < 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if left := r.Traces(id); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	p := r.Start(nil)
	if log := p.Query("SELECT CAST(record_key AS VARCHAR) FROM salesforce_incremental._catchment_erased " +
		"ORDER BY table_name"); len(log) != 2 || *log[0][0] != id {
		t.Errorf("log %v", log)
	}
	p.Close()
	for _, change := range []func(*rig.Process){nil, rig.Full, nil} { // nothing brings it back
		r.Later(time.Hour)
		r.Done(change)
		if left := r.Traces(id); len(left) > 0 {
			t.Errorf("came back to %v", left)
		}
	}
	p = r.Start(nil)
	p.SameAs(r.Flows[0], false)
	p.Close()
}

// What Salesforce still has would come back: it is refused.
func TestEraseRefuses(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Done(nil)
	ids := r.IDs("Contact")
	if _, err := r.Erase(nil, ids[0]); plan.ClassOf(err) != plan.Fix ||
		!strings.Contains(err.Error(), "still in Salesforce") {
		t.Error(err)
	}
	r.Delete(ids[0])
	if _, err := r.Erase(nil, ids[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "recycle bin") {
		t.Error(err)
	}
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()
}

// A job of a run that was killed still holds the record, and its pages come
// late: they don't bring it back.
func TestEraseBeforeALatePage(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Mover = flow.Bulk
	r.Done(nil)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	r.Set(ids[2], "Title", "CEO")
	r.Later(time.Hour)
	stop := make(chan struct{})
	r.Run(func(p *rig.Process) { // stopped before it loads
		rig.Keep(p)
		p.Options.Stop = stop
		p.Before = func(step string, _ plan.Task) {
			if step == "start" {
				close(stop)
			}
		}
	})
	r.Must(r.Org.Purge(ids[2]))
	if _, err := r.Erase(nil, ids[2]); err != nil {
		t.Fatal(err)
	}
	r.Later(time.Hour)
	r.Done(nil)
	if left := r.Traces(ids[2]); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	r.Same()
}

// An erasure may die at any moment: done again, it ends the same.
func TestEraseCrashes(t *testing.T) {
	t.Parallel()
	template, id := erasable(t)
	eraseDying(t, template, []string{id}, func(r *rig.Rig, died string) {
		if left := r.Traces(id); len(left) > 0 {
			t.Fatalf("%s: left in %v", died, left)
		}
		r.Later(time.Minute)
		if row := r.Run(nil); row.State != control.Done {
			t.Fatalf("%s: %+v", died, row)
		}
	})
}

// eraseDying erases records in copies of a rig, in each of which it dies at another moment and is done again, and has
// what is left looked at.
func eraseDying(t *testing.T, template *rig.Rig, ids []string, look func(r *rig.Rig, died string)) {
	t.Helper()
	f := &rig.Fate{}
	if _, err := template.Fork(t).Erase(f, ids...); err != nil {
		t.Fatal(err)
	}
	every := *crashEvery
	if every == 0 {
		every = max(1, f.Moments/8)
	}
	for n := 1; n <= f.Moments; n += every {
		died := fmt.Sprintf("died at %d of %d", n, f.Moments)
		r := template.Fork(t)
		if _, err := r.Erase(&rig.Fate{At: n}, ids...); err == nil {
			t.Errorf("moment %d: it should have died", n)
		}
		if _, err := r.Erase(nil, ids...); err != nil {
			t.Fatalf("%s, again: %v", died, err)
		}
		look(r, died)
	}
}

// redacted is the Ids that evidence was told of.
type redacted []string

func (r *redacted) Redact(_ context.Context, ids []string) error {
	*r = append(*r, ids...)
	return nil
}

// An archived record is erased as any other, although no policy takes its row away. What became of it stays
// written down, and says nothing of who it was.
func TestEraseArchived(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Flows[0].Deletes = flow.Remove
	evidence := &redacted{}
	r.Evidence = evidence
	r.Done(rig.Keep)
	r.Later(time.Hour)
	id := r.IDs("Contact")[3]
	r.Delete(id)
	rig.Archived(r, r.Flows[0], archived.Deleted, []string{id}, nil)
	if _, err := r.Erase(nil, id); plan.ClassOf(err) != plan.Fix || len(*evidence) > 0 {
		t.Errorf("it is in the recycle bin: %v, %v", err, *evidence)
	}
	r.Must(r.Org.Purge(id))
	r.Later(time.Hour)
	if got, err := r.Erase(nil, id); err != nil || got[0].Rows != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if left := r.Traces(id); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if !slices.Equal(*evidence, []string{id}) {
		t.Errorf("evidence was told of %v", *evidence)
	}
	p := r.Start(nil)
	defer p.Close()
	ledger, _ := archived.Of(p.Warehouse)
	lines, err := ledger.Lines(p.Ctx, archived.Query{Plan: rig.OldPlan}, archived.Line{}, 9)
	sum := sha256.Sum256([]byte(id))
	if err != nil || len(lines) != 1 || lines[0].ID != hex.EncodeToString(sum[:]) ||
		lines[0].State != archived.Deleted || lines[0].EndedAt.IsZero() {
		t.Errorf("%+v, %v", lines, err)
	}
}
