package trial

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/rig"
)

// A whole archive: what was planned is gone, each with an equal copy, and nothing else.
func TestWholeArchive(t *testing.T) {
	t.Parallel()
	h := newHouse(t, 3, nil)
	h.furnish(8)
	h.copied(true)
	pol := oldCases()
	name := h.planned(pol)
	h.approve(name)
	status, err := h.carryOut(nil, pol, name, nil)
	if err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	h.judge(name)
	h.Later(time.Hour)
	h.Done(rig.AllowDeletes)
	h.same()
}

// judge holds what is left of plans against what the witness saw.
func (h *house) judge(plans ...string) {
	h.T.Helper()
	p := h.Start(nil)
	defer p.Close()
	v := append(h.witness.wrong, judge{witness: h.witness, p: p, plans: plans}.judged()...)
	for _, plan := range plans {
		if err := h.evidenced(p, plan); err != nil {
			v.add("evidence of %s: %v", plan, err)
		}
	}
	if len(v) > 0 {
		h.T.Errorf("%s", strings.Join(v, "\n"))
	}
}

// copied brings the copy up to date. verify compares whole what no window proves: files.
func (h *house) copied(verify bool) {
	h.T.Helper()
	h.Done(rig.AllowDeletes)
	h.Later(time.Hour)
	if !verify {
		return
	}
	for _, fl := range h.Flows {
		switch fl.Object {
		case document, contentVersion, link:
			h.Verified(fl, nil)
		}
	}
	h.Later(time.Minute)
}

// same: live rows are live records.
func (l *house) same() {
	l.T.Helper()
	p := l.Start(nil)
	defer p.Close()
	for _, fl := range l.Flows {
		truth, rows := l.Truth(fl.Object, "IsDeleted = false"), p.Rows(fl.Object)
		for id, row := range rows {
			if _, lives := truth[id]; lives != (row.Reason == "") {
				l.T.Errorf("%s %s: lives in the org %v, gone in the warehouse for %q", fl.Object, id, lives, row.Reason)
			}
		}
		for id, is := range truth {
			if names := differing(is, rows[id].Values); len(names) > 0 {
				l.T.Errorf("%s %s differs in %v", fl.Object, id, names)
			}
		}
	}
}
