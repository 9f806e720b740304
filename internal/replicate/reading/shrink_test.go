package reading

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
)

// movers can't read anything, and say what they could.
var movers = mover.Set{"bulk": bulk.New(nil), "rest": rest.New(nil)}

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
		want Relief
	}{
		{"by Bulk", part(func(*control.Part) {}), mover.ErrTooLong, true, true, ByIDs},
		{"by REST, which was only chosen", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong,
			true, true, ToJob},
		{"by REST, as the flow asks for", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong,
			false, true, ByIDs},
		{"small already", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooLong, true,
			true, NoRelief},
		{"nearly", part(func(p *control.Part) { p.Splits = splitsAtMost - 1 }), mover.ErrTooLong, true, true, ByIDs},
		{"without an Id", part(func(*control.Part) {}), mover.ErrTooLong, true, false, NoRelief},
		{"a sweep", part(func(p *control.Part) { p.Name, p.Op = "sweep", "seen" }), mover.ErrTooLong,
			true, true, ByIDs},
		{"a sample", part(func(p *control.Part) { p.Op, p.Mover, p.Limit = "patch", "rest", 2000 }), mover.ErrTooLong,
			true, true, NoRelief},
		{"a few Ids", part(func(p *control.Part) { p.IDs, p.Mover = []string{"003"}, "rest" }), mover.ErrTooLong, true,
			true, NoRelief},
		{"too wide", part(func(*control.Part) {}), mover.ErrTooWide, true, true, ByFields},
		{"too wide, and split often", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooWide, true,
			true, ByFields},
		{"too wide, and narrow", part(func(p *control.Part) { p.Fields = columns[:columnsAtLeast-1] }),
			mover.ErrTooWide, true, true, NoRelief},
	}
	for _, test := range tests {
		if got := ReliefFor(test.part, movers.Traits(test.part.Mover), fmt.Errorf("job: %w", test.why), test.bulk,
			test.key); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if TooMuch(errors.New("else")) || TooMuch(nil) {
		t.Error("everything is an overload")
	}
}
