package planning_test

import (
	"testing"

	"catchment/internal/fakeorg"
	"catchment/internal/policy"
)

// support is an org with customers, their cases, and what hangs on these.
func support(o *fakeorg.Org) error {
	counts := map[string]int{"Account": 50, "Contact": 50, "Case": 60, "Opportunity": 20, "Task": 120, "User": 3}
	if err := o.GenerateCounts(counts, 7); err != nil {
		return err
	}
	return o.GenerateFiles(fakeorg.Files{Versions: 60, Attachments: 20, Documents: 3})
}

func TestCasesWithAllThatHangsOnThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t, fakeorg.Options{StandardDelete: true}, support,
		"Case", "EmailMessage", "Task", "Attachment", "ContentDocument", "ContentVersion", "ContentDocumentLink")
	sum, r := w.plan(policy.Policy{Root: "Case", Where: "Status = 'Closed'", Cascades: true})
	if sum.End.In == 0 || sum.End.Held+sum.End.Blocked > 0 || int64(len(r.records)) != sum.End.In ||
		r.end != sum.End || len(r.losses) > 0 {
		t.Errorf("%+v, and %d records", sum, len(r.records))
	}
	level := map[string]int{"Case": 0, "EmailMessage": 1, "Task": 1, "Attachment": 1, "ContentDocument": 1,
		"ContentVersion": 2, "ContentDocumentLink": 2}
	for i, one := range r.records {
		if i > 0 && r.records[i-1].Level < one.Level {
			t.Errorf("%s of level %d stands after one of level %d", one.ID, one.Level, r.records[i-1].Level)
		}
		parent, there := r.by[one.Parent]
		if one.Level != level[one.Object] || one.Level > 0 && (!there || parent.Level >= one.Level) ||
			one.Along != (one.Level == 2) {
			t.Errorf("%+v", one)
		}
	}
}
