package verify_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// filed is a rig with Attachments: the first five have bodies in the copy, two of them the same one.
func filed(t *testing.T) (*rig.Rig, []string) {
	org := rig.NewOrg(t, map[string]int{"Account": 3}, nil)
	if err := org.GenerateFiles(fakeorg.Files{Attachments: 6}); err != nil {
		t.Fatal(err)
	}
	org.Clock().Advance(time.Hour)
	r := rig.New(t, org, "Attachment")
	r.Done(nil)
	ids := r.IDs("Attachment")
	rig.PutBodies(r, "Attachment", map[string]string{
		ids[0]: "one", ids[1]: "two", ids[2]: "three", ids[3]: "same", ids[4]: "same",
	})
	r.Flows[0].Bodies = body.All
	return r, ids
}

// spoil changes the file of a body in the stage, or takes it away where the text is "".
func spoil(r *rig.Rig, old, text string) {
	r.T.Helper()
	done := 0
	r.Must(filepath.WalkDir(r.Path("stage"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		had, err := os.ReadFile(path)
		if err != nil || string(had) != old {
			return err
		}
		done++
		if text == "" {
			return os.Remove(path)
		}
		return os.WriteFile(path, []byte(text), 0o600)
	}))
	if done != 1 {
		r.T.Fatalf("%d bodies are %q", done, old)
	}
}

func compared(r *rig.Rig, change func(*verify.Options)) verify.Result {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	v := p.Verifier()
	change(&v.Options)
	res, err := v.Flow(p.Ctx, r.Flows[0])
	r.Must(err)
	if res.Bodies == nil {
		r.T.Fatal("no bodies")
	}
	return res
}

func stamps(*verify.Options) {}

func values(o *verify.Options) { o.Method, o.Sample = verify.Values, 10 }

func mending(o *verify.Options) { o.Method, o.Repair = verify.Values, true }

func TestVerifyBodies(t *testing.T) {
	t.Parallel()
	r, ids := filed(t)
	for _, method := range []func(*verify.Options){stamps, values} {
		res := compared(r, method)
		if b := res.Bodies; res.Differs() || b.Lost+b.Resized+b.Changed != 0 || len(b.IDs) > 0 {
			t.Errorf("%+v", b)
		}
	}
	spoil(r, "one", "")
	spoil(r, "two", "twoo")
	spoil(r, "same", "Same")
	res := compared(r, stamps)
	if b := res.Bodies; !res.Differs() || res.Remaining() != 2 || b.Lost != 1 || b.Resized != 1 || b.Changed != 0 ||
		b.ReadBack != 0 || len(b.IDs) != 2 {
		t.Errorf("%+v", b)
	}
	res = compared(r, values)
	b := res.Bodies
	slices.Sort(b.IDs)
	if res.Remaining() != 3 || b.Lost != 1 || b.Resized != 1 || b.Changed != 1 || b.ReadBack != 2 ||
		!slices.Equal(b.IDs, []string{ids[0], ids[1], ids[3], ids[4]}) {
		t.Errorf("%+v", b)
	}
	if c := verify.Certify([]verify.Result{res}, "", "", time.Time{}); c.Agrees || c.Objects[0].Bodies.Lost != 1 {
		t.Errorf("%+v", c.Objects[0])
	}
}

// A repair has the next run read what the org still has. Of a file that it has no more, even
// what is wrong stays: it may be all that there is.
func TestRepairBodies(t *testing.T) {
	t.Parallel()
	r, ids := filed(t)
	r.Delete(ids[0])
	r.Later(time.Hour)
	r.Flows[0].Bodies = ""
	r.Done(nil)
	r.Flows[0].Bodies = body.All
	spoil(r, "one", "One")
	spoil(r, "two", "Two")
	spoil(r, "three", "")
	res := compared(r, mending)
	if b := res.Bodies; res.Remaining() != 1 || b.Lost != 1 || b.Changed != 2 || b.Dropped != 2 {
		t.Errorf("%+v", b)
	}
	if s, n := rig.CountBodies(r, "Attachment"); s != 2 || n != 3 { // "One" and "same"; of ids[0], [3] and [4]
		t.Errorf("%d bodies, %d lines", s, n)
	}
	if b := compared(r, values).Bodies; b.Lost != 0 || b.Changed != 1 || !slices.Equal(b.IDs, ids[:1]) {
		t.Errorf("%+v", b)
	}
}
