package lake

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
	words "catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake/ledger"
	"catchment/internal/warehouse/lake/lost"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/upkeep"
	"catchment/internal/warehouse/maintained"
)

// keeper is the role maintained.Keeper.
type keeper struct{ *site }

// Maintain looks after the final table and the stage table of a flow.
func (s keeper) Maintain(
	ctx context.Context, f warehouse.Fence, name string, how maintained.How,
) (w maintained.Work, err error) {
	defer func() { err = named("look after "+name, err) }()
	care := s.care(how)
	all, err := s.registered(ctx)
	if err != nil {
		return w, err
	}
	l, known := all[f.Flow]
	if !known || l.Mark.Table != name || care.How.Changes() && l.Mark.Fence > f.Number {
		return w, warehouse.ErrFenced
	}
	k := keeping{site: s.site, line: l, fence: f, changes: care.How.Changes()}
	if k.stands, _, err = s.stands(ctx, name); err != nil {
		return w, err
	}
	if err := k.lookForAttempts(ctx); err != nil {
		return w, err
	}
	if err := tend(ctx, care, tables.Name(s.Schema, name), k.final, &w); err != nil {
		return w, err
	}
	care.Bounds.Small = smallStaged
	err = tend(ctx, care, tables.Name(s.Staging, name), k.stage, &w)
	return w, err
}

// smallStaged is how many bytes a small file of a stage table has fewer of. A page makes one of some megabytes, which
// is read once, by a merge, and is history then: to write it once more would cost as much as to stage it did.
const smallStaged = 4 << 20

// MaintainOwn looks after our own tables. What one of them fails over stops no other.
func (s keeper) MaintainOwn(ctx context.Context, how maintained.How) (w maintained.Work, err error) {
	var failed []error
	for _, t := range own.All() {
		name := s.own(t.Name)
		if t.Beside {
			name = s.beside(t.Name)
		}
		if err := s.maintainOwn(ctx, how, name, &w); err != nil {
			failed = append(failed, named("look after "+t.Name, err))
		}
	}
	return w, errors.Join(failed...)
}

// maintainOwn looks after one of our own tables. By hand it is looked for files that are lost, too.
func (s keeper) maintainOwn(
	ctx context.Context, how maintained.How, name table.Identifier, w *maintained.Work,
) error {
	switch how {
	case maintained.LetGo:
		if slices.Equal(name, s.beside(own.Archive)) {
			return s.wholeLedger(ctx, name)
		}
		gone, err := lost.LetGo(ctx, s.Lake, name)
		if err != nil || len(gone) == 0 {
			return ignoreNone(err)
		}
		w.Tables = append(w.Tables, maintained.Report{Table: strings.Join(name, "."), Lost: gone.Told()})
		return nil
	case maintained.Look:
		before := len(w.Tables)
		if err := tend(ctx, s.care(how), name, anybody, w); err != nil || len(w.Tables) == before {
			return err
		}
		t, err := s.Find(ctx, name)
		if err != nil {
			return ignoreNone(err)
		}
		gone, err := lost.In(ctx, t, nil)
		w.Tables[before].Lost = gone.Told()
		return err
	}
	return tend(ctx, s.care(how), name, anybody, w)
}

// wholeLedger refuses to go on without a part of the ledger of archives: no row would be marked of what is on its way
// out of Salesforce by a line that is lost, and a merge would take it for deleted by somebody else.
func (s keeper) wholeLedger(ctx context.Context, name table.Identifier) error {
	t, err := s.Find(ctx, name)
	if err != nil {
		return ignoreNone(err)
	}
	gone, err := lost.In(ctx, t, nil)
	if err != nil || len(gone) == 0 {
		return err
	}
	return plan.Fixf("put the file back as it was, from a backup or an older version of the object",
		"%s is missing or damaged, and its lines say which records are on their way out of Salesforce",
		gone.Told()[0].Path)
}

// ignoreNone is an error, but for that of a table that isn't there.
func ignoreNone(err error) error {
	if errors.Is(err, tables.ErrNone) {
		return nil
	}
	return err
}

