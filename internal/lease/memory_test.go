package lease_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/lease"
	"catchment/internal/warehouse"
)

// held holds and claims a flow for a configuration with a control table of its own.
func held(t *testing.T, c *control.Control, w marks) (*lease.Lease, warehouse.Mark) {
	t.Helper()
	l, err := lease.Holder{Control: c, Warehouse: w, Run: "run", Name: "somebody"}.Hold(t.Context(), "Account")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close(t.Context()) })
	mark, _, err := l.Claim(t.Context(), "account", "00D")
	if err != nil {
		t.Fatal(err)
	}
	return l, mark
}

// consolidated has a mark remember what a consolidation of some control table wrote.
func consolidated(t *testing.T, w marks, by *control.Control, attempt string, m recall.Memory) {
	t.Helper()
	id, err := by.Identity(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	m.Writer = recall.Writer{Control: id, Name: "first.yaml", Attempt: attempt,
		At: time.Date(2026, 1, 2, 9, 0, 0, 0, time.UTC)}
	text, err := m.Text()
	if err != nil {
		t.Fatal(err)
	}
	mark := w["Account"]
	mark.Memory, mark.Watermark, mark.Grade = text, m.Writer.At, m.Grade()
	w["Account"] = mark
}

// What stands beside the mark holds wherever the control table says something else, and
// who wrote it is told where that was another configuration.
func TestRecall(t *testing.T) {
	t.Parallel()
	ctx, first, second, w := t.Context(), newControl(t), newControl(t), marks{}
	l, mark := held(t, first, w)
	if row, news, err := l.Recall(ctx, mark); err != nil || news != "" || row.Generation != 0 {
		t.Errorf("a new flow: %+v, %q, %v", row, news, err)
	}
	consolidated(t, w, first, "a1", recall.Memory{Generation: 3, Fingerprint: "f", Proof: "proven"})
	if row, news, err := l.Recall(ctx, w["Account"]); err != nil || news != "" || row.Generation != 3 {
		t.Errorf("its own, after a crash: %+v, %q, %v", row, news, err)
	}
	must := func(_ control.FlowRow, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(l.Remember(ctx, func(m *recall.Memory) { m.Unfilled = []string{"title"} }))
	if row, _, err := l.Recall(ctx, w["Account"]); err != nil || !slices.Equal(row.Unfilled, []string{"title"}) {
		t.Errorf("its own: %+v, %v", row, err)
	}
	other, mark := held(t, second, w)
	row, news, err := other.Recall(ctx, mark)
	if err != nil || row.Generation != 3 || !slices.Equal(row.Unfilled, []string{"title"}) ||
		!strings.Contains(news, "first.yaml, at 2026-01-02 09:00:00 UTC") {
		t.Errorf("lost: %+v, %q, %v", row, news, err)
	}
	if _, news, _ := other.Recall(ctx, mark); news != "" {
		t.Errorf("it is told twice: %q", news)
	}
	mark.Memory = "{"
	if _, _, err := other.Recall(ctx, mark); err == nil || !strings.Contains(err.Error(), "the mark of Account") {
		t.Errorf("a hand in it: %v", err)
	}
}

// A doubt takes the grade away, in the control table and beside the mark, and gives the
// window's back once it is settled.
func TestRememberDoubts(t *testing.T) {
	t.Parallel()
	ctx, c, w := t.Context(), newControl(t), marks{}
	l, _ := held(t, c, w)
	consolidated(t, w, c, "a1", recall.Memory{Generation: 1, Proof: "lagged"})
	if _, _, err := l.Recall(ctx, w["Account"]); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		want   string
		change func(*recall.Memory)
	}{
		{recall.Unproven, func(m *recall.Memory) { m.Doubt(recall.Doubt{Kind: recall.RowsWrong}) }},
		{"lagged", func(m *recall.Memory) { m.SettleAll("") }},
	} {
		row, err := l.Remember(ctx, test.change)
		if err != nil || row.Grade != test.want || w["Account"].Grade != test.want {
			t.Errorf("%+v, %+v, %v", row, w["Account"], err)
		}
	}
}
