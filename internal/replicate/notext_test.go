package replicate_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/rig"
)

// Half of a pair of UTF-16 is no character: it comes as an escape by REST and as
// three bytes by Bulk, is counted, named, and replaced by U+FFFD in the warehouse,
// the same by both. The stored page keeps it, and verify sees what a run sees.
func TestNoText(t *testing.T) {
	t.Parallel()
	for _, warehouse := range []string{"duckdb", "postgres", "redshift"} {
		for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
			t.Run(warehouse+"/"+string(mover), func(t *testing.T) {
				t.Parallel()
				r := rig.Small(t, "Contact", 20)
				r.Shelf = rig.NewShelf(t, &cluster, warehouse)
				r.Flows[0].Mover = mover
				ids := r.IDs("Contact")
				noText(r, ids[2], ids[9])
			})
		}
	}
}

// noText copies two records that hold what is no text.
func noText(r *rig.Rig, one, other string) {
	const low, high = "\xed\xb0\x80", "\xed\xa0\xbd"
	r.Must(r.Org.Drift(one, "Title", low+"be\"fore\r\n"+high))
	r.Must(r.Org.Drift(other, "Description", "é😀"+high+high))
	r.Later(time.Minute)
	r.Flows[0].NUL = flow.Fail
	o := r.Run(nil).Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, "no text") ||
		!strings.Contains(o.Error, one) && !strings.Contains(o.Error, other) ||
		!strings.Contains(o.Error, "Title") && !strings.Contains(o.Error, "Description") ||
		strings.Contains(o.Error, "fore") || o.Hint == "" {
		r.T.Errorf("nul: fail: %+v", o)
	}
	r.Flows[0].NUL = flow.Replace
	o = r.Done(rig.Keep).Objects[0]
	notes, want := strings.Join(o.Notes, "\n"), "4 characters that are no text were replaced by U+FFFD, the first in "
	if !strings.Contains(notes, want+one+".Title") && !strings.Contains(notes, want+other+".Description") {
		r.T.Errorf("notes %q", o.Notes)
	}
	table := r.Table("Contact")
	if got := table[one].Values["title"]; got != "\uFFFDbe\"fore\r\n\uFFFD" {
		r.T.Errorf("title is %q", got)
	}
	if got := table[other].Values["description"]; got != "é😀\uFFFD\uFFFD" {
		r.T.Errorf("description is %q", got)
	}
	r.Same()
	if res := r.Verified(r.Flows[0], rig.Values); res.Difference.Missing+res.Difference.Extra+res.Difference.Stale > 0 {
		r.T.Errorf("verify: %+v", res)
	}
	stored := ""
	p := r.Start(nil)
	defer p.Close()
	for info, err := range p.Stage.List(p.Ctx, "") {
		r.Must(err)
		stored += r.Stored(p, info.Key)
	}
	if !strings.Contains(stored, low+"be\"\"fore\r\n"+high) {
		r.T.Error("the stored page isn't what came")
	}
}
