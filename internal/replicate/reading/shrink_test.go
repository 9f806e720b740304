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
		trouble := Trouble{Part: test.part, By: movers.Traits(test.part.Mover), MayBulk: test.bulk, Keyed: test.key,
			Why: fmt.Errorf("job: %w", test.why)}
		if got := ReliefFor(trouble); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if TooMuch(errors.New("else")) || TooMuch(nil) {
		t.Error("everything is an overload")
	}
}

// What is small is never split: it goes from one mover to the other, and is given up.
func TestReliefForFewRecords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		mover  string
		failed string
		bulk   bool
		want   Relief
	}{
		{"by Bulk", "bulk", "bulk", true, AtOnce},
		{"by Bulk, as the flow asks for", "bulk", "bulk", false, AtOnce},
		{"by REST, which was only chosen", "rest", "rest", true, ToJob},
		{"by REST, as the flow asks for", "rest", "rest", false, NoRelief},
		{"by Bulk, then by REST", "rest", "bulk rest", true, NoRelief},
		{"by REST, then by Bulk", "bulk", "rest bulk", true, NoRelief},
	}
	for _, test := range tests {
		p := control.Part{Name: control.Main, Op: "put", Mover: test.mover, Failed: strings.Fields(test.failed)}
		got := ReliefFor(Trouble{Part: p, By: movers.Traits(test.mover), Why: mover.ErrTooLong, MayBulk: test.bulk,
			Keyed: true, Small: true})
		if got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}

func TestFallbackFor(t *testing.T) {
	t.Parallel()
	tests := []struct {
		mover, failed string
		lately        bool
		want          Fallback
	}{
		{"bulk", "bulk", false, Again},
		{"bulk", "bulk bulk", false, ByOther},
		{"bulk", "bulk", true, ByOther},
		{"bulk", "rest bulk", false, Again},
		{"bulk", "rest bulk bulk", false, NoResort},
		{"rest", "rest", false, Again},
		{"rest", "bulk bulk rest", true, Again},
		{"rest", "bulk bulk rest rest", false, NoResort},
	}
	for _, test := range tests {
		p := control.Part{Mover: test.mover, Failed: strings.Fields(test.failed)}
		if got := FallbackFor(p, "rest", test.lately); got != test.want {
			t.Errorf("%s after %q, lately %v: %q, want %q", test.mover, test.failed, test.lately, got, test.want)
		}
	}
}

// A field that Salesforce refuses goes out of every part that reads it, and out of what was
// there for it alone.
func TestLeaveOut(t *testing.T) {
	t.Parallel()
	a := control.Attempt{}
	job := []byte(`{"id":"750","done":true}`)
	a.Add(
		control.Part{Name: control.Main, Op: "put", Mover: "bulk", Query: control.Query{Fields: []string{"Id", "A", "B"}},
			Job: job, Jobs: 3, Loaded: true, Records: 7},
		control.Part{Name: "backfill", Op: "patch", Mover: "bulk",
			Query: control.Query{Fields: []string{"Id", "SystemModstamp", "A"}}},
		control.Part{Name: "sweep", Op: "seen", Mover: "bulk", Query: control.Query{Fields: []string{"Id"}}, Job: job},
		control.Part{Name: "idle", Op: "patch", Mover: string(Nothing), Query: control.Query{Fields: []string{"Id", "A"}}},
	)
	obsolete, err := LeaveOut(&a, "A")
	if err != nil || len(obsolete) != 2 || len(obsolete[0].Job) == 0 || len(obsolete[0].Fields) != 3 {
		t.Errorf("%+v, %v", obsolete, err)
	}
	main := a.Part(control.Main)
	if strings.Join(main.Fields, " ") != "Id B" || main.Loaded || len(main.Job) > 0 || main.Jobs != 1 || main.Records > 0 {
		t.Errorf("main: %+v", main)
	}
	if p := a.Part("backfill"); !Nothing.Is(*p) {
		t.Errorf("backfill: %+v", p)
	}
	if p := a.Part("sweep"); len(p.Job) == 0 {
		t.Errorf("sweep: %+v", p)
	}
}
