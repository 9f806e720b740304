package planning_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/fakeorg"
	"catchment/internal/policy"
	"catchment/internal/schema"
)

const describes = "../../../testdata/describes"

// recordedKin lists the relations of the recorded answers of describe, by their parents.
func recordedKin(t *testing.T, roots map[string]string) map[string][]closure.Relation {
	t.Helper()
	kin := map[string][]closure.Relation{}
	for name := range roots {
		text, err := os.ReadFile(filepath.Join(describes, name+".json"))
		var o schema.Object
		if err != nil || json.Unmarshal(text, &o) != nil {
			t.Fatal(err)
		}
		kin[name] = closure.Kinship(o)
	}
	return kin
}

// recordedOrg fills an org with the recorded objects and all that point to them. It has no records.
func recordedOrg(t *testing.T, roots map[string]string, kin map[string][]closure.Relation) func(*fakeorg.Org) error {
	return func(o *fakeorg.Org) error {
		dir, objects := t.TempDir(), map[string]any{}
		for name, prefix := range roots {
			objects[name] = map[string]any{"keyPrefix": prefix, "rows": 0}
			if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte("Id\n"), 0o600); err != nil {
				return err
			}
		}
		text, err := json.Marshal(objects)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, "objects.json"), text, 0o600); err != nil {
			return err
		}
		if err := o.LoadDir(dir, describes); err != nil {
			return err
		}
		return addKin(o, roots, kin)
	}
}

// addKin adds the objects and fields by which records point to the recorded ones.
func addKin(o *fakeorg.Org, roots map[string]string, kin map[string][]closure.Relation) error {
	lookups := map[string]map[string][]string{closure.Link: {}} // parents, by object and field
	for parent, relations := range kin {
		for _, r := range relations {
			if lookups[r.Child] == nil {
				lookups[r.Child] = map[string][]string{}
			}
			lookups[r.Child][r.Field] = append(lookups[r.Child][r.Field], parent)
		}
	}
	lookups[closure.Link]["ContentDocumentId"] = []string{"Account"} // of no document
	number := 36
	for _, object := range slices.Sorted(maps.Keys(lookups)) {
		var fields []fakeorg.Field
		for _, name := range slices.Sorted(maps.Keys(lookups[object])) {
			f := fakeorg.Field{Name: name, Type: "reference", References: lookups[object][name]}
			if roots[object] == "" && object != "User" {
				fields = append(fields, f)
			} else {
				_ = o.AddField(object, f) // it may have it already
			}
		}
		if len(fields) == 0 {
			continue
		}
		if err := o.AddObject(object, "y"+strconv.FormatInt(int64(number), 36), fields...); err != nil {
			return err
		}
		number++
	}
	return nil
}

// Of each of the recorded objects a record goes with one child of every relation that takes it along, and what
// points to it otherwise stays; whether the relation has a name or not. Then the org deletes just that.
func TestRecordedObjects(t *testing.T) {
	t.Parallel()
	roots := map[string]string{"Account": "001", "Contact": "003", "Opportunity": "006", "Case": "500"}
	kin := recordedKin(t, roots)
	w := newWorld(t, fakeorg.Options{}, recordedOrg(t, roots, kin))
	for _, object := range w.org.Objects() {
		w.copied = append(w.copied, flowOf(object))
	}
	for root, relations := range kin {
		free, bound := w.record(root, nil), w.record(root, nil)
		want := map[string]string{free: "in", bound: "in"}
		empties := map[manifest.Clear]bool{}
		for _, r := range relations {
			switch {
			case r.Child == closure.Link: // it belongs to a document
			case r.Effect == closure.Takes:
				want[w.record(r.Child, map[string]string{r.Field: free})] = "in"
			case r.Effect == closure.Forbids:
				want[w.record(r.Child, map[string]string{r.Field: bound})] = ""
				want[bound] = "blocked"
			default:
				c := manifest.Clear{Type: manifest.TypeClear, Object: r.Child, Field: r.Field, Value: free}
				c.ID = w.record(r.Child, map[string]string{r.Field: free})
				want[c.ID], empties[c] = "", true
			}
		}
		before, calls := w.deleted(), w.client.Calls()
		_, r := w.plan(policy.Policy{Root: root, Where: "Id IN ('" + free + "','" + bound + "')", Cascades: true})
		calls = w.client.Calls() - calls
		r.fates(t, want)
		for _, c := range r.clears {
			delete(empties, c)
		}
		for c := range empties {
			t.Errorf("%s.%s of %s would be emptied, and the plan doesn't say so", c.Object, c.Field, root)
		}
		w.carryOut(r)
		if got := int64(len(w.deleted()) - len(before)); got != r.end.In {
			t.Errorf("%s: %d were deleted, and %d in the plan", root, got, r.end.In)
		}
		t.Logf("%s: %d relations, %d records go, %d lookups would be emptied, %d calls", root, len(relations), r.end.In,
			r.end.Clears, calls)
	}
}
