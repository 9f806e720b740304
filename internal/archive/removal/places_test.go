package removal_test

import (
	"context"
	"errors"
	"io"
	"strings"
	"syscall"
	"testing"

	"catchment/internal/archive/removal"
	"catchment/internal/blob"
	"catchment/internal/fakeorg"
	"catchment/internal/rig"
)

// A fullStore has room for so many blobs below archive/, and for no more until it is mended.
type fullStore struct {
	blob.Store
	disk *disk
}

type disk struct {
	room int // -1: as much as anybody wants
	keys []string
}

func (s fullStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	if !strings.HasPrefix(key, "archive/") {
		return s.Store.Put(ctx, key, r)
	}
	if s.disk.room == len(s.disk.keys) {
		return blob.Info{}, &fullError{key}
	}
	s.disk.keys = append(s.disk.keys, key)
	return s.Store.Put(ctx, key, r)
}

type fullError struct{ key string }

func (e *fullError) Error() string { return "write " + e.key + ": no space left on device" }
func (e *fullError) Unwrap() error { return syscall.ENOSPC }

// on has the house's processes write to a disk.
func (h *house) on(d *disk) {
	h.Begun = func(p *rig.Process) { p.Stage = fullStore{p.Stage, d} }
}

// The disk of the stage is full at each write of a plan that is carried out: it stops, what it has deleted stays
// proven, and once there is room it goes on from there.
func TestDiskIsFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*removal.Remover)
	}{{"calls", nil}, {"jobs", byJob}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			whole := &disk{room: -1}
			h := deathbed(t, "duckdb")
			h.on(whole)
			if _, err := h.run(nil, c.change); err != nil {
				t.Fatal(err)
			}
			t.Logf("%d writes: %q", len(whole.keys), whole.keys)
			for room := range whole.keys {
				h := deathbed(t, "duckdb")
				full := &disk{room: room}
				h.on(full)
				_, err := h.run(nil, c.change)
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("the write of %s fails: %v", whole.keys[room], err)
				}
				before := h.Org.Writes()["DELETE"]
				if _, err := h.run(nil, c.change); !errors.Is(err, syscall.ENOSPC) {
					t.Errorf("and again: %v", err)
				}
				if more := h.Org.Writes()["DELETE"]; more > before {
					t.Errorf("it has deleted more")
				}
				full.room = -1
				if _, err := h.run(nil, nil); err != nil {
					t.Errorf("with room: %v", err)
				}
				deathbedEnds(h)
				if t.Failed() {
					t.Fatalf("there was no room for %s", whole.keys[room])
				}
			}
		})
	}
}

// Another process takes a flow at any moment while a plan is carried out, as it may where this one was asleep for
// longer than its lease: nothing more of that object is deleted by it, and it goes on once the flow is free.
func TestFlowIsLost(t *testing.T) {
	t.Parallel()
	first := deathbed(t, "duckdb")
	requests := 0
	first.Org.Fault(fakeorg.Rule{Nth: 1, Times: 1 << 20, Hear: func() { requests++ }})
	if _, err := first.run(nil, nil); err != nil {
		t.Fatal(err)
	}
	lost := 0
	for n := 1; n <= requests; n += max(1, requests/8) {
		h := deathbed(t, "duckdb")
		if h.loses("Visit__c", n) {
			lost++
		}
		if _, err := h.run(nil, nil); err != nil {
			t.Errorf("once it is free: %v", err)
		}
		deathbedEnds(h)
		if t.Failed() {
			t.Fatalf("it was taken at request %d of %d", n, requests)
		}
	}
	t.Logf("%d requests; it was held when it was taken in %d cases", requests, lost)
	if lost == 0 {
		t.Error("nobody had it when it was taken")
	}
}

// loses carries the plan out, and has another process take a flow at a request. It tells whether
// the run has met that.
func (h *house) loses(object string, at int) bool {
	p := h.Start(nil)
	defer p.Close()
	r := h.remover(p)
	other := r.Holder
	other.Run, other.Name = "another", "another"
	r.Holder.Alone = false
	var taken interface{ Close(context.Context) error }
	seen, after := 0, 0
	table := p.TableOf(h.Flows[1]).Name
	hear := func() {
		if seen++; seen != at {
			return
		}
		held, err := other.Hold(p.Ctx, object)
		h.Must(err)
		_, _, err = held.Claim(p.Ctx, table, h.Org.ID())
		h.Must(err)
		taken = held
	}
	visits := "ids=" + h.ids["one v1"][:3]
	h.Org.ClearFaults()
	h.Org.Fault(fakeorg.Rule{Method: "DELETE", Kind: "collection", Path: visits, Nth: 1, Times: 1 << 20, Hear: func() {
		if taken != nil {
			after++
		}
		hear()
	}})
	h.Org.Fault(fakeorg.Rule{Nth: 1, Times: 1 << 20, Hear: hear})
	_, err := r.Run(p.Ctx, h.plan, true)
	h.Org.ClearFaults()
	if after > 0 {
		h.t.Errorf("%d deletes were sent after the flow was lost; %v", after, err)
	}
	if taken != nil {
		h.Must(taken.Close(p.Ctx))
	}
	return err != nil
}
