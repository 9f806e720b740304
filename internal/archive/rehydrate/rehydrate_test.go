package rehydrate_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/rehydrate"
	"catchment/internal/fakeorg"
)

// binDays is when the recycle bin has forgotten what was deleted.
const binDays = 16 * 24 * time.Hour

// notBack tells of the fields that the manual says can't come back as they were, beside Id and SystemModstamp: by
// hand, from facts/archive.md.
func notBack(object, field string) bool {
	switch object {
	case "OpportunityContactRole", "ContentDocumentLink", "ContentDocument": // Salesforce sets no audit fields of them
		if slices.Contains([]string{"createddate", "createdbyid"}, field) {
			return true
		}
	case "ContentVersion": // where a file was published is where its owner is; a new one is a major version
		if slices.Contains([]string{"firstpublishlocationid", "ismajorversion"}, field) {
			return true
		}
	}
	return field == "contentmodifieddate" || strings.HasPrefix(field, "lastmodified")
}

// Within the bin's days everything comes back under its Id. What an undelete leaves in the bin is made anew.
func TestOutOfTheBin(t *testing.T) {
	t.Parallel()
	for _, shelf := range []string{"duckdb", "postgres"} {
		t.Run(shelf, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, shelf, npsp(t, nil), objects()...)
			roots, documents := h.families(4), h.documents()
			h.archive(append(roots, documents...)...)
			out := h.rehydrate(nil, rehydrate.Request{IDs: append(roots, documents...), Really: true})
			if out.err != nil || !out.Whole() {
				t.Error(out.err, out.text())
			}
			for _, f := range out.facts {
				anew := f.State == rehydrate.Inserted
				if anew && f.Object != "OpportunityContactRole" && f.Object != "ContentDocumentLink" {
					t.Errorf("%+v", f)
				}
			}
			h.same(out, notBack)
			h.twice(rehydrate.Request{IDs: append(roots, documents...), Really: true})
		})
	}
}

// Later new records are made: all but the documented fields are equal, and links are equal under the map.
func TestAsNewRecords(t *testing.T) {
	t.Parallel()
	for _, shelf := range []string{"duckdb", "postgres"} {
		t.Run(shelf, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, shelf, npsp(t, nil), objects()...)
			roots, documents := h.families(4), h.documents()
			h.archive(append(roots, documents...)...)
			h.Later(binDays)
			out := h.rehydrate(nil, rehydrate.Request{IDs: append(roots, documents...), Really: true})
			t.Log(out.text())
			if out.err != nil || !out.Whole() {
				t.Error(out.err, out.text())
			}
			h.same(out, notBack)
			h.counted(out)
			h.twice(rehydrate.Request{IDs: append(roots, documents...), Really: true})
			h.copied(out)
		})
	}
}

// A user without the permission brings back all but the audit fields.
func TestWithoutAuditFields(t *testing.T) {
	t.Parallel()
	h := newHouse(t, "duckdb", npsp(t, func(o *fakeorg.Options) { o.SetAuditFields = false }), objects()...)
	roots, documents := h.families(1), h.documents()
	h.archive(append(roots, documents...)...)
	h.Later(binDays)
	out := h.rehydrate(nil, rehydrate.Request{IDs: append(roots, documents...), Really: true})
	if out.err != nil || !out.Whole() {
		t.Error(out.err, out.text())
	}
	h.same(out, func(object, field string) bool {
		return notBack(object, field) || strings.HasPrefix(field, "created")
	})
}