// tidy does what upkeep is due of a final table whose flow is held, or of the ledger of archives. That is written to so
// often while a plan is carried out that its files become few even where upkeep is somebody else's.
func (s *site) tidy(ctx context.Context, f warehouse.Fence, name string) error {
	k := keeper{s}
	if name != own.Archive {
		_, err := k.Maintain(ctx, f, name, maintained.Due)
		return err
	}
	care := k.care(maintained.Due)
	if care.How == maintained.Due {
		return tend(ctx, care, s.beside(name), anybody, &maintained.Work{})
	}
	_, err := s.Commit(ctx, s.beside(name), func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		return upkeep.Compaction(ctx, upkeep.Table{Table: t, Key: own.ArchiveOrder(), Bounds: care.Bounds,
			Scratch: s.scratch})
	})
	return err
}

// anybody guards a table that is no flow's.
func anybody(*table.Table, *tables.Change) (string, error) { return "", nil }

// tendFiles looks after the register of files, as far as that is due.
func (s keeper) tendFiles(ctx context.Context) error {
	return tend(ctx, s.care(maintained.Due), s.beside(own.Files), anybody, &maintained.Work{})
}

// care is what upkeep does here. What is due is ours to do only where nobody else does it, nor is said not to.
func (s keeper) care(how maintained.How) upkeep.Care {
	by := s.Options.Maintain.By
	if how == maintained.Due && by != words.ByUs || how == maintained.All && by == words.ByService {
		how = maintained.Count
	}
	bounds := upkeep.Usual()
	bounds.Age, bounds.Orphans = s.Options.Maintain.Snapshots, s.Options.Maintain.Orphans
	return upkeep.Care{Lake: s.Lake, Bounds: bounds, Scratch: s.scratch, Now: s.Now(), How: how}
}

// tend looks after one table, and adds what became of it.
func tend(ctx context.Context, c upkeep.Care, name table.Identifier, g upkeep.Guard, w *maintained.Work) error {
	r, more, err := c.Tend(ctx, name, g)
	if err == nil && r.Table != "" {
		w.Tables = append(w.Tables, r)
	}
	w.More = w.More || more
	return err
}

// A keeping is upkeep of a flow's tables.
type keeping struct {
	*site
	line     line
	fence    warehouse.Fence
	stands   standing
	changes  bool
	underWay bool
}

// attemptUnderWay is why a table is left alone whose flow is between the loading of pages and their merge.
const attemptUnderWay = "what a run has loaded isn't merged yet"

// lookForAttempts looks whether something is staged that isn't merged. Nobody but the holder stages more.
func (k *keeping) lookForAttempts(ctx context.Context) error {
	stage, err := k.found(ctx, tables.Name(k.Staging, k.line.Mark.Table))
	if err != nil || stage == nil {
		return err
	}
	k.underWay = k.open(stage)
	return nil
}

// open tells whether a stage table's ledger has an attempt that isn't merged.
func (k *keeping) open(stage *table.Table) bool {
	for _, attempt := range ledger.Attempts(stage.Properties()) {
		if _, done := k.stands.counts(attempt); !done {
			return true
		}
	}
	return false
}

// final guards the final table: the flow is held, and nobody else has written to it. The change carries the standing.
func (k *keeping) final(t *table.Table, c *tables.Change) (string, error) {
	stands, is, err := standingOf(t)
	if err != nil {
		return "", err
	}
	if !is {
		return "it was not made by Catchment", nil
	}
	stands.Mark, _ = k.line.over(stands)
	if k.changes {
		if err := stands.holds(k.fence); err != nil {
			return "", err
		}
	}
	if err := stands.watch(t); err != nil {
		return "", err
	}
	f, is := changed(t, stands)
	switch {
	case !k.changes:
		return "", nil
	case is:
		return "somebody else has written to it: " + f.Operation + " at " + f.At.Format(time.DateTime), nil
	case stands.Back:
		return "somebody went back to an older snapshot of it", nil
	case k.underWay:
		return attemptUnderWay, nil
	}
	return "", stands.carry(c)
}

// stage guards the stage table.
func (k *keeping) stage(t *table.Table, _ *tables.Change) (string, error) {
	if k.changes && k.open(t) {
		return attemptUnderWay, nil
	}
	return "", nil
}
