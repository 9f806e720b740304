package replicate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/control/recall"
	"catchment/internal/rig"
	"catchment/internal/verify"
)

// Tables are open to whoever may write into the warehouse. What a hand has done there
// is noticed, said until a verify has looked at all rows, and keeps no change off.

// doubts is whether a flow is known to have rows that are wrong, or may be.
func doubts(r *rig.Rig) bool {
	r.T.Helper()
	return slices.ContainsFunc(r.FlowRow("Contact").Doubts, func(d recall.Doubt) bool {
		wrong := d.Kind == recall.RowsWrong || d.Kind == recall.ValuesWrong
		return wrong && d.Why != "" && strings.HasSuffix(d.Hint, "--repair Contact") && !d.Since.IsZero()
	})
}

// expectDoubts runs once more, and tells where there are doubts and should be none, or
// the other way round.
func expectDoubts(r *rig.Rig, when string, want bool) {
	r.T.Helper()
	r.Later(time.Hour)
	r.Done(nil)
	if got := doubts(r); got != want {
		r.T.Errorf("%s: doubts %t, %+v", when, got, r.FlowRow("Contact").Doubts)
	}
}

// A row's stamp in the warehouse lies ahead of the org's: its record's changes never
// arrived, and verify called it pending for ever.
func TestStampAhead(t *testing.T) {
	t.Parallel()
	for name, set := range map[string]string{
		"stamp": "systemmodstamp = '2030-01-01', _catchment_at = '2030-01-01'",
		"order": "_catchment_at = '2030-01-01'",
		"all":   "systemmodstamp = '2030-01-01', _catchment_at = '2030-01-01', _catchment_read_at = '2030-01-01'",
		// sooner than the org's clock stands when the next run looks
		"soon": "_catchment_at = _catchment_read_at + INTERVAL 30 MINUTE",
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Later(time.Hour)
			ids := r.IDs("Contact")
			r.Delete(ids[1])
			expectDoubts(r, "before", false)
			r.Exec("UPDATE salesforce.contact SET " + set)
			r.Later(40 * time.Minute)
			r.Set(ids[0], "LastName", "real")
			r.Must(r.Org.Undelete(ids[1]))
			expectDoubts(r, "ahead", true)
			got := r.Texts("contact", "id", "lastname", "_catchment_delete_reason")
			if got[ids[0]][1] != "real" || got[ids[1]][2] != "" {
				t.Errorf("changes did not arrive: %q, %q", got[ids[0]], got[ids[1]])
			}
			expectDoubts(r, "until somebody has looked", true)
			r.Verified(r.Flows[0], rig.Repair)
			expectDoubts(r, "mended", false)
			r.Same()
		})
	}
}

// Rows that somebody deletes are missed until they are back, or until verify finds
// that no record lacks them; also once the table has grown beyond what it was.
func TestRowsAreMissing(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Later(time.Hour)
	ids := r.IDs("Contact")
	r.Delete(ids[0])
	expectDoubts(r, "before", false)
	r.Exec("DELETE FROM salesforce.contact WHERE id IN ('" + ids[1] + "', '" + ids[2] + "')")
	r.Set(ids[5], "LastName", "changed")
	expectDoubts(r, "missing", true)
	o := r.Done(nil).Objects[0]
	if o.Grade != recall.Unproven || !strings.Contains(o.Doubts[0].Why, "rows are missing") {
		t.Errorf("%+v", o)
	}
	if found := r.Verified(r.Flows[0], nil); found.Missing != 2 || !doubts(r) {
		t.Errorf("%+v, doubts %v", found, r.FlowRow("Contact").Doubts)
	}
	if mended := r.Verified(r.Flows[0], rig.Repair); mended.Repaired != 2 || doubts(r) {
		t.Errorf("%+v, doubts %v", mended, r.FlowRow("Contact").Doubts)
	}
	expectDoubts(r, "mended", false)
	r.Same()

	r.Exec("DELETE FROM salesforce.contact WHERE _catchment_deleted_at IS NOT NULL") // no record lacks them
	expectDoubts(r, "rows of deleted records", true)
	if found := r.Verified(r.Flows[0], nil); found.Differs() {
		t.Errorf("%+v", found)
	}
	expectDoubts(r, "verified", false)

	r.Exec("DELETE FROM salesforce.contact WHERE id = '" + ids[3] + "'")
	expectDoubts(r, "missing again", true)
	r.Done(rig.Full)
	expectDoubts(r, "read anew", false)
	r.Same()
}

