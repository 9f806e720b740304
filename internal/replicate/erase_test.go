package replicate_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/erase"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
)

// erase erases records in a process of its own.
func (r *rig) erase(f *fate, ids ...string) ([]erase.Erased, error) {
	r.t.Helper()
	p := r.start(f)
	defer p.close()
	if p.control == nil {
		return nil, context.Cause(p.ctx)
	}
	run, err := p.control.NewRunID()
	if err != nil {
		return nil, err
	}
	flows := p.replicator()
	e := &erase.Eraser{
		Org: p.client, Warehouse: p.wh, Control: p.control, Stage: p.stage, Flows: flows.Flows, GiveUp: flows.GiveUp,
		Holder: lease.Holder{
			Control: p.control, Warehouse: p.wh, Run: run,
			Name: flows.Options.Holder, Alone: flows.Options.Alone, Dead: flows.Options.Dead,
		},
	}
	return e.Erase(p.ctx, r.flows[0], ids)
}

// traces tells where an Id can still be found: in which tables of the
// warehouse, and in which stored pages.
func (r *rig) traces(id string) []string {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	var found []string
	for _, table := range p.query("SELECT CAST(table_schema || '.' || table_name AS VARCHAR) FROM information_schema.tables WHERE table_type = 'BASE TABLE'") {
		if strings.HasSuffix(*table[0], "_erased") || strings.HasSuffix(*table[0], "_tombstone") {
			continue
		}
		if rows := p.query("SELECT CAST(count(*) AS VARCHAR) FROM " + *table[0] + " x WHERE CAST(x AS VARCHAR) LIKE '%" + id + "%'"); *rows[0][0] != "0" {
			found = append(found, *table[0])
		}
	}
	r.must(filepath.WalkDir(r.path("stage"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.HasSuffix(path, ".gz") {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		if bytes.Contains(data, []byte(id)) {
			found = append(found, d.Name())
		}
		return nil
	}))
	return found
}

// keep lets stored pages stay for a while, as they do by default.
func keep(p *process) { p.options.Keep = 30 * 24 * time.Hour }

// erasable is a rig whose Contacts have a history and stored pages, with a
// record that was deleted for good.
func erasable(t *testing.T) (*rig, string) {
	org := newOrg(t, map[string]int{"Contact": 20}, nil)
	r := newRig(t, org, "Contact", "ContactHistory")
	r.must(org.TrackHistory("Contact", "Title"))
	r.flows[1].Deletes = flow.Ignore
	id := r.ids("Contact")[2]
	r.set(id, "Title", "CEO")
	r.set(r.ids("Contact")[3], "Title", "CFO")
	r.later(time.Hour)
	r.done(keep)
	r.later(time.Hour)
	r.must(org.Purge(id))
	r.later(time.Hour)
	r.done(keep)
	return r, id
}

func TestErase(t *testing.T) {
	r, id := erasable(t)
	if got := r.traces(id); len(got) < 3 {
		t.Fatalf("before: %v", got)
	}
	got, err := r.erase(nil, id)
	if err != nil || len(got) != 2 || got[0].Object != "ContactHistory" || got[0].Rows != 1 || got[1].Rows != 1 || got[1].Pages < 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if left := r.traces(id); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	p := r.start(nil)
	if log := p.query("SELECT CAST(record_key AS VARCHAR) FROM salesforce_incremental._catchment_erased ORDER BY table_name"); len(log) != 2 || *log[0][0] != id {
		t.Errorf("log %v", log)
	}
	p.close()
	for _, change := range []func(*process){nil, full, nil} { // nothing brings it back
		r.later(time.Hour)
		r.done(change)
		if left := r.traces(id); len(left) > 0 {
			t.Errorf("came back to %v", left)
		}
	}
	p = r.start(nil)
	p.sameAs(r.flows[0], false)
	p.close()
}

// What Salesforce still has would come back: it is refused.
func TestEraseRefuses(t *testing.T) {
	r := small(t, "Contact", 20)
	r.done(nil)
	ids := r.ids("Contact")
	if _, err := r.erase(nil, ids[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "still in Salesforce") {
		t.Error(err)
	}
	r.delete(ids[0])
	if _, err := r.erase(nil, ids[0]); plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "recycle bin") {
		t.Error(err)
	}
	r.later(time.Hour)
	r.done(nil)
	r.same()
}

// A job of a run that was killed still holds the record, and its pages come
// late: they don't bring it back.
func TestEraseBeforeALatePage(t *testing.T) {
	r := small(t, "Contact", 20)
	r.flows[0].Mover = flow.Bulk
	r.done(nil)
	r.later(time.Hour)
	ids := r.ids("Contact")
	r.set(ids[2], "Title", "CEO")
	r.later(time.Hour)
	stop := make(chan struct{})
	r.run(func(p *process) { // stopped before it loads
		keep(p)
		p.options.Stop = stop
		p.before = func(step string, _ plan.Task) {
			if step == "start" {
				close(stop)
			}
		}
	})
	r.must(r.org.Purge(ids[2]))
	if _, err := r.erase(nil, ids[2]); err != nil {
		t.Fatal(err)
	}
	r.later(time.Hour)
	r.done(nil)
	if left := r.traces(ids[2]); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	r.same()
}

// An erasure may die at any moment: done again, it ends the same.
func TestEraseCrashes(t *testing.T) {
	template, id := erasable(t)
	f := &fate{}
	if _, err := template.fork(t).erase(f, id); err != nil {
		t.Fatal(err)
	}
	every := *crashEvery
	if every == 0 {
		every = max(1, f.moments/8)
	}
	for n := 1; n <= f.moments; n += every {
		r := template.fork(t)
		if _, err := r.erase(&fate{at: n}, id); err == nil {
			t.Errorf("moment %d: it should have died", n)
		}
		if _, err := r.erase(nil, id); err != nil {
			t.Fatalf("died at %d of %d, again: %v", n, f.moments, err)
		}
		if left := r.traces(id); len(left) > 0 {
			t.Fatalf("died at %d of %d: left in %v", n, f.moments, left)
		}
		r.later(time.Minute)
		if row := r.run(nil); row.State != control.Done {
			t.Fatalf("died at %d of %d: %+v", n, f.moments, row)
		}
	}
}
