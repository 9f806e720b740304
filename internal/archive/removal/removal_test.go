package removal_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/archive"
	"catchment/internal/archive/removal/journal"
)

func both(t *testing.T, test func(*testing.T, string)) {
	inEach(t, test, "duckdb", "postgres")
}

// inEach has a test done in some warehouses.
func inEach(t *testing.T, test func(*testing.T, string), warehouses ...string) {
	for _, in := range warehouses {
		t.Run(in, func(t *testing.T) { test(t, in) })
	}
}

func TestRun(t *testing.T) {
	inEach(t, func(t *testing.T, in string) {
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
	}, "duckdb", "postgres", "lake")
}

// Many records go by jobs, none of which is larger than a batch may be.
func TestMany(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	for i := range archive.BatchAtMost + 100 {
		h.add(fmt.Sprintf("one x%d", i), "Step__c", map[string]any{"Visit__c": h.ids["one v1"]})
	}
	h.ready([]string{"one"}, nil)
	began := time.Now()
	status, err := h.run(nil, nil)
	if err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	t.Logf("it took %s", time.Since(began).Round(time.Millisecond))
	h.want(map[string]string{"one": "deleted"})
	h.sound()
	p := h.Start(nil)
	defer p.Close()
	j := journal.Journal{Store: p.Stage, Plan: h.plan}
	var sizes []int64
	jobs := 0
	h.Must(j.Each(p.Ctx, func(b journal.Batch) error {
		sizes = append(sizes, b.Records)
		_, known, err := j.Job(p.Ctx, b.Number)
		if known {
			jobs++
		}
		return err
	}))
	if fmt.Sprint(sizes) != "[2000 102 2 1]" || jobs != 1 {
		t.Errorf("batches of %v, %d by jobs", sizes, jobs)
	}
}
