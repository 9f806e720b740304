package reading

import (
	"testing"

	"catchment/internal/control"
)

// Every pair of a state and an event: what the table has leads on, what it lacks is
// refused and changes nothing.
func TestRestart(t *testing.T) {
	t.Parallel()
	stands := map[state]control.Part{
		idle:    {Mover: string(Nothing)},
		planned: {Mover: "bulk", Jobs: 2},
		running: {Mover: "bulk", Jobs: 2, Job: []byte(`{"id":"750"}`)},
		read:    {Mover: "bulk", Jobs: 2, Job: []byte(`{"id":"750","done":true}`)},
		loaded: {
			Mover: "bulk", Jobs: 2, Job: []byte(`{"id":"750","done":true}`),
			Loaded: true, Pages: 1, Records: 3, Rejected: 1, Bytes: 40,
		},
	}
	for from, part := range stands {
		if got, err := stateOf(part); got != from || err != nil {
			t.Errorf("%s: %s, %v", from, got, err)
		}
		for _, event := range []Event{made, ended, counted, Replaced, GivenUp, shrunk, Outdated} {
			p := part
			err := Restart(&p, event)
			if (err == nil) != (moves[from][event] == planned) {
				t.Errorf("%s, %s: %v", from, event, err)
			}
			after, serr := stateOf(p)
			if serr != nil || err == nil && after != planned || err != nil && after != from {
				t.Errorf("%s, %s: then %s, %v", from, event, after, serr)
			}
			if err == nil && (p.Jobs != part.Jobs || p.Pages+p.Records+p.Rejected+p.Bytes != 0) {
				t.Errorf("%s, %s: %+v", from, event, p)
			}
		}
	}
	if _, err := stateOf(control.Part{Name: "main", Job: []byte("{")}); err == nil {
		t.Error("a job that can't be read has a state")
	}
}
