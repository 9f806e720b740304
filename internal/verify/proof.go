package verify

import (
	"context"

	"catchment/internal/archive"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/source"
	"catchment/internal/warehouse/archived"
)

// A proof holds records against their rows, one by one. It is no sample and no count: of each
// record it says equal, or what differs.
//
// What the org says is read whole, by Ids, into a page that goes the way of every page, and the
// warehouse compares it with the rows of just these records. A record is equal only where the
// reading has it, no column differs, its row was read back, and the bytes of its files are there.
type proof struct {
	*Verifier
	flow    flow.Flow
	held    *lease.Lease
	in      archive.Place
	subject *subject
	shelf   *shelf
	ledger  archived.Ledger // nil where the warehouse has none: Provable refuses it
	beside  map[string]bool // the Ids that are proven by one call
}

// compared is what is compared of a source: every column, but for those that tell nothing of the copy.
func (p *proof) compared(ctx context.Context, src *source.Source) (*subject, error) {
	table, err := p.Warehouse.Stored(ctx, src.Table)
	if err != nil {
		return nil, err
	}
	s := &subject{source: src, table: table, judged: table}
	s.judged.Columns = nil
	for _, c := range src.Table.Columns {
		switch {
		case !source.HasColumn(table, c.Name):
			return nil, plan.Fixf("copy it first with: catchment run "+p.flow.Object,
				"field %s of %s has no column in the copy yet", c.Field, p.flow.Object)
		case perUser(c.Field), p.in == archive.Bin && s.movesByDelete(c.Field):
		default:
			s.judged.Columns = append(s.judged.Columns, c)
		}
	}
	return s, nil
}

// asker asks the org about records of the flow.
func (p *proof) asker() asker {
	return asker{org: p.Org, subject: p.subject, held: p.held, shelf: p.shelf}
}
