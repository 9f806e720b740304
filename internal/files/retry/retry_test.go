package retry_test

import (
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/files/retry"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

// What is kept aside is tried again by the next run once somebody says so, all of it or some; what
// is copied stays as it is.
func TestRetry(t *testing.T) {
	t.Parallel()
	org := rig.NewOrg(t, map[string]int{"Account": 3}, nil)
	if err := org.GenerateFiles(fakeorg.Files{Attachments: 4}); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, "Attachment")
	r.Flows[0].Bodies = body.All
	ids := r.IDs("Attachment")
	for _, id := range ids[:2] {
		org.Fault(fakeorg.Rule{Path: "/" + id + "/", Answer: "insufficient-access"})
	}
	r.Done(nil)
	org.ClearFaults()
	held := func(p *rig.Process) {
		other := rig.Hold(p, "a run", "Attachment")
		if _, err := retrier(p).Retry(p.Ctx, nil); plan.ClassOf(err) != plan.Wait {
			t.Error(err)
		}
		r.Must(other.Close(p.Ctx))
	}
	retries := func(want int64, ids ...string) func(*rig.Process) {
		return func(p *rig.Process) {
			if n, err := retrier(p).Retry(p.Ctx, ids); n != want || err != nil {
				t.Errorf("%d files, want %d: %v", n, want, err)
			}
		}
	}
	in(r, held)
	in(r, retries(1, ids[1], ids[2]))
	copied(r, 3)
	in(r, retries(1))
	copied(r, 4)
	in(r, retries(0))
}

// in does f in a process of its own.
func in(r *rig.Rig, f func(*rig.Process)) {
	p := r.Start(nil)
	defer p.Close()
	f(p)
}

func retrier(p *rig.Process) *retry.Retrier {
	register, _ := bodies.Of(p.Warehouse)
	return &retry.Retrier{Register: register, Now: p.Options.Now,
		Holder: lease.Holder{Control: p.Control, Warehouse: p.Warehouse, Run: "retry", Name: "retry"}}
}

// copied counts the bodies that are, after another run.
func copied(r *rig.Rig, want int) {
	r.T.Helper()
	r.Later(time.Minute)
	r.Done(nil)
	in(r, func(p *rig.Process) {
		register, _ := bodies.Of(p.Warehouse)
		lines, err := register.Lines(p.Ctx, "Attachment", "", 10)
		r.Must(err)
		n := 0
		for _, l := range lines {
			if l.State == bodies.Copied {
				n++
			}
		}
		if n != want || len(lines) != 4 {
			r.T.Errorf("%d of %d are copied, want %d", n, len(lines), want)
		}
	})
}
