package register

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake/compare"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/lake/removal"
	"catchment/internal/warehouse/lake/rows"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/lake/upkeep"
	"catchment/internal/warehouse/lake/writing"
)

// many is how many snapshots come before upkeep is tried between two writes: a run may write for hours.
const many = 32

// Write puts lines into the register, each in the place of that of its file, all of them or none. A line that is there
// as it is to be stays; where all are, nothing is committed.
func (r *Register) Write(ctx context.Context, f warehouse.Fence, object string, lines []bodies.Line) error {
	e := edit{Register: r, fence: f, object: object, fresh: map[string]bodies.Line{}}
	for _, l := range lines {
		e.fresh[l.ID] = whole(l)
		e.ids = append(e.ids, l.ID)
	}
	if err := e.commit(ctx); err != nil {
		return fmt.Errorf("write down what is known of bodies of %s: %w", object, err)
	}
	return nil
}

// Forget takes the lines of files out of the register, and gives what they said.
func (r *Register) Forget(
	ctx context.Context, f warehouse.Fence, object string, ids []string,
) ([]bodies.Line, error) {
	e := edit{Register: r, fence: f, object: object, ids: ids}
	if err := e.commit(ctx); err != nil {
		return nil, fmt.Errorf("forget files of %s: %w", object, err)
	}
	return e.found, nil
}

// An edit changes the lines of some files.
type edit struct {
	*Register
	fence  warehouse.Fence
	object string
	ids    []string               // of the files
	fresh  map[string]bodies.Line // what is to be known of them; nothing of those that aren't in it
	found  []bodies.Line          // what was known of them, in order of their Ids
	wrote  bool                   // there was something to change
}

// commit makes the edit, and has the register looked after where that is due. What comes of upkeep is nothing to who
// writes: it is tried again, and the end of the run tells.
func (e *edit) commit(ctx context.Context) error {
	e.ids = sorted(e.ids)
	if len(e.ids) == 0 {
		return nil
	}
	t, err := e.Lake.Commit(ctx, e.Name, e.build)
	if err != nil {
		return err
	}
	if e.wrote && upkeep.Since(t)%many == 0 {
		_ = e.Tend(ctx)
	}
	return nil
}

// build is the next snapshot: lines that change die by their positions, and come anew.
func (e *edit) build(ctx context.Context, t *table.Table) (*tables.Change, error) {
	if err := e.Held(ctx, e.fence); err != nil {
		return nil, err
	}
	dead, stays, err := e.look(ctx, t)
	if err != nil {
		return nil, err
	}
	var comes []bodies.Line
	for id, l := range e.fresh {
		if !stays[id] {
			comes = append(comes, l)
		}
	}
	if e.wrote = len(comes) > 0 || len(dead) > 0; !e.wrote {
		return nil, nil
	}
	slices.SortFunc(comes, func(a, b bodies.Line) int { return cmp.Compare(a.ID, b.ID) })

	c := &tables.Change{}
	schema, err := writing.Schema(t)
	if err != nil {
		return nil, err
	}
	if c.Rows, err = writing.Rows(ctx, t, schema, own.Batches(schema, rowsOf(e.object, comes))); err != nil {
		return nil, err
	}
	if len(dead) > 0 {
		c.Deletes, err = writing.Positions(ctx, t, dead)
	}
	return c, err
}

// look finds the lines that there are of the files: where those are that die, and which stay as they are.
func (e *edit) look(
	ctx context.Context, t *table.Table,
) (dead map[string][]int64, stays map[string]bool, err error) {
	e.found, dead, stays = nil, map[string][]int64{}, map[string]bool{}
	q := ofLines(e.object, rows.Query{Keys: e.ids, Positions: true})
	err = e.each(ctx, t, q, func(b rows.Batch, i int) bool {
		l := LineOf(compare.RowAt(b, i))
		e.found = append(e.found, l)
		if want, is := e.fresh[l.ID]; is && want == l && !stays[l.ID] {
			stays[l.ID] = true
			return true
		}
		dead[b.File[i]] = append(dead[b.File[i]], b.Position[i])
		return true
	})
	return dead, stays, err
}

// Clear takes all lines of an object out of the register.
func (r *Register) Clear(ctx context.Context, object string) error {
	_, err := r.Lake.Commit(ctx, r.Name, func(ctx context.Context, t *table.Table) (*tables.Change, error) {
		c := &tables.Change{}
		any, err := removal.Of(ctx, t, removal.Where{In: map[string][]string{"object": {object}}}, c)
		if err != nil || !any {
			return nil, err
		}
		return c, nil
	})
	if err != nil {
		return fmt.Errorf("forget the files of %s: %w", object, err)
	}
	return nil
}
