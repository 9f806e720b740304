package replicate

import (
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/flow"
	"catchment/internal/source"
	"catchment/internal/warehouse/shape"
)

// What an attempt leaves to be doubted, and what it settles.
func TestRemembered(t *testing.T) {
	t.Parallel()
	src := &source.Source{Table: shape.Table{Columns: []shape.Column{{Name: "id", Field: "Id"}, {Name: "title",
		Field: "Title"}}}}
	src.Flow.Deletes = flow.Flag
	window := control.Attempt{ID: "a", Generation: 1, From: noon, To: noon.Add(time.Hour), Grade: "proven",
		Parts: []*control.Part{{Name: control.Main, Query: control.Query{Fields: []string{"Id"}}}}}
	all := recall.Memory{Doubts: []recall.Doubt{{Kind: recall.DeletesUnseen}, {Kind: recall.RowsWrong}}}
	rebuild := window
	rebuild.From, rebuild.Complete = time.Time{}, true
	late := window
	late.Doubts = []recall.Doubt{{Kind: recall.RecordsUnread, Attempt: "a"}}
	tests := []struct {
		name    string
		before  recall.Memory
		attempt control.Attempt
		swept   time.Time
		want    string
	}{
		{"a window", recall.Memory{}, window, time.Time{}, ""},
		{"a window settles nothing", all, window, time.Time{}, "deletes unseen;rows wrong;"},
		{"a sweep settles deletes", all, window, noon, "rows wrong;"},
		{"but not what it leaves unread", recall.Memory{}, late, noon, "records unread;"},
		{"a column that isn't filled", recall.Memory{Unfilled: []string{"title"}}, window, time.Time{},
			"columns unfilled;"},
		{"a column whose field is gone", recall.Memory{Unfilled: []string{"gone"}}, window, time.Time{}, ""},
		{"a column that was filled since", recall.Memory{Doubts: []recall.Doubt{{Kind: recall.ColumnsUnfilled}}},
			window, time.Time{}, ""},
		{"a rebuild settles all, but a field that came after it was begun", all, rebuild, noon, "columns unfilled;"},
	}
	for _, test := range tests {
		m := remembered(test.before, src, test.attempt, test.swept, time.Time{})
		got := ""
		for _, d := range m.Doubts {
			got += string(d.Kind) + ";"
		}
		if got != test.want || (m.Grade() == "proven") != (test.want == "") {
			t.Errorf("%s: %q, grade %s", test.name, got, m.Grade())
		}
	}
}
