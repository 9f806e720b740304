package replicate

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/mover"
)

func TestReliefFor(t *testing.T) {
	t.Parallel()
	columns := strings.Fields("Id SystemModstamp IsDeleted A B C D E F")
	part := func(change func(*control.Part)) control.Part {
		p := control.Part{Name: control.Main, Op: "put", Mover: "bulk", Query: control.Query{Fields: columns}}
		change(&p)
		return p
	}
	tests := []struct {
		name string
		part control.Part
		why  error
		bulk bool
		key  bool
		want relief
	}{
		{"by Bulk", part(func(*control.Part) {}), mover.ErrTooLong, true, true, byRanges},
		{"by REST, which was only chosen", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong, true, true, byBulk},
		{"by REST, as the flow asks for", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong, false, true, byRanges},
		{"small already", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooLong, true, true, noRelief},
		{"nearly", part(func(p *control.Part) { p.Splits = splitsAtMost - 1 }), mover.ErrTooLong, true, true, byRanges},
		{"without an Id", part(func(*control.Part) {}), mover.ErrTooLong, true, false, noRelief},
		{"a sweep", part(func(p *control.Part) { p.Name, p.Op = sweepPart, "seen" }), mover.ErrTooLong, true, true, byRanges},
		{"a sample", part(func(p *control.Part) { p.Name, p.Op, p.Mover = sampleName, "patch", "rest" }), mover.ErrTooLong, true, true, noRelief},
		{"a few Ids", part(func(p *control.Part) { p.IDs, p.Mover = []string{"003"}, "rest" }), mover.ErrTooLong, true, true, noRelief},
		{"too wide", part(func(*control.Part) {}), mover.ErrTooWide, true, true, byColumns},
		{"too wide, and split often", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooWide, true, true, byColumns},
		{"too wide, and narrow", part(func(p *control.Part) { p.Fields = columns[:columnsAtLeast-1] }), mover.ErrTooWide, true, true, noRelief},
	}
	for _, test := range tests {
		if got := reliefFor(test.part, fmt.Errorf("job: %w", test.why), test.bulk, test.key); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if overload(errors.New("else")) || overload(nil) {
		t.Error("everything is an overload")
	}
}
