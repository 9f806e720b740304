package replicate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

// withFiles is a rig for an org with files, each of whose flows copies bodies.
func withFiles(t *testing.T, files fakeorg.Files, which body.Which, objects ...string) *rig.Rig {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"Account": 5}, nil)
	if err := org.GenerateFiles(files); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, objects...)
	for i := range r.Flows {
		r.Flows[i].Bodies = which
	}
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	return r
}

// register looks at the register of an object, by Id.
func register(r *rig.Rig, object string) map[string]bodies.Line {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	known, _ := bodies.Of(p.Warehouse)
	lines, err := known.Lines(r.T.Context(), object, "", 1_000_000)
	if err != nil {
		r.T.Fatal(err)
	}
	all := map[string]bodies.Line{}
	for _, l := range lines {
		all[l.ID] = l
	}
	return all
}

// stored checks that each body that the register names is in the blob store, and is what its
// name says.
func stored(r *rig.Rig, lines map[string]bodies.Line) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for id, l := range lines {
		if l.State != bodies.Copied {
			continue
		}
		sum, size := sumOf(r.T, p.Stage, body.Key(l.SHA256))
		if sum != l.SHA256 || size != l.Size {
			r.T.Errorf("%s: %d bytes of %s, the register says %+v", id, size, sum, l)
		}
	}
}

func sumOf(t *testing.T, store blob.Store, key string) (string, int64) {
	t.Helper()
	in, err := store.Open(t.Context(), key)
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer in.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, in)
	if err != nil {
		t.Error(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), size
}

func TestBodies(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 40, External: 2, Attachments: 7, Documents: 3, Size: 1000}, body.All,
		"ContentVersion", "Attachment", "Document")
	calls := r.Calls(func() { r.Done(nil) })
	if calls["body"] != 40-2+7+3 {
		t.Error(calls)
	}
	for object, want := range map[string]int{"ContentVersion": 40, "Attachment": 7, "Document": 3} {
		lines := register(r, object)
		if len(lines) != want {
			t.Errorf("%d files of %s", len(lines), object)
		}
		stored(r, lines)
	}
	r.Later(1)
	if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != 0 {
		t.Error(calls)
	}
}
