package trial

import (
	"flag"
	"testing"
	"time"

	"catchment/internal/rig"
)

var crashEvery = flag.Int("crash.every", 0, "die at every so many moments of a small plan; 0: at some ten of them")

// tiny furnishes a house with a plan of one record of each kind.
func tiny(h *house) {
	one := h.people.closed(nil)
	h.people.create(visit, map[string]any{"Of__c": one, "Text__c": "x"})
	h.people.create(note, map[string]any{"Of__c": one})
	h.people.attach(one)
	h.people.file(one)
	h.Later(time.Hour)
}

// twin is a house that is furnished alike, with copies of all files of another one.
func (h *house) twin(t *testing.T, furnish func(*house)) *house {
	t.Helper()
	other := newHouse(t, 1, nil)
	furnish(other)
	other.Later(h.Org.Clock().Now().Sub(other.Org.Clock().Now()))
	begun := h.Begun
	other.Rig = rig.Moved(t, h.Rig, other.Org)
	other.Begun = begun
	other.witness = newWitness(other.Rig, append(objects(), "Account", "Contact")...)
	other.people.house = other
	return other
}

// TestDiesAtEveryCall carries out a small plan once for each moment at which its process can
// die. Whoever comes after goes on, and leaves what an undisturbed run leaves.
func TestDiesAtEveryCall(t *testing.T) {
	t.Parallel()
	first := newHouse(t, 1, nil)
	tiny(first)
	first.copied(true)
	pol := oldCases()
	name := first.planned(pol)
	first.approve(name)

	alive := &rig.Fate{}
	whole := first.twin(t, tiny)
	if status, err := whole.carryOut(alive, pol, name, nil); err != nil || !status.Finished {
		t.Fatalf("finished %v, %v", status.Finished, err)
	}
	whole.judge(name)
	want := ends(whole.witness.now())

	every := *crashEvery
	if every == 0 {
		every = max(1, alive.Moments/10)
	}
	t.Logf("%d moments, every %d", alive.Moments, every)
	for at := every; at <= alive.Moments; at += every {
		h := first.twin(t, tiny)
		if _, err := h.carryOut(&rig.Fate{At: at}, pol, name, nil); err == nil && at < alive.Moments {
			t.Errorf("moment %d: it didn't die", at)
		}
		h.Later(time.Second)
		if status, err := h.carryOut(nil, pol, name, nil); err != nil || !status.Finished {
			t.Errorf("after a death at moment %d: finished %v, %v", at, status.Finished, err)
			continue
		}
		h.judge(name)
		if got := ends(h.witness.now()); got != want {
			t.Errorf("after a death at moment %d the org is\n%s\nwanted\n%s", at, got, want)
		}
		if t.Failed() {
			t.Fatalf("died at moment %d, in the %s", at, alive.Kinds[at-1])
		}
	}
}
