package erase_test

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

// withBodies is a rig with Attachments whose bodies are copied: that of the first one is its own,
// the second and the third have the same one.
func withBodies(t *testing.T) (r *rig.Rig, ids []string) {
	org := rig.NewOrg(t, map[string]int{"Account": 3}, nil)
	if err := org.GenerateFiles(fakeorg.Files{Attachments: 6}); err != nil {
		t.Fatal(err)
	}
	org.Clock().Advance(time.Hour)
	r = rig.New(t, org, "Attachment")
	r.Done(nil)
	ids = r.IDs("Attachment")[:3]
	p := r.Start(nil)
	defer p.Close()
	held := holding(p, "test", "Attachment")
	mark, _, err := held.Mark(t.Context())
	r.Must(err)
	_, _, err = held.Claim(t.Context(), mark.Table, mark.Org)
	r.Must(err)
	register, _ := bodies.Of(p.Warehouse)
	var lines []bodies.Line
	for i, text := range []string{"own", "shared", "shared"} {
		sum := sha256.Sum256([]byte(text))
		digest := hex.EncodeToString(sum[:])
		_, _ = p.Stage.Put(t.Context(), body.Key(digest), strings.NewReader(text)) // the third is there
		lines = append(lines, bodies.Line{ID: ids[i], State: bodies.Copied, SHA256: digest, Size: int64(len(text))})
	}
	r.Must(register.Write(t.Context(), held.Fence(), "Attachment", lines))
	r.Must(held.Close(t.Context()))
	return r, ids
}

func holding(p *rig.Process, run, object string) *lease.Lease {
	held, err := lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: run, Name: run}.Hold(p.Ctx, object)
	p.Must(err)
	return held
}

// stored counts the bodies in the stage, and registered the lines of the register.
func stored(r *rig.Rig) (stored, registered int) {
	p := r.Start(nil)
	defer p.Close()
	for _, err := range p.Stage.List(p.Ctx, body.Prefix) {
		r.Must(err)
		stored++
	}
	register, _ := bodies.Of(p.Warehouse)
	lines, err := register.Lines(p.Ctx, "Attachment", "", 100)
	r.Must(err)
	return stored, len(lines)
}

func purge(r *rig.Rig, ids ...string) {
	for _, id := range ids {
		r.Must(r.Org.Purge(id))
	}
	r.Later(time.Hour)
	r.Done(nil)
}

// The body of a file that is erased goes, unless another file has it: then with the last of them.
func TestEraseBodies(t *testing.T) {
	t.Parallel()
	r, ids := withBodies(t)
	purge(r, ids...)
	got, err := r.Erase(nil, ids[0], ids[1])
	if err != nil || len(got) != 1 || got[0].Bodies != 1 || got[0].Shared != 1 || got[0].Rows != 2 {
		t.Errorf("%+v, %v", got, err)
	}
	if s, n := stored(r); s != 1 || n != 1 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
	got, err = r.Erase(nil, ids[2])
	if err != nil || got[0].Bodies != 1 || got[0].Shared != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if s, n := stored(r); s != 0 || n != 0 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
	for _, id := range ids {
		if left := r.Traces(id); len(left) > 0 {
			t.Errorf("%s is left in %v", id, left)
		}
	}
}

// While another run may be about to have the same body, none is removed.
func TestEraseBodiesBesideARun(t *testing.T) {
	t.Parallel()
	r, ids := withBodies(t)
	purge(r, ids[0])
	r.Begun = func(p *rig.Process) { p.Options.Alone, p.Options.Dead = false, nil } // others may live
	p := r.Start(nil)
	defer p.Close()
	other := holding(p, "other", "ContentVersion")
	_, err := r.Erase(nil, ids[0])
	if plan.ClassOf(err) != plan.Wait || !strings.Contains(err.Error(), "ContentVersion") {
		t.Error(err)
	}
	if s, n := stored(r); s != 2 || n != 3 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
	r.Must(other.Close(t.Context()))
	if _, err := r.Erase(nil, ids[0]); err != nil {
		t.Error(err)
	}
	if s, n := stored(r); s != 1 || n != 2 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
}

// It may die at any moment: done again, it ends the same.
func TestEraseBodiesCrashes(t *testing.T) {
	t.Parallel()
	template, ids := withBodies(t)
	purge(template, ids...)
	f := &rig.Fate{}
	if _, err := template.Fork(t).Erase(f, ids...); err != nil {
		t.Fatal(err)
	}
	every := *crashEvery
	if every == 0 {
		every = max(1, f.Moments/8)
	}
	for n := 1; n <= f.Moments; n += every {
		r := template.Fork(t)
		if _, err := r.Erase(&rig.Fate{At: n}, ids...); err == nil {
			t.Errorf("moment %d: it should have died", n)
		}
		if _, err := r.Erase(nil, ids...); err != nil {
			t.Fatalf("died at %d of %d, again: %v", n, f.Moments, err)
		}
		if s, lines := stored(r); s != 0 || lines != 0 {
			t.Fatalf("died at %d of %d: %d bodies, %d lines", n, f.Moments, s, lines)
		}
	}
}
