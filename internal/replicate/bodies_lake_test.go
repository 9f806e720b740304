package replicate_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// TestBodiesInALake copies bodies into a lake, proves them, mends one that was lost, and erases one.
func TestBodiesInALake(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 20, External: 2, Attachments: 5, Documents: 2, Size: 500}, body.All,
		"Attachment", "ContentVersion", "Document") // the first is erased from
	r.Shelf = shelfOf(t, "lake")
	if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != 20-2+5+2 {
		t.Error(calls)
	}
	for object, want := range map[string]int{"ContentVersion": 20, "Attachment": 5, "Document": 2} {
		lines := register(r, object)
		if len(lines) != want {
			t.Errorf("%d files of %s", len(lines), object)
		}
		stored(r, lines)
	}
	r.Later(time.Hour)
	if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != 0 {
		t.Error(calls)
	}

	proven := func(lost, dropped int64, repair bool) {
		t.Helper()
		p := r.Start(nil)
		defer p.Close()
		v := p.Verifier()
		v.Options.Method, v.Options.Repair = verify.Values, repair
		res, err := v.Flow(p.Ctx, r.Flows[1])
		r.Must(err)
		if b := res.Bodies; b == nil || b.Lost != lost || b.Dropped != dropped || b.Copied+b.Nothing+lost < 20 {
			t.Errorf("%+v", b)
		}
	}
	proven(0, 0, false)
	for _, l := range register(r, "ContentVersion") {
		if l.SHA256 != "" {
			p := r.Start(nil)
			r.Must(p.Stage.Delete(t.Context(), body.Key(l.SHA256)))
			p.Close()
			break
		}
	}
	proven(1, 0, false)
	proven(1, 1, true)
	if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != 1 {
		t.Error(calls)
	}
	proven(0, 0, false)

	id := r.IDs("Attachment")[0]
	r.Must(r.Org.Purge(id))
	r.Later(time.Hour)
	r.Done(nil)
	got, err := r.Erase(nil, id)
	if err != nil || got[0].Bodies != 1 || got[0].Rows != 1 {
		t.Errorf("%+v, %v", got, err)
	}
	if lines := register(r, "Attachment"); len(lines) != 4 || lines[id].ID != "" {
		t.Errorf("%d lines", len(lines))
	}
}

// TestKilledAmongBodiesInALake has a run die at any moment while it reads bodies into a lake. The next one reads none
// of them twice, but for what was under way, and each file has one line.
func TestKilledAmongBodiesInALake(t *testing.T) {
	t.Parallel()
	const files = 24
	fresh := func(t *testing.T) *rig.Rig {
		r := withFiles(t, fakeorg.Files{Versions: files, Size: 500}, body.All, "ContentVersion")
		r.Keeps("ContentVersion", "Title")
		r.Shelf = shelfOf(t, "lake")
		return r
	}
	var whole rig.Fate
	p := fresh(t).Start(&whole)
	p.Run()
	p.Close()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d, %d moments", seed, whole.Moments)
	draw := rand.New(rand.NewPCG(seed, 1)) // #nosec G115 -- it is no secret
	for life := range 8 {
		at := whole.Moments/3 + draw.IntN(whole.Moments*2/3)
		t.Run(fmt.Sprintf("%d at %d", life, at), func(t *testing.T) { // a moment may be drawn twice
			t.Parallel()
			r := fresh(t)
			calls := r.Calls(func() {
				p := r.Start(&rig.Fate{At: at})
				p.Run()
				p.Close()
				r.Later(time.Hour)
				r.Done(nil)
			})
			if calls["body"] < files || calls["body"] > files+2 {
				t.Errorf("%d calls for %d files, killed at %d of %d moments", calls["body"], files, at, whole.Moments)
			}
			lines := register(r, "ContentVersion")
			if len(lines) != files {
				t.Errorf("%d lines", len(lines))
			}
			stored(r, lines)
		})
	}
}
