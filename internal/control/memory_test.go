package control_test

import (
	"testing"

	"catchment/internal/control"
)

func TestDoubts(t *testing.T) {
	t.Parallel()
	kinds := func(m control.Memory) (all string) {
		for _, d := range m.Doubts {
			all += string(d.Kind) + d.Attempt + ";"
		}
		return all
	}
	m := control.Memory{Proof: "proven"}
	if m.Grade() != "proven" {
		t.Errorf("without a doubt: %q", m.Grade())
	}
	first := m
	m.Doubt(control.Doubt{Kind: control.RowsWrong, Why: "first"})
	m.Doubt(control.Doubt{Kind: control.RowsWrong, Why: "second"})
	m.Doubt(control.Doubt{Kind: control.RecordsUnread})
	m.Doubt(control.Doubt{Kind: control.DeletesUnseen})
	if kinds(m) != "rows wrong;records unread;deletes unseen;" || m.Doubts[0].Why != "first" ||
		m.Grade() != control.Unproven || len(first.Doubts) > 0 {
		t.Errorf("%+v", m)
	}
	m.Doubt(control.Doubt{Kind: control.RecordsUnread, Attempt: "a1"})
	m.Settle("a1", control.DeletesUnseen, control.RecordsUnread)
	if kinds(m) != "rows wrong;records unreada1;" {
		t.Errorf("an attempt doesn't settle what it doubts itself: %s", kinds(m))
	}
	m.Settle("a2", control.RecordsUnread)
	m.SettleAll("a3")
	if m.Doubts != nil || m.Grade() != "proven" {
		t.Errorf("%+v", m)
	}
	if m = (control.Memory{Doubts: []control.Doubt{{Kind: control.RowsWrong}}}); m.Grade() != "" {
		t.Errorf("a flow without a watermark has the grade %q", m.Grade())
	}
}
