package archiving

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/policy"
)

// stored writes a plan of some records into a store, and gives its name and text.
func stored(t *testing.T, store blob.Store, records ...manifest.Record) (name string, text []byte) {
	t.Helper()
	var b bytes.Buffer
	w := manifest.NewWriter(&b)
	head := manifest.Head{Type: manifest.TypeHead, Format: manifest.Format, Org: "00Dxx0000001gERAAY",
		MadeAt: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), Policy: manifest.Policy{Name: "old", Root: "Case"}}
	end := manifest.End{Type: manifest.TypeEnd, Roots: 1, In: 1, Bytes: 1 << 30, Files: 2 << 30}
	lines := []any{head, manifest.Object{Type: manifest.TypeObject, Object: "Case", In: 1, Live: 3},
		manifest.Loss{Type: manifest.TypeLoss, What: "CaseFeed", Records: 2, Allowed: true}}
	for _, r := range records {
		r.Type = manifest.TypeRecord
		lines = append(lines, r)
	}
	for _, line := range append(lines, end) {
		if err := w.Put(line); err != nil {
			t.Fatal(err)
		}
	}
	digest, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	name = manifest.Name(head, digest)
	if _, err := store.Put(t.Context(), manifest.Key(name), bytes.NewReader(b.Bytes())); err != nil {
		t.Fatal(err)
	}
	return name, b.Bytes()
}

func newStore(t *testing.T) blob.Store {
	t.Helper()
	store, err := dir.New(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return store
}

// An outline has what the plan says, and counts why records stay by the cause: what goes with a
// record that stays, stays for its reason.
func TestOutline(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	held := manifest.Record{Object: "Task", ID: "00T000000000001AAA", Fate: manifest.Held,
		Reason: "it goes with 500000000000001AAA: a hold"}
	also := held
	also.ID, also.Reason = "00T000000000002AAA", "it goes with 500000000000002AAA: a hold"
	goes := manifest.Record{Object: "Case", ID: "500000000000003AAA", Fate: manifest.In}
	name, _ := stored(t, store, held, also, goes)
	var ids []string
	o, err := readOutline(t.Context(), store, name, func(r manifest.Record) error {
		ids = append(ids, r.ID)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	r := o.report(&policy.Price{DataGBMonth: 250, FileGBMonth: 5, Currency: "USD"})
	if len(ids) != 3 || r.In != 1 || len(r.Objects) != 1 || len(r.Losses) != 1 || r.Lost {
		t.Errorf("%v, %+v", ids, r)
	}
	if len(r.Reasons) != 1 || r.Reasons[0].Records != 2 || r.Reasons[0].Reason != "a hold" {
		t.Errorf("the reasons are %+v", r.Reasons)
	}
	if r.Month == nil || *r.Month < 250 || *r.Month > 290 {
		t.Errorf("1 GB of data and 2 GB of files come to %v", r.Month)
	}
	names, err := plans(t.Context(), store)
	if err != nil || !slices.Equal(names, []string{name}) {
		t.Errorf("the plans are %v, %v", names, err)
	}
}

// What stays for many reasons is told by some of them, and the rest together.
func TestManyReasons(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	var records []manifest.Record
	for i := range 3 * reasonsAtMost {
		records = append(records, manifest.Record{Object: "Case", ID: fmt.Sprintf("500%015d", i),
			Fate: manifest.Blocked, Reason: fmt.Sprintf("reason %d", i)})
	}
	name, _ := stored(t, store, records...)
	o, err := readOutline(t.Context(), store, name, nil)
	if err != nil || len(o.reasons) != reasonsAtMost+1 || o.reasons[0].Records != 2*reasonsAtMost {
		t.Errorf("%d reasons, the first of %+v, %v", len(o.reasons), o.reasons[0], err)
	}
}

// A plan that isn't as it was written is told apart from one that isn't there.
func TestSpoiledPlan(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	name, text := stored(t, store)
	put := func(name string, text []byte) string {
		if _, err := store.Put(context.Background(), manifest.Key(name), bytes.NewReader(text)); err != nil {
			t.Fatal(err)
		}
		return name
	}
	other := bytes.Replace(text, []byte(`"live":3`), []byte(`"live":9`), 1)
	for what, c := range map[string]struct {
		name  string
		spoil bool
	}{
		"whole":       {name, false},
		"changed":     {put("old-20260301-00000001", other), true},
		"cut off":     {put("old-20260301-00000002", text[:len(text)-9]), true},
		"another one": {put("old-20260301-00000003", text), true},
		"none":        {"old-20260301-00000004", false},
		"no name":     {"../../etc", false},
	} {
		_, err := readOutline(t.Context(), store, c.name, nil)
		_, spoiled := errors.AsType[spoiled](err)
		if spoiled != c.spoil || (err == nil) != (what == "whole") {
			t.Errorf("%s: %v", what, err)
		}
		if err != nil && strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %q has more than a line", what, err)
		}
	}
}