// Who knows that rows are wrong says so: what a verify has found, also by a sample,
// stands until a verify finds nothing.
func TestVerifyFoundDifferences(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]func(*verify.Options){"stamps": nil, "sample": rig.Sample} {
		t.Run(name, func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			r.Later(time.Hour)
			r.Done(nil)
			r.Exec("UPDATE salesforce.contact SET systemmodstamp = systemmodstamp - INTERVAL 3 DAY, " +
				"_catchment_at = _catchment_at - INTERVAL 3 DAY WHERE id = '" + r.IDs("Contact")[0] + "'")
			expectDoubts(r, "nobody has looked", false)
			if found := r.Verified(r.Flows[0], look); !found.Differs() {
				t.Errorf("%+v", found)
			}
			expectDoubts(r, "found", true)
			r.Verified(r.Flows[0], rig.Repair)
			expectDoubts(r, "mended", false)
			r.Same()
		})
	}
}

// What a verify of all values has found isn't settled by one that looks at stamps only.
func TestVerifyFoundOtherValues(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	r.Later(time.Hour)
	r.Done(nil)
	r.Exec("UPDATE salesforce.contact SET lastname = 'of a hand' WHERE id = '" + r.IDs("Contact")[0] + "'")
	if found := r.Verified(r.Flows[0], rig.Values); found.Wrong != 1 || found.Grade != recall.Unproven {
		t.Errorf("%+v", found)
	}
	expectDoubts(r, "found", true)
	if found := r.Verified(r.Flows[0], nil); found.Differs() {
		t.Errorf("%+v", found)
	}
	expectDoubts(r, "nothing of it shows in the stamps", true)
	r.Verified(r.Flows[0], rig.Repair)
	expectDoubts(r, "mended", false)
	r.Same()
}

// A table was copied with CREATE TABLE AS, and lost its primary key: every run with a
// change failed. Then it had a row twice.
func TestKeyIsGone(t *testing.T) {
	t.Parallel()
	r := rig.New(t, rig.NewOrg(t, map[string]int{"Contact": 20, "Account": 20}, nil), "Contact", "Account")
	r.Later(time.Hour)
	r.Done(nil)
	ids := r.IDs("Contact")
	lose := func() {
		r.Exec("CREATE TABLE salesforce.copy AS FROM salesforce.contact")
		r.Exec("DROP TABLE salesforce.contact")
		r.Exec("ALTER TABLE salesforce.copy RENAME TO contact")
	}
	lose()
	r.Set(ids[0], "LastName", "changed")
	r.Later(time.Hour)
	r.Done(nil)
	r.Same()

	lose()
	r.Exec("INSERT INTO salesforce.contact FROM salesforce.contact WHERE id = '" + ids[1] + "'")
	r.Set(ids[0], "LastName", "changed again")
	r.Later(time.Hour)
	for range 2 {
		row := r.Run(nil)
		for _, o := range row.Objects {
			fails := o.Object == "Contact"
			named := strings.HasSuffix(o.Error, ids[1]) &&
				o.Hint == "leave one row of each with: catchment verify --repair Contact"
			if (o.State == control.FlowFailed) != fails || named != fails || (o.Grade == recall.Unproven) != fails {
				t.Errorf("%+v", o)
			}
		}
	}
	if mended := r.Verified(r.Flows[0], rig.Repair); mended.Duplicates != 1 || mended.Remaining() != 0 {
		t.Errorf("%+v", mended)
	}
	if o := r.Done(nil).Objects[0]; o.Grade != "proven" {
		t.Errorf("%+v", o)
	}
	r.Same()
}
