package spark

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/apache/iceberg-go"
	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
)

// version is of what is asked and answered. A script of another one refuses, and is refused.
const version = 1

// A Catalog is how Spark reaches the catalog of a lake: the name that it is to have there, and its properties. They
// hold no secret: who starts Spark gives it what it needs for that.
type Catalog struct {
	Name       string            `json:"name"`
	Properties map[string]string `json:"properties"`
}

// A Request is what the script is asked.
type Request struct {
	Version int     `json:"version"`
	Catalog Catalog `json:"catalog"`
	Stage   place   `json:"stage"`
	Final   place   `json:"final"`
	Digest  string  `json:"digest"` // of the task: the snapshot says by it what was merged
	task
}

// A place is a snapshot of a table.
type place struct {
	Namespace string `json:"namespace"`
	Table     string `json:"table"`
	Snapshot  int64  `json:"snapshot"`
	Branch    string `json:"branch,omitempty"` // that the merge is written to
}

// A task is what is to be merged, and by which rules.
type task struct {
	Attempt  string        `json:"attempt"`
	Key      []string      `json:"key"`
	Columns  []string      `json:"columns"` // of Salesforce, that the final table has
	Retired  []string      `json:"retired"`
	Stamp    string        `json:"stamp"`
	Deleted  string        `json:"deleted"`
	Master   string        `json:"master"`
	Policy   gone.Policy   `json:"policy"`
	Complete bool          `json:"complete"`
	Override bool          `json:"override"`
	Absent   gone.Reason   `json:"absent"`
	ReadAt   int64         `json:"read_at"`
	Now      int64         `json:"now"`
	Kept     []gone.Reason `json:"kept"`     // rows that are gone for these stay
	Approved []gone.Reason `json:"approved"` // and these don't count for the stop before a mass delete
	Parts    []part        `json:"parts"`
}

// A part is one of versions.Part, as JSON has it.
type part struct {
	Op       warehouse.Op `json:"op"`
	Jobs     []string     `json:"jobs"`
	Columns  []string     `json:"columns"`
	ReadAt   int64        `json:"read_at"`
	Reason   gone.Reason  `json:"reason"`
	Override bool         `json:"override"`
}

// A Task is what Catchment knows of a merge.
type Task struct {
	Table   shape.Table
	Final   *table.Table
	Stage   *table.Table
	Attempt string
	Rules   *versions.Rules
}

// Ask is the request for a task, to be written to a branch of the final table that is at a snapshot.
func Ask(c Catalog, t Task, branch string, at int64) Request {
	r := Request{Version: version, Catalog: c, task: t.told(), Final: placeOf(t.Final), Stage: placeOf(t.Stage)}
	r.Final.Branch, r.Final.Snapshot = branch, at
	r.Digest = r.digest()
	return r
}

func placeOf(t *table.Table) place {
	p := place{Namespace: t.Identifier()[0], Table: t.Identifier()[1]}
	if s := t.CurrentSnapshot(); s != nil {
		p.Snapshot = s.SnapshotID
	}
	return p
}

// told is a task as JSON has it.
func (t Task) told() task {
	r := t.Rules
	told := task{Attempt: t.Attempt, Key: t.Table.Key, Retired: nonNil(t.Table.Retired), Policy: r.Policy,
		Complete: r.Complete, Override: r.Override, Absent: r.Absent, ReadAt: int64(r.ReadAt), Now: int64(r.Now),
		Stamp: columnOf(t.Table, "SystemModstamp"), Deleted: columnOf(t.Table, "IsDeleted"),
		Master: columnOf(t.Table, "MasterRecordId")}
	ours := columns.Final()
	for _, f := range t.Final.Schema().Fields() {
		if !slices.ContainsFunc(ours, func(c shape.Column) bool { return c.Name == f.Name }) {
			told.Columns = append(told.Columns, f.Name)
		}
	}
	for _, traits := range gone.Reasons() {
		if traits.Kept {
			told.Kept = append(told.Kept, traits.Reason)
		}
		if traits.Approved {
			told.Approved = append(told.Approved, traits.Reason)
		}
	}
	for _, p := range r.Parts {
		told.Parts = append(told.Parts, part{Op: p.Op, Jobs: p.Jobs, Columns: nonNil(p.Columns),
			ReadAt: int64(p.ReadAt), Reason: p.Reason, Override: p.Override})
	}
	return told
}

func nonNil(names []string) []string { return append([]string{}, names...) }

// columnOf is the name of a field's column, "" for none.
func columnOf(t shape.Table, field string) string {
	c, _ := t.Column(field)
	return c.Name
}

// digest is the same for the same task alone.
func (t task) digest() string {
	text, err := json.Marshal(t)
	if err != nil {
		panic(err) // it is made of texts, numbers and truths
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// Branch is what the branch of a try at a merge is called.
func Branch(token string) string {
	sum := sha256.Sum256([]byte(token))
	return tables.BranchPrefix + hex.EncodeToString(sum[:8])
}

// mostParts is how many parts a merge has at most that Spark does: each is a further step of one query.
const mostParts = 8

// Lacks says why a merge is not for Spark, "" where it is: what it would need of a table that Spark doesn't write.
func Lacks(t Task, m warehouse.Merge) string {
	why := LacksFor(t.Final, m.Policy)
	switch {
	case why != "":
		return why
	case t.Stage == nil || m.Rows == 0:
		return "there is nothing to merge"
	case len(m.Forget) > 0:
		return "values of columns are to be forgotten"
	case len(t.Rules.Parts) > mostParts:
		return "it has too many parts for one query"
	}
	return ""
}

// LacksFor says why no merge into a table is for Spark under a policy, "" where it is.
func LacksFor(final *table.Table, p gone.Policy) string {
	for _, f := range final.Schema().Fields() {
		if _, is := f.Type.(iceberg.TimeType); is {
			return "Spark has no type for column " + f.Name + ", which holds times of day"
		}
	}
	if p == gone.Remove {
		return "deletes: remove leaves tombstones, which Spark doesn't write"
	}
	return ""
}
