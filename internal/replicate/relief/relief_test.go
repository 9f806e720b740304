package relief

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/control"
	"catchment/internal/mover"
	"catchment/internal/mover/bulk"
	"catchment/internal/mover/rest"
	"catchment/internal/platform"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
)

// movers can't read anything, and say what they could.
var movers = mover.Set{"bulk": bulk.New(nowhere()), "rest": rest.New(nowhere())}

// nowhere is an org that nobody reaches, with the newest version of the API.
func nowhere() *salesforce.Client {
	org, err := salesforce.New(salesforce.Config{URL: "http://127.0.0.1", APIVersion: platform.Newest,
		HTTP: http.DefaultClient, Login: login.Token{Token: "t"}})
	if err != nil {
		panic(err)
	}
	return org
}

func TestFor(t *testing.T) {
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
		want Way
	}{
		{"by Bulk", part(func(*control.Part) {}), mover.ErrTooLong, true, true, ByIDs},
		{"by REST, which was only chosen", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong,
			true, true, ToJob},
		{"by REST, as the flow asks for", part(func(p *control.Part) { p.Mover = "rest" }), mover.ErrTooLong,
			false, true, ByIDs},
		{"small already", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooLong, true,
			true, None},
		{"nearly", part(func(p *control.Part) { p.Splits = splitsAtMost - 1 }), mover.ErrTooLong, true, true, ByIDs},
		{"without an Id", part(func(*control.Part) {}), mover.ErrTooLong, true, false, None},
		{"a sweep", part(func(p *control.Part) { p.Name, p.Op = "sweep", "seen" }), mover.ErrTooLong,
			true, true, ByIDs},
		{"a sample", part(func(p *control.Part) { p.Op, p.Mover, p.Limit = "patch", "rest", 2000 }), mover.ErrTooLong,
			true, true, None},
		{"a few Ids", part(func(p *control.Part) { p.IDs, p.Mover = []string{"003"}, "rest" }), mover.ErrTooLong, true,
			true, None},
		{"too wide", part(func(*control.Part) {}), mover.ErrTooWide, true, true, ByFields},
		{"too wide, and split often", part(func(p *control.Part) { p.Splits = splitsAtMost }), mover.ErrTooWide, true,
			true, ByFields},
		{"too wide, and narrow", part(func(p *control.Part) { p.Fields = columns[:columnsAtLeast-1] }),
			mover.ErrTooWide, true, true, None},
	}
	for _, test := range tests {
		trouble := Trouble{Part: test.part, By: movers.Traits(test.part.Mover), MayBulk: test.bulk, Keyed: test.key,
			Why: fmt.Errorf("job: %w", test.why)}
		if got := For(trouble); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
	if TooMuch(errors.New("else")) || TooMuch(nil) {
		t.Error("everything is an overload")
	}
}

// What is small is never split: it goes from one mover to the other, and is given up.
func TestForFewRecords(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		mover  string
		failed string
		bulk   bool
		want   Way
	}{
		{"by Bulk", "bulk", "bulk", true, AtOnce},
		{"by Bulk, as the flow asks for", "bulk", "bulk", false, AtOnce},
		{"by REST, which was only chosen", "rest", "rest", true, ToJob},
		{"by REST, as the flow asks for", "rest", "rest", false, None},
		{"by Bulk, then by REST", "rest", "bulk rest", true, None},
		{"by REST, then by Bulk", "bulk", "rest bulk", true, None},
	}
	for _, test := range tests {
		p := control.Part{Name: control.Main, Op: "put", Mover: test.mover, Failed: strings.Fields(test.failed)}
		got := For(Trouble{Part: p, By: movers.Traits(test.mover), Why: mover.ErrTooLong, MayBulk: test.bulk,
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
