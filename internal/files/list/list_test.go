package list

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"catchment/internal/body"
	"catchment/internal/warehouse/bodies"
)

// A shelf is a catalog of these files.
type shelf struct {
	bodies.Catalog
	files map[string][]bodies.Listed // by object, in order of their Ids
	err   error
	asked int
}

func (s *shelf) Files(_ context.Context, q bodies.Search, after string, most int) ([]bodies.Listed, error) {
	s.asked++
	all := s.files[q.Object]
	at, _ := slices.BinarySearchFunc(all, after, func(l bodies.Listed, id string) int {
		if l.ID <= id {
			return -1
		}
		return 1
	})
	return all[at:min(at+most, len(all))], s.err
}

func all(string) body.Which { return body.All }

func TestEachGoesThroughAll(t *testing.T) {
	s := &shelf{files: map[string][]bodies.Listed{}}
	for i := range 2*atOnce + 1 {
		one := bodies.Listed{ID: fmt.Sprintf("00P%015d", i), Known: true}
		s.files["Attachment"] = append(s.files["Attachment"], one)
	}
	s.files["Document"] = []bodies.Listed{{ID: "015A", Known: true}}
	n, last := 0, ""
	err := Finder{s, all}.Each(t.Context(), Question{}, func(f File) error {
		if f.ID == last {
			t.Fatalf("%s twice", f.ID)
		}
		n, last = n+1, f.ID
		return nil
	})
	if err != nil || n != 2*atOnce+2 || last != "015A" || s.asked != 5 {
		t.Errorf("%d files, the last %s, asked %d times, %v", n, last, s.asked, err)
	}
	s.err = errors.New("the warehouse is down")
	if err := (Finder{s, all}).Each(t.Context(), Question{}, nil); !errors.Is(err, s.err) {
		t.Error(err)
	}
}

func TestNames(t *testing.T) {
	for want, l := range map[string]bodies.Listed{
		"Report.pdf":    {Title: "Report", Path: "C:\\x\\old.pdf", Ending: "pdf"},
		"Report.PDF":    {Title: "Report.PDF", Ending: "pdf"},
		"Note":          {Title: "Note"},
		"a/b.txt":       {Title: "a/b", Ending: "txt"}, // safe is somebody else's business
		"old.pdf":       {Path: "C:\\x\\old.pdf", Ending: "pdf"},
		"scan.jpg":      {Path: "/home/x/scan.jpg"},
		"":              {Ending: "pdf"},
		"Report.v2.pdf": {Title: "Report.v2", Ending: "pdf"},
	} {
		if got := name(l); got != want {
			t.Errorf("%+v is %q, want %q", l, got, want)
		}
	}
}

func TestPatterns(t *testing.T) {
	for _, c := range []struct {
		pattern, name string
		want          bool
	}{
		{"", "", true}, {"", "a\nb", true}, {"*.pdf", "Report.PDF", true}, {"*.pdf", "pdf", false},
		{"a?c", "abc", true}, {"a?c", "ac", false},
		{"[a]", "a", false}, {"[a]", "[A]", true}, {"*ü*", "XÜX", true}, {"a.c", "abc", false},
	} {
		if got := pattern(c.pattern).MatchString(c.name); got != c.want {
			t.Errorf("%q and %q: %v", c.pattern, c.name, got)
		}
	}
}

func TestStates(t *testing.T) {
	line := func(s bodies.State) *bodies.Line { return &bodies.Line{State: s} }
	for _, c := range []struct {
		l     bodies.Listed
		which body.Which
		want  State
	}{
		{bodies.Listed{}, "", Skipped},
		{bodies.Listed{Older: true}, body.Latest, Skipped},
		{bodies.Listed{Older: true}, body.All, Waiting},
		{bodies.Listed{}, body.Latest, Waiting},
		{bodies.Listed{Deleted: true}, body.Latest, Gone},
		{bodies.Listed{Line: line(bodies.Copied)}, "", Copied},
		{bodies.Listed{Line: line(bodies.Copied), Moved: true}, body.All, Older},
		{bodies.Listed{Line: line(bodies.Copied), Moved: true, Deleted: true}, body.All, Copied},
		{bodies.Listed{Line: line(bodies.Aside), Moved: true}, body.All, Aside},
		{bodies.Listed{Line: line(bodies.Nothing)}, body.All, Nothing},
	} {
		got := stateOf(c.l, c.which)
		if got != c.want || !IsState(string(got)) {
			t.Errorf("%+v, %q: %s, want %s", c.l, c.which, got, c.want)
		}
	}
}

// What a table of somebody else says is a digest only if it is one: a key is made of it.
func TestDigest(t *testing.T) {
	good := strings.Repeat("ab", 32)
	for text, want := range map[string]string{
		good: good, "": "", "x": "", "../" + good[3:]: "", strings.ToUpper(good): "",
	} {
		f := File{Listed: bodies.Listed{Size: 5, Line: &bodies.Line{SHA256: text, Size: 7}}}
		if f.Digest() != want || (f.Bytes() == 7) != (want != "") {
			t.Errorf("%q is %q of %d bytes", text, f.Digest(), f.Bytes())
		}
	}
	if f := (File{}); f.Digest() != "" || f.Reason() != "" {
		t.Error("a file without a line")
	}
}
