package tidy_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/files/tidy"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

// withBodies is a rig whose stage has a body that a file has, and one that none has.
func withBodies(t *testing.T) (r *rig.Rig, unnamed string) {
	org := rig.NewOrg(t, map[string]int{"Account": 3}, nil)
	if err := org.GenerateFiles(fakeorg.Files{Attachments: 2}); err != nil {
		t.Fatal(err)
	}
	r = rig.New(t, org, "Attachment")
	r.Done(nil)
	rig.PutBodies(r, "Attachment", map[string]string{r.IDs("Attachment")[0]: "named"})
	p := r.Start(nil)
	defer p.Close()
	sum := sha256.Sum256([]byte("unnamed"))
	unnamed = hex.EncodeToString(sum[:])
	_, err := p.Stage.Put(p.Ctx, body.Key(unnamed), strings.NewReader("unnamed"))
	r.Must(err)
	return r, unnamed
}

// tidier is one of a process, for which the bodies are so old.
func tidier(p *rig.Process, old time.Duration) *tidy.Tidier {
	catalog, _ := bodies.CatalogOf(p.Warehouse)
	register, _ := bodies.Of(p.Warehouse)
	newest := time.Time{}
	for info, err := range p.Stage.List(p.Ctx, body.Prefix) {
		p.Must(err)
		if info.Written.After(newest) {
			newest = info.Written
		}
	}
	return &tidy.Tidier{
		Register: struct {
			bodies.Catalog
			bodies.Register
		}{catalog, register},
		Stage: p.Stage, Age: 24 * time.Hour, Now: func() time.Time { return newest.Add(old) },
		Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: "tidy", Name: "tidy"},
	}
}

func TestTidy(t *testing.T) {
	t.Parallel()
	r, unnamed := withBodies(t)
	p := r.Start(nil)
	var found []tidy.Found
	each := func(f tidy.Found) error {
		found = append(found, f)
		return nil
	}
	sums, err := tidier(p, time.Hour).Remove(p.Ctx, each)
	if err != nil || sums != (tidy.Sums{Young: 1}) || len(found) > 0 {
		t.Errorf("too young: %+v, %v, %v", sums, found, err)
	}
	for _, remove := range []bool{false, true} {
		found = nil
		old := tidier(p, 48*time.Hour)
		find := old.Unnamed
		if remove {
			find = old.Remove
		}
		sums, err := find(p.Ctx, each)
		if err != nil || sums != (tidy.Sums{Bodies: 1, Bytes: 7}) || len(found) != 1 || found[0].SHA256 != unnamed {
			t.Errorf("remove %v: %+v, %v, %v", remove, sums, found, err)
		}
	}
	if _, err := p.Stage.Open(p.Ctx, body.Key(unnamed)); !errors.Is(err, blob.ErrNotFound) {
		t.Error(err)
	}
	if sums, err := tidier(p, 48*time.Hour).Remove(p.Ctx, each); err != nil || sums != (tidy.Sums{}) {
		t.Errorf("again: %+v, %v", sums, err)
	}
	p.Close()
	if stored, named := rig.CountBodies(r, "Attachment"); stored != 1 || named != 1 {
		t.Errorf("%d bodies, %d lines", stored, named)
	}
}

// While a run is at files, of whatever kind, nothing is removed.
func TestTidyBesideARun(t *testing.T) {
	t.Parallel()
	r, _ := withBodies(t)
	p := r.Start(nil)
	for _, object := range body.Objects() {
		other := rig.Hold(p, "a run", object)
		_, err := tidier(p, 48*time.Hour).Remove(p.Ctx, func(tidy.Found) error { return nil })
		if held, ok := errors.AsType[*control.Held](err); !ok || plan.ClassOf(err) != plan.Wait {
			t.Errorf("%s: %v, %v", object, held, err)
		}
		r.Must(other.Close(p.Ctx))
	}
	p.Close()
	if stored, _ := rig.CountBodies(r, "Attachment"); stored != 2 {
		t.Errorf("%d bodies", stored)
	}
}

// A body that got a name since the walk came by stays.
func TestNamedMeanwhile(t *testing.T) {
	t.Parallel()
	r, unnamed := withBodies(t)
	p := r.Start(nil)
	late := tidier(p, 48*time.Hour)
	late.Register = hasty{late.Register, unnamed}
	sums, err := late.Remove(p.Ctx, func(tidy.Found) error { return nil })
	if err != nil || sums != (tidy.Sums{}) {
		t.Errorf("%+v, %v", sums, err)
	}
	p.Close()
	if stored, _ := rig.CountBodies(r, "Attachment"); stored != 2 {
		t.Errorf("%d bodies", stored)
	}
}

// A hasty register names a body as soon as it is asked about that.
type hasty struct {
	tidy.Register
	late string
}

func (h hasty) Named(ctx context.Context, digests []string) (map[string]bool, error) {
	named, err := h.Register.Named(ctx, digests)
	named[h.late] = true
	return named, err
}
