package verify

import (
	"context"
	"slices"

	"catchment/internal/body"
	"catchment/internal/files/holdings"
	"catchment/internal/plan"
	"catchment/internal/warehouse/bodies"
)

// Between two renewals of the lease so much is read at most.
const (
	bytesPerRenewal  = 256 << 20
	bodiesPerRenewal = 1000
)

// bodies holds what the register says of the flow's files against the stage: each body is there
// with its size, and with Values its bytes are read back. What the org has can't be compared: no
// query gives the digest of an attachment, and a call for each body is what a run is for.
func (w *verification) bodies(ctx context.Context) error {
	of, isFile := body.Of(w.flow.Object)
	register, registers := bodies.Of(w.Warehouse)
	catalog, lists := bodies.CatalogOf(w.Warehouse)
	if !isFile || !registers || !lists {
		return nil
	}
	c := &counting{verification: w, object: of.Object, register: register, catalog: catalog}
	var err error
	if w.flow.Bodies != "" {
		q := bodies.Query{Table: w.subject.table, Fields: of, Which: w.flow.Bodies, Now: w.res.ReadAt}
		if c.found.Tally, err = register.Tally(ctx, q); err != nil {
			return err
		}
	}
	if w.res.Method != Counts {
		if err := holdings.Walk(ctx, catalog, w.Stage, of.Object, func(p holdings.Pair) error {
			return c.one(ctx, p)
		}); err != nil {
			return err
		}
	}
	if w.flow.Bodies != "" || c.named > 0 {
		w.res.Bodies = &c.found
	}
	return nil
}

// A counting is the bodies of a flow on their way through one comparison.
type counting struct {
	*verification
	object   string
	register bodies.Register
	catalog  bodies.Catalog
	found    Bodies
	named    int64
	since    struct{ bytes, bodies int64 } // the last renewal
}

// one judges a body. What the stage has and these files don't, others may.
func (c *counting) one(ctx context.Context, p holdings.Pair) error {
	if !p.Named {
		return nil
	}
	c.named++
	select {
	case <-c.Options.Stop:
		return plan.ErrStopped
	default:
	}
	if err := c.renew(ctx, p); err != nil {
		return err
	}
	var kind *int64
	switch {
	case p.Lost():
		kind = &c.found.Lost
	case p.Resized():
		kind = &c.found.Resized
	case c.res.Method == Values:
		c.found.ReadBack++
		b := holdings.Body{ID: p.SHA256, Key: body.Key(p.SHA256), Size: p.Size, SHA256: p.SHA256}
		err := b.Check(ctx, c.Stage)
		if err != nil && !holdings.IsLost(err) {
			return err
		}
		if err != nil {
			kind = &c.found.Changed
		}
	}
	if kind == nil {
		return nil
	}
	*kind++
	return c.differs(ctx, p)
}

// renew keeps the flow while bodies are read.
func (c *counting) renew(ctx context.Context, p holdings.Pair) error {
	c.since.bytes, c.since.bodies = c.since.bytes+p.Size, c.since.bodies+1
	if c.since.bytes < bytesPerRenewal && c.since.bodies < bodiesPerRenewal {
		return nil
	}
	c.since.bytes, c.since.bodies = 0, 0
	return c.held.Renew(ctx)
}

// holdersAtMost bounds how many files of one body are named, and read again.
const holdersAtMost = 1000

// differs names the files of a body that isn't what it was, and drops it where it was asked to
// mend it and the org still has such a file: the next run reads it again.
func (c *counting) differs(ctx context.Context, p holdings.Pair) error {
	holders, err := c.catalog.Holders(ctx, []string{p.SHA256}, holdersAtMost)
	if err != nil {
		return err
	}
	var ids []string
	for _, h := range holders {
		if h.Object == c.object {
			ids = append(ids, h.ID)
		}
	}
	for _, id := range ids {
		if len(c.found.IDs) < c.Options.Sample {
			c.found.IDs = append(c.found.IDs, id)
		}
	}
	if !c.Options.Repair || len(ids) == 0 {
		return nil
	}
	return c.drop(ctx, p, ids)
}

// drop forgets a body that isn't what it was, for those of its files that the org still has. Where
// it has none of them, nothing is touched: what is left may be all that there is.
func (c *counting) drop(ctx context.Context, p holdings.Pair, ids []string) error {
	rows, err := c.catalog.Files(ctx, bodies.Search{Object: c.object, IDs: ids}, "", len(ids))
	if err != nil {
		return err
	}
	var live []string
	for _, f := range rows {
		if f.Known && !f.Deleted && slices.Contains(ids, f.ID) {
			live = append(live, f.ID)
		}
	}
	if len(live) == 0 || c.flow.Bodies == "" {
		return nil
	}
	if p.Stored != nil {
		if err := c.Stage.Delete(ctx, body.Key(p.SHA256)); err != nil {
			return err
		}
	}
	if _, err := c.register.Forget(ctx, c.held.Fence(), c.object, live); err != nil {
		return err
	}
	c.found.Dropped++
	return nil
}
