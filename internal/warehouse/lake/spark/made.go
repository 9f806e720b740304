package spark

import (
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/versions"
)

// keyMade is what the summary of a snapshot that Spark has made says of the merge.
const keyMade = "catchment.merge"

// Counts is what a merge did, as the script says.
type Counts struct {
	Staged   int64 `json:"staged"`
	Inserted int64 `json:"inserted"`
	Updated  int64 `json:"updated"`
	Patched  int64 `json:"patched"`
	Deleted  int64 `json:"deleted"`
	Applied  int64 `json:"applied"`
	Sudden   int64 `json:"sudden"`
	Grown    int64 `json:"grown"`
	Written  int64 `json:"written"`
	Living   int64 `json:"living"`
}

// Fill has rules count what Spark did.
func (c Counts) Fill(r *versions.Rules) {
	n := &r.Counts
	n.Staged, n.Inserted, n.Updated, n.Patched, n.Deleted = c.Staged, c.Inserted, c.Updated, c.Patched, c.Deleted
	r.Applied, r.Sudden, r.Grown, r.Written, r.Living = c.Applied, c.Sudden, c.Grown, c.Written, c.Living
}

// A Made snapshot is what Spark has written to a branch.
type Made struct {
	Branch   string
	Now      versions.Moment // of the merge
	Counts   Counts
	digest   string
	snapshot table.Snapshot
}

// MadeOn finds what is on a branch of a table. What isn't a merge of ours is none.
func MadeOn(t *table.Table, branch string) (m Made, is bool) {
	at, has := tables.Branches(t)[branch]
	if !has {
		return m, false
	}
	s := t.SnapshotByID(at)
	if s == nil || s.Summary == nil || s.Summary.Properties[keyMade] == "" {
		return m, false
	}
	var says struct {
		Version int             `json:"version"`
		Digest  string          `json:"digest"`
		Now     versions.Moment `json:"now"`
		Counts  Counts          `json:"counts"`
	}
	err := json.Unmarshal([]byte(s.Summary.Properties[keyMade]), &says)
	if err != nil || says.Version != version || s.Summary.Properties[tables.CommitKey] != branch {
		return m, false
	}
	return Made{Branch: branch, Now: says.Now, Counts: says.Counts, digest: says.Digest, snapshot: *s}, true
}

// Of holds what was made against what is asked now, and against what the table itself says of it. The error says what
// doesn't agree: then it isn't taken.
func (m Made) Of(t Task, staged int64) error {
	if m.digest != t.told().digest() {
		return fmt.Errorf("it was asked otherwise")
	}
	if m.snapshot.ParentSnapshotID == nil || !tables.Alike(t.Final, *m.snapshot.ParentSnapshotID) {
		return fmt.Errorf("the table has changed since it began")
	}
	before := t.Final.SnapshotByID(*m.snapshot.ParentSnapshotID)
	if before == nil {
		return fmt.Errorf("the snapshot that it began at is gone")
	}
	c := m.Counts
	for _, one := range []struct {
		what      string
		has, says int64
	}{
		{"versions staged", staged, c.Staged},
		{"rows written", m.number("added-records"), c.Written},
		{"rows replaced", m.number("added-position-deletes"), c.Written - c.Grown},
		{"rows inserted", c.Grown, c.Inserted},
		{"data files that went", m.number("deleted-data-files"), 0},
		{"rows", m.number("total-records"), numberIn(*before, "total-records") + c.Written},
		{"deletes by value", m.number("total-equality-deletes"), 0},
	} {
		if one.has != one.says {
			return fmt.Errorf("%s: %d, and it says %d", one.what, one.has, one.says)
		}
	}
	if c.Inserted < 0 || c.Deleted < 0 || c.Updated < c.Patched || c.Applied > c.Staged || c.Sudden > c.Deleted {
		return fmt.Errorf("its counts contradict each other")
	}
	return nil
}

// Living holds how many rows were live before and after against what was made.
func (m Made) Living(before, after int64) error {
	if after-before != m.Counts.Living {
		return fmt.Errorf("%d live rows more than before, and it says %d", after-before, m.Counts.Living)
	}
	return nil
}

// Snapshot is its snapshot.
func (m Made) Snapshot() int64 { return m.snapshot.SnapshotID }

func (m Made) number(key string) int64 { return numberIn(m.snapshot, key) }

func numberIn(s table.Snapshot, key string) int64 {
	if s.Summary == nil {
		return 0
	}
	n, err := strconv.ParseInt(s.Summary.Properties[key], 10, 64)
	if err != nil {
		return 0
	}
	return n
}
