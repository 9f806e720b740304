package stage_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/schema"
	"catchment/internal/source"
	"catchment/internal/stage"
	"catchment/internal/value"
	"catchment/internal/warehouse/room"
)

// contacts is a flow that masks a field and checks another, and has a whole number.
func contacts(t *testing.T) *source.Source {
	t.Helper()
	s, err := source.Of(flow.Flow{Object: "Contact", NUL: flow.Replace, Invalid: flow.Reject}, schema.Object{
		Name: "Contact", Queryable: true,
		Fields: []schema.Field{
			{Name: "Id", Type: schema.ID}, {Name: "Email", Type: schema.String}, {Name: "Phone", Type: schema.String},
			{Name: "Children__c", Type: schema.Int},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Treatment = value.Treatment{
		Changes: []value.Change{{Field: "Email", Mask: value.Fixed, Text: "hidden"}},
		Checks:  []value.Check{{Field: "Phone", Rule: value.NotNull}},
	}
	return s
}

const header = `"Id","Email","Phone","Children__c"` + "\n"

func put(t *testing.T, w stage.Way, text string) (control.PageRow, error) {
	t.Helper()
	row := control.PageRow{Key: stage.Key("Contact", "a1", "750", "00001", false), Seq: 1}
	row, _, err := w.Put(t.Context(), row, stage.Incoming{Reader: strings.NewReader(header + text), Records: -1})
	return row, err
}

func read(t *testing.T, open func(context.Context) (io.ReadCloser, error)) string {
	t.Helper()
	f, err := open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// packed is a text as it comes over the wire.
func packed(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // into memory
	_ = z.Close()
	return b.String()
}

func newWay(t *testing.T) stage.Way {
	t.Helper()
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	room := room.Limits{Digits: 38, Whole: 38, Fraction: 37, Dates: room.Years{First: 1, Last: 9999}}
	return stage.Way{Store: store, Source: contacts(t), Room: room}
}

// What a flow masks isn't stored in clear, what breaks its rules lies beside the
// page, and a page that is only compared stays as it came.
func TestTreatment(t *testing.T) {
	t.Parallel()
	const sent = `"1","a@b.c","030","2"` + "\n" + `"2","d@e.f","","3"` + "\n"
	w := newWay(t)
	row, err := put(t, w, sent)
	if err != nil || row.Records != 1 || row.Rejected != 1 {
		t.Fatalf("%+v, %v", row, err)
	}
	p := w.Page(row)
	if got := read(t, p.Open); got != header+`"1","hidden","030","2"`+"\n" {
		t.Errorf("stored: %s", got)
	}
	if got := read(t, p.Rejected.Open); !strings.Contains(got, `"2"`) || strings.Contains(got, "d@e.f") ||
		p.Rejected.Rows != 1 {
		t.Errorf("rejected: %s", got)
	}
	again, err := put(t, w, sent) // by a process that died before it noted the page
	if err != nil || again.Records != 1 || again.Rejected != 1 || again.Digest != row.Digest {
		t.Errorf("again: %+v, %v", again, err)
	}

	w = newWay(t)
	w.AsIs = true
	row, err = put(t, w, sent)
	if err != nil || row.Records != 2 || row.Rejected != 0 || read(t, w.Page(row).Open) != header+sent {
		t.Errorf("as it is: %+v, %v", row, err)
	}
}

// A whole number may be written with a point: the page stays as it came, and the
// warehouse gets it without.
func TestWholeNumbers(t *testing.T) {
	t.Parallel()
	for _, asIs := range []bool{false, true} {
		w := newWay(t)
		w.AsIs = asIs
		w.Source.Treatment = value.Treatment{}
		row, err := put(t, w, `"1","","030","2.0"`+"\n")
		if err != nil {
			t.Fatal(err)
		}
		if got := read(t, func(ctx context.Context) (io.ReadCloser, error) {
			return w.Store.Open(ctx, row.Key)
		}); !strings.Contains(got, `"2.0"`) {
			t.Errorf("stored: %s", got)
		}
		if p := w.Page(row); p.Path != "" || !strings.Contains(read(t, p.Open), `"2"`+"\n") {
			t.Errorf("shown: %q, %s", p.Path, read(t, p.Open))
		}
	}
}

// NUL is replaced for a warehouse that can't store it, and refused where the flow
// says so; what is only compared is never refused for it.
func TestNUL(t *testing.T) {
	t.Parallel()
	w := newWay(t)
	w.Source.Treatment = value.Treatment{}
	row, err := put(t, w, `"1","","0`+"\x00"+`0","2"`+"\n")
	if err != nil || row.NULs != 1 || row.NULAt != "1.Phone" {
		t.Fatalf("%+v, %v", row, err)
	}
	if got := read(t, w.Page(row).Open); !strings.Contains(got, "0\u24000") {
		t.Errorf("replaced: %q", got)
	}
	w.Room.NUL = true
	if got := read(t, w.Page(row).Open); !strings.Contains(got, "0\x000") {
		t.Errorf("kept: %q", got)
	}
	w.Source.Flow.NUL = flow.Fail
	if _, err := put(t, w, ""); !errors.Is(err, stage.ErrUnfit) {
		t.Errorf("nul: fail: %v", err)
	}
	w.AsIs = true
	if _, err := put(t, w, ""); err != nil {
		t.Errorf("only compared: %v", err)
	}
}

// What is no text is replaced for every warehouse, and refused where the flow says
// so; what is only compared is never refused for it.
func TestNoText(t *testing.T) {
	t.Parallel()
	for _, asIs := range []bool{false, true} {
		w := newWay(t)
		w.AsIs, w.Room.NUL = asIs, true
		w.Source.Treatment = value.Treatment{}
		row, err := put(t, w, `"1","","0`+"\xed\xa0\x80"+`0","2.0"`+"\n")
		if err != nil || row.NoTexts != 1 || !asIs && row.NoTextAt != "1.Phone" {
			t.Fatalf("%+v, %v", row, err)
		}
		if got := read(t, w.Page(row).Open); got != header+`"1","","0`+"\uFFFD"+`0","2"`+"\n" {
			t.Errorf("shown: %q", got)
		}
		w.Source.Flow.NUL = flow.Fail
		if _, err := put(t, w, ""); errors.Is(err, stage.ErrUnfit) == asIs {
			t.Errorf("nul: fail, as it is %v: %v", asIs, err)
		}
	}
}

// A page with a value that no org has is not stored, on whichever way it comes: the next one
// takes its place.
func TestOversizeIsNotStored(t *testing.T) {
	t.Parallel()
	huge := header + `"1","a@b.c","` + strings.Repeat("x", platform.ValueAtMost) + `","2"` + "\n"
	for _, treated := range []bool{false, true} {
		for _, gzip := range []bool{false, true} {
			w := newWay(t)
			w.AsIs = !treated
			row := control.PageRow{Key: stage.Key("Contact", "a1", "750", "00001", gzip), Seq: 1, Gzip: gzip}
			comes := func(text string) (control.PageRow, error) {
				if gzip {
					text = packed(text)
				}
				row, _, err := w.Put(t.Context(), row, stage.Incoming{Reader: strings.NewReader(text), Records: 1})
				return row, err
			}
			_, err := comes(huge)
			if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" ||
				!strings.Contains(err.Error(), "field Phone") {
				t.Errorf("treated %v, packed %v: %v", treated, gzip, err)
			}
			if _, err := w.Store.Open(t.Context(), row.Key); !errors.Is(err, blob.ErrNotFound) {
				t.Errorf("treated %v, packed %v: it is stored, %v", treated, gzip, err)
			}
			stored, err := comes(header + `"1","a@b.c","030","2"` + "\n")
			if err != nil || stored.Records != 1 {
				t.Errorf("treated %v, packed %v, an honest one: %+v, %v", treated, gzip, stored, err)
			}
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	for _, gzip := range []bool{false, true} {
		key := stage.Key("Account", "Account-1", "750", "00001", gzip)
		if stage.OwnerOf(key) != "Account-1" || strings.HasSuffix(key, ".gz") != gzip ||
			!strings.HasPrefix(key, stage.Folder("Account", "Account-1")+"/") {
			t.Errorf("%s is of %q", key, stage.OwnerOf(key))
		}
	}
	if got := stage.OwnerOf("Account"); got != "" {
		t.Errorf("a key without an owner is of %q", got)
	}
}
