package recall_test

import (
	"testing"

	"catchment/internal/control/recall"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	kinds := func(m recall.Memory) (all string) {
		for _, d := range m.Doubts {
			all += string(d.Kind) + d.Attempt + ";"
		}
		return all
	}
	m := recall.Memory{Proof: "proven"}
	if m.Grade() != "proven" {
		t.Errorf("without a doubt: %q", m.Grade())
	}
	first := m
	m.Doubt(recall.Doubt{Kind: recall.RowsWrong, Why: "first"})
	m.Doubt(recall.Doubt{Kind: recall.RowsWrong, Why: "second"})
	m.Doubt(recall.Doubt{Kind: recall.RecordsUnread})
	m.Doubt(recall.Doubt{Kind: recall.DeletesUnseen})
	if kinds(m) != "rows wrong;records unread;deletes unseen;" || m.Doubts[0].Why != "first" ||
		m.Grade() != recall.Unproven || len(first.Doubts) > 0 {
		t.Errorf("%+v", m)
	}
	m.Doubt(recall.Doubt{Kind: recall.RecordsUnread, Attempt: "a1"})
	m.Settle("a1", recall.DeletesUnseen, recall.RecordsUnread)
	if kinds(m) != "rows wrong;records unreada1;" {
		t.Errorf("an attempt doesn't settle what it doubts itself: %s", kinds(m))
	}
	m.Settle("a2", recall.RecordsUnread)
	m.SettleAll("a3")
	if m.Doubts != nil || m.Grade() != "proven" {
		t.Errorf("%+v", m)
	}
	if m = (recall.Memory{Doubts: []recall.Doubt{{Kind: recall.RowsWrong}}}); m.Grade() != "" {
		t.Errorf("a flow without a watermark has the grade %q", m.Grade())
	}
}
