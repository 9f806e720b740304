package reading_test

import (
	"encoding/json"
	"testing"

	"catchment/internal/control"
	"catchment/internal/replicate/reading"
)

// A bar's end is what all parts bring, and it is one only when all jobs have counted.
func TestExpected(t *testing.T) {
	t.Parallel()
	loaded := &control.Part{Name: control.Main, Loaded: true, Records: 10, Rejected: 2}
	counts := &control.Part{Name: "counts", Mover: "bulk", Job: json.RawMessage(`{"id":"750","records":7}`)}
	counted := &control.Part{Name: "counted", Mover: "bulk",
		Job: json.RawMessage(`{"id":"750","done":true,"records":9}`)}
	planned := &control.Part{Name: "planned", Mover: "bulk"}
	for name, c := range map[string]struct {
		parts []*control.Part
		want  int64
		known bool
	}{
		"none":                       {nil, 0, true},
		"all are loaded":             {[]*control.Part{loaded, loaded}, 20, true},
		"one is to load":             {[]*control.Part{loaded, counted}, 19, true},
		"one still counts":           {[]*control.Part{counted, counts}, 16, false},
		"one has not been asked for": {[]*control.Part{counted, planned}, 9, false},
	} {
		if got, known := reading.Expected(c.parts); got != c.want || known != c.known {
			t.Errorf("%s: %d, known %t; want %d, %t", name, got, known, c.want, c.known)
		}
	}
}
