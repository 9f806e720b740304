package removal_test

import (
	"context"
	"io"
	"os"

	"strings"
	"testing"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/restored"
	"catchment/internal/blob"
	"catchment/internal/flow"
	"catchment/internal/rig"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/shape"
)

// watched has runs look whether the warehouse knows what was archived, as a project does, under the policy
// that takes rows away.
func (h *house) watched() {
	for i := range h.Flows {
		h.Flows[i].Deletes = flow.Remove
	}
	h.Begun = func(p *rig.Process) {
		p.Options.AllowDeletes = true
		p.Options.Archived = func(ctx context.Context, f warehouse.Fence, t shape.Table) (string, error) {
			found, err := restored.Watch{Store: p.Stage, Warehouse: p.Warehouse}.Look(ctx, f, t)
			return found.Note(), err
		}
	}
}

func (h *house) backup() []byte {
	h.t.Helper()
	file, err := os.ReadFile(h.Path("warehouse.duckdb"))
	h.Must(err)
	return file
}

func (h *house) restore(file []byte) {
	h.t.Helper()
	h.Must(os.WriteFile(h.Path("warehouse.duckdb"), file, 0o600))
}

// purged empties the recycle bin of all that was deleted.
func (h *house) purged() {
	h.t.Helper()
	for _, name := range h.gone() {
		h.Must(h.Org.Purge(h.ids[name]))
	}
}

// agrees holds the ledger against the evidence.
func (h *house) agrees() {
	h.t.Helper()
	p := h.Start(nil)
	defer p.Close()
	account, err := evidence.Check(p.Ctx, p.Stage, h.plan)
	h.Must(err)
	ledger, _ := archived.Of(p.Warehouse)
	tally, err := ledger.Tally(p.Ctx, h.plan)
	h.Must(err)
	if err := account.Against(tally); err != nil {
		h.t.Error(err)
	}
}

// A backup of the warehouse may be of every moment of an archive: once it is brought back, no run takes a row
// away whose record has left Salesforce, under the policy that removes, a whole reading included.
func TestRestoredAtEveryMoment(t *testing.T) {
	t.Parallel()
	first := &rig.Fate{}
	h := deathbed(t, "duckdb")
	if _, err := h.run(first, nil); err != nil {
		t.Fatal(err)
	}
	every := max(1, *crashEvery)
	if *crashEvery == 0 {
		every = first.Moments / 12
	}
	for n := *crashFirst; n <= first.Moments; n += every {
		h := deathbed(t, "duckdb")
		h.watched()
		_, _ = h.run(&rig.Fate{At: n}, nil) // the backup is of when it died
		before := h.backup()
		if _, err := h.run(nil, nil); err != nil {
			t.Fatal(err)
		}
		gone := h.gone()
		h.purged()
		h.restore(before)
		h.Later(time.Hour)
		if n%2 == 0 {
			p := h.Start(&rig.Fate{At: 40 + n%70}) // a run that dies somewhere, maybe while it marks
			if p.Control != nil {
				p.Run()
			}
			p.Close()
			h.Later(time.Hour)
		}
		h.Done(rig.Full)
		h.keptRows(gone)
		h.agrees()
		if t.Failed() {
			t.Fatalf("the backup was made at moment %d of %d", n, first.Moments)
		}
	}
}

// keptRows are there still, of all records that have left.
func (h *house) keptRows(gone []string) {
	h.t.Helper()
	rows := map[string][]string{}
	for _, table := range []string{"account", "visit__c"} {
		for id, row := range h.Texts(table, "id", "_catchment_delete_reason") {
			rows[h.names[id]] = row
		}
	}
	for _, name := range gone {
		if row := rows[name]; !strings.Contains(name, "memo") && (row == nil || row[1] != "archived") {
			h.t.Errorf("the row of %s is %q", name, row)
		}
	}
}

// What finds out costs nothing to speak of, and changes nothing where the warehouse is up to date.
func TestNothingForgotten(t *testing.T) {
	t.Parallel()
	h := deathbed(t, "duckdb")
	h.watched()
	if _, err := h.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	h.Later(time.Hour)
	for _, o := range h.Done(nil).Objects {
		for _, note := range o.Notes {
			if strings.Contains(note, "backup") {
				t.Errorf("%s: %s", o.Object, note)
			}
		}
	}
	p := h.Start(nil)
	defer p.Close()
	var opened []string
	watch := restored.Watch{Store: readers{p.Stage, &opened}, Warehouse: p.Warehouse}
	found, err := watch.Look(p.Ctx, warehouse.Fence{}, p.TableOf(h.Flows[0]))
	if err != nil || found != (restored.Found{}) || len(opened) != 1 {
		t.Errorf("%+v, %v; it has read %q", found, err, opened)
	}
}

// A repair looks before it mends, and says what it found: rows that the backup doesn't have, or has as they were.
func TestRestoredAndRepaired(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.watched()
	h.family("one")
	h.family("two")
	h.single("held")
	h.Done(nil)
	before := h.backup()
	h.Must(h.Org.Update(h.ids["two v1"], map[string]any{"Text__c": "later"}))
	h.family("three")
	h.ready([]string{"one", "two", "three"}, []string{"held"})
	if _, err := h.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	h.purged()
	h.restore(before)
	h.Later(time.Hour)
	p := h.Start(nil)
	v := p.Verifier()
	v.Options.Repair, v.Options.AllowDeletes, v.Options.Archived = true, true, p.Options.Archived
	var notes []string
	for _, fl := range h.Flows[:3] {
		res, err := v.Flow(p.Ctx, fl)
		h.Must(err)
		notes = append(notes, res.Note)
	}
	p.Close()
	want := []string{"2 rows of it are marked as archived again; 1 archived records have no row any more",
		"4 rows of it are marked as archived again; 2 archived records have no row any more, and the rows of 1 aren't",
		"4 rows of it are marked as archived again; 2 archived records have no row any more"}
	for i := range want {
		if !strings.Contains(notes[i], want[i]) {
			t.Errorf("%q, want %q", notes[i], want[i])
		}
	}
	for name, end := range h.ends() {
		reason := ""
		switch {
		case strings.HasPrefix(name, "held"):
			if end != "held: a hold keeps it" {
				t.Errorf("%s is %q", name, end)
			}
			continue
		case strings.HasPrefix(name, "three"):
			reason = ": " + restored.NoRow
		case name == "two v1":
			reason = ": " + restored.OtherRow
		}
		if end != "deleted"+reason {
			t.Errorf("%s is %q", name, end)
		}
	}
	h.agrees()

}

// readers is a store that notes what is opened.
type readers struct {
	blob.Store
	opened *[]string
}

func (r readers) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	*r.opened = append(*r.opened, key)
	return r.Store.Open(ctx, key)
}

// Where the evidence itself is gone, nothing is read: nobody knows which rows are the last copies.
func TestRestoredWithoutEvidence(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.watched()
	h.family("one")
	h.ready([]string{"one"}, nil)
	before := h.backup()
	if _, err := h.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	h.restore(before)
	h.Must(os.RemoveAll(h.Path("stage/archive/" + h.plan)))
	h.Later(time.Hour)
	p := h.Start(nil)
	defer p.Close()
	row := p.Run()
	for _, o := range row.Objects[:3] {
		if !strings.Contains(o.Error, "the evidence of that is gone") || !strings.Contains(o.Hint, "from a copy") {
			t.Errorf("%s: %s, hint: %s", o.Object, o.Error, o.Hint)
		}
	}
}
