package lake_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/merging"
	"catchment/internal/warehouse/lake/tables"
	rule "catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// An asked is a request as the stand-in for Spark reads it.
type asked struct {
	Version  int
	Digest   string
	Final    struct{ Branch string }
	Attempt  string
	Policy   gone.Policy
	Complete bool
	Override bool
	Absent   gone.Reason
	ReadAt   rule.Moment `json:"read_at"`
	Now      rule.Moment
	Parts    []struct {
		Op       warehouse.Op
		Jobs     []string
		Columns  []string
		ReadAt   rule.Moment `json:"read_at"`
		Reason   gone.Reason
		Override bool
	}
}

// requests are the folders of the jobs that a lake has begun.
func (s *subject) requests(t testing.TB) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(s.folder, "spark", "*", "request.json"))
	must(t, err)
	return found
}

// mergeInstead does what Spark is asked in a request, to the branch, and says there what it did. lie changes what it
// says.
func (s *subject) mergeInstead(t testing.TB, request string, shaped shape.Table, lie func(says map[string]any)) {
	t.Helper()
	text, err := os.ReadFile(request) // #nosec G304 -- of the test
	must(t, err)
	var a asked
	must(t, json.Unmarshal(text, &a))
	rules := &rule.Rules{Policy: a.Policy, Complete: a.Complete, Override: a.Override, Absent: a.Absent,
		ReadAt: a.ReadAt, Now: a.Now, Tells: true}
	for _, p := range a.Parts {
		rules.Parts = append(rules.Parts, rule.Part{Op: p.Op, Jobs: p.Jobs, Columns: p.Columns, ReadAt: p.ReadAt,
			Reason: p.Reason, Override: p.Override, TellsIt: slices.Contains(p.Columns, "isdeleted")})
	}
	final := s.find(t, warehousetest.Final, shaped.Name)
	at, err := s.lake().At(final, a.Final.Branch)
	must(t, err)
	r, err := merging.Do(t.Context(), merging.Task{Table: shaped, Final: at, Rules: rules, Attempt: a.Attempt,
		Stage: s.find(t, warehousetest.Staging, shaped.Name), Scratch: s.folder, Rows: 1})
	must(t, err)
	c := rules.Counts
	counts := map[string]any{"staged": c.Staged, "inserted": c.Inserted, "updated": c.Updated, "patched": c.Patched,
		"deleted": c.Deleted, "applied": rules.Applied, "sudden": rules.Sudden, "grown": rules.Grown,
		"written": rules.Written, "living": rules.Living}
	if lie != nil {
		lie(counts)
	}
	says, err := json.Marshal(map[string]any{"version": a.Version, "digest": a.Digest, "now": a.Now, "counts": counts})
	must(t, err)
	if len(r.Rows) == 0 { // Spark makes no snapshot then
		return
	}
	tx := at.NewTransaction()
	must(t, tx.NewRowDelta(iceberg.Properties{tables.CommitKey: a.Final.Branch, "catchment.merge": string(says)}).
		AddRows(slices.Concat(r.Rows, r.Left)...).AddDeletes(r.Deletes...).Commit(t.Context()))
	made, err := tx.TableCommit()
	must(t, err)
	s.toBranch(t, at, a.Final.Branch, made.Updates)
}

// toBranch commits updates that were made for main to a branch.
func (s *subject) toBranch(t testing.TB, made *table.Table, branch string, updates []table.Update) {
	t.Helper()
	was := made.CurrentSnapshot().SnapshotID
	for i, u := range updates {
		text, err := json.Marshal(u)
		must(t, err)
		var ref struct {
			Name string `json:"ref-name"`
			At   int64  `json:"snapshot-id"`
		}
		if must(t, json.Unmarshal(text, &ref)); ref.Name == table.MainBranch {
			updates[i] = table.NewSetSnapshotRefUpdate(branch, ref.At, table.BranchRef, 0, 0, 0)
		}
	}
	_, _, err := s.CommitTable(t.Context(), made.Identifier(),
		[]table.Requirement{table.AssertRefSnapshotID(branch, &was)}, updates)
	must(t, err)
}
