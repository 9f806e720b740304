package removal_test

import (
	"testing"
)

func both(t *testing.T, test func(*testing.T, string)) {
	for _, in := range []string{"duckdb", "postgres"} {
		t.Run(in, func(t *testing.T) { test(t, in) })
	}
}

func TestRun(t *testing.T) {
	both(t, func(t *testing.T, in string) {
		h := newHouse(t, in, nil)
		h.family("one")
		h.family("two")
		h.family("held")
		h.family("other")
		h.ready([]string{"one", "two"}, []string{"held"})
		status, err := h.run(nil, nil)
		if err != nil || !status.Finished {
			t.Fatalf("%+v, %v", status, err)
		}
		h.want(map[string]string{"one": "deleted", "two": "deleted", "held": "held"})
		h.sound()
		again, err := h.run(nil, nil)
		if err != nil || !again.Finished {
			t.Errorf("once more: %+v, %v", again, err)
		}
	})
}
