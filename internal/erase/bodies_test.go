package erase_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/rig"
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
	rig.PutBodies(r, "Attachment", map[string]string{ids[0]: "own", ids[1]: "shared", ids[2]: "shared"})
	return r, ids
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
	if s, n := rig.CountBodies(r, "Attachment"); s != 1 || n != 1 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
	got, err = r.Erase(nil, ids[2])
	if err != nil || got[0].Bodies != 1 || got[0].Shared != 0 {
		t.Errorf("%+v, %v", got, err)
	}
	if s, n := rig.CountBodies(r, "Attachment"); s != 0 || n != 0 {
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
	other := rig.Hold(p, "other", "ContentVersion")
	_, err := r.Erase(nil, ids[0])
	if plan.ClassOf(err) != plan.Wait || !strings.Contains(err.Error(), "ContentVersion") {
		t.Error(err)
	}
	if s, n := rig.CountBodies(r, "Attachment"); s != 2 || n != 3 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
	r.Must(other.Close(t.Context()))
	if _, err := r.Erase(nil, ids[0]); err != nil {
		t.Error(err)
	}
	if s, n := rig.CountBodies(r, "Attachment"); s != 1 || n != 2 {
		t.Errorf("%d bodies, %d lines", s, n)
	}
}

// It may die at any moment: done again, it ends the same.
func TestEraseBodiesCrashes(t *testing.T) {
	t.Parallel()
	template, ids := withBodies(t)
	purge(template, ids...)
	eraseDying(t, template, ids, func(r *rig.Rig, died string) {
		if s, lines := rig.CountBodies(r, "Attachment"); s != 0 || lines != 0 {
			t.Fatalf("%s: %d bodies, %d lines", died, s, lines)
		}
	})
}
