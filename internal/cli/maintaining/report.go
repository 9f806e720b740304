package maintaining

import (
	"fmt"

	"catchment/internal/plan"
	"catchment/internal/plural"
	"catchment/internal/printable"
	"catchment/internal/status"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/maintained"
)

// A report is what became of the tables of an object, or of those that are none's.
type report struct {
	Object string
	Dry    bool
	work   maintained.Work
	err    error
}

// A line is what became of one table.
type line struct {
	After        *upkeep.Census `json:"after,omitempty"` // not where nothing is done
	Before       upkeep.Census  `json:"before"`
	Left         string         `json:"left,omitempty"` // why it was left as it was
	Lost         []string       `json:"lost,omitempty"` // files that were let go of, or could be
	Object       string         `json:"object,omitempty"`
	OldSnapshots int            `json:"old_snapshots,omitempty"` // that could go
	OrphanBytes  int64          `json:"orphan_bytes"`
	Orphans      int            `json:"orphans"`               // files that no snapshot named
	SmallFiles   int            `json:"small_files,omitempty"` // that could become few
	Table        string         `json:"table"`
	Type         string         `json:"type"`
}

// A failure is why the tables of an object could not be looked after.
type failure struct {
	Class  string `json:"class,omitempty"`
	Error  string `json:"error"`
	Hint   string `json:"hint,omitempty"`
	Object string `json:"object,omitempty"`
	Type   string `json:"type"`
}

// Lines are one for each table, and one for a failure.
func (r report) Lines() (lines []any) {
	for _, t := range r.work.Tables {
		one := line{Before: t.Before, Left: t.Left, Object: r.Object, OldSnapshots: t.Old, OrphanBytes: t.Freed,
			Orphans: t.Orphans, SmallFiles: t.Small, Table: t.Table, Type: "maintained"}
		for _, file := range t.Lost {
			one.Lost = append(one.Lost, file.Path)
		}
		if !r.Dry && len(t.Lost) == 0 {
			one.After = &t.After
		}
		lines = append(lines, one)
	}
	if r.err != nil {
		lines = append(lines, failure{Class: string(plan.ClassOf(r.err)), Error: r.err.Error(),
			Hint: plan.AdviceOf(r.err), Object: r.Object, Type: "failure"})
	}
	return lines
}

// Text is a line for each table.
func (r report) Text() (t status.Text) {
	for _, one := range r.work.Tables {
		if r.Dry || len(one.Lost) == 0 {
			t.Result("%s  %s", one.Table, r.became(one))
		}
		for _, file := range one.Lost {
			t.Result("%s  %s", one.Table, r.lost(file))
		}
	}
	if r.err != nil {
		t.TalkOf(r.Object, "error: %v", r.err)
		if hint := plan.AdviceOf(r.err); hint != "" {
			t.TalkOf(r.Object, "hint: %s", hint)
		}
	}
	return t
}

// became says what became of a table, or could.
func (r report) became(one maintained.Report) string {
	if one.Left != "" {
		return "left as it is: " + one.Left
	}
	orphans := ""
	if one.Orphans > 0 {
		orphans = fmt.Sprintf("; %s that no snapshot %s, %s", plural.Of(int64(one.Orphans), "file"),
			plural.Word(int64(one.Orphans), "names", "name"), status.Size(one.Freed))
	}
	if r.Dry {
		return fmt.Sprintf("%s; to merge: %s, to remove: %s%s", made(one.Before),
			plural.Of(int64(one.Small), "small file"), plural.Of(int64(one.Old), "old snapshot"), orphans)
	}
	if orphans != "" {
		orphans += ", removed"
	}
	if one.Before == one.After {
		return made(one.After) + ", as before" + orphans
	}
	return made(one.Before) + " -> " + made(one.After) + orphans
}

// lost says what a table has lost, and whether it goes on without it.
func (r report) lost(file evidence.LostFile) string {
	is := "is another one or cut short"
	if file.Missing {
		is = "is missing"
	}
	what := fmt.Sprintf("lost: file %s %s, which held %s", printable.Line(file.Path), is, plural.Of(file.Rows, "row"))
	if r.Dry {
		return what
	}
	return what + ": let go"
}

// made says what a table is made of.
func made(c upkeep.Census) string {
	return fmt.Sprintf("%s, %s of deletes, %s, %s", plural.Of(int64(c.Files), "file"), plural.Count(int64(c.Deletes)),
		status.Size(c.Bytes), plural.Of(int64(c.Snapshots), "snapshot"))
}
