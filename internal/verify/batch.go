package verify

import (
	"context"
	"slices"

	"catchment/internal/archive"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
)

// A batch is some records on the way to their verdicts.
type batch struct {
	*proof
	look     glance
	verdicts map[string]*archive.Verdict
	cleared  map[string][]string // lookups that are empty in the bin alone, by Id: their rows tell why
}

// judge says what is found of one record, as far as values go.
func (b *batch) judge(id string, differing map[string]apart) {
	v := &archive.Verdict{ID: id, Finding: archive.Equal}
	b.verdicts[id] = v
	s := b.look.found[id]
	if s == nil {
		v.Finding = archive.Absent
		return
	}
	v.Stamp, v.Author = s.stamp, s.author
	why, differs := differing[id]
	switch {
	case !s.read && b.in == archive.Bin:
		v.Finding = archive.Living
	case !s.read:
		v.Finding = archive.Binned
	case s.unkept != "":
		b.keep(id, "the warehouse can't keep its text as it is: "+s.unkept)
	case differs && b.clears(s, why):
		if b.cleared == nil {
			b.cleared = map[string][]string{}
		}
		b.cleared[id] = why.columns
	case differs:
		b.keep(id, why.String())
	}
}

// keep says that a record differs, and why.
func (b *batch) keep(id, why string) {
	v := b.verdicts[id]
	v.Finding, v.Reason = archive.Differs, why
}

// clears tells whether all that differs in the bin is lookups without a value there: a delete
// clears those that lead to what was deleted with it.
func (b *batch) clears(s *sight, why apart) bool {
	return b.in == archive.Bin && len(why.columns) > 0 &&
		!slices.ContainsFunc(why.columns, func(column string) bool { return !s.empty[column] })
}

// equal is the Ids of the records that are equal so far, in order.
func (b *batch) equal() []string {
	var ids []string
	for id, v := range b.verdicts {
		if v.Finding == archive.Equal {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// rowsAtOnce is how many rows are held in memory to be digested.
const rowsAtOnce = 200

// digest reads the rows of equal records back and digests them. One without a row isn't equal,
// whatever was compared.
func (b *batch) digest(ctx context.Context) error {
	if b.ledger == nil { // Provable refuses such a warehouse
		return nil
	}
	for ids := range slices.Chunk(b.equal(), rowsAtOnce) {
		rows, err := b.ledger.Rows(ctx, b.subject.table, ids)
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for _, row := range rows {
			if v := b.verdicts[row.ID]; v != nil && v.Finding == archive.Equal {
				seen[row.ID] = true
				v.Digest = archived.Digest(b.subject.table.Columns, row)
				b.row(row)
			}
		}
		for _, id := range ids {
			if !seen[id] {
				b.keep(id, "the copy has no row of it")
			}
		}
	}
	return nil
}

// row judges a row by itself: it must be live as long as its record is, and a lookup that the bin
// has cleared must have led to a record of this very batch.
func (b *batch) row(row archived.Row) {
	if row.Reason != "" && b.in == archive.Live {
		b.keep(row.ID, "the copy says that it is gone: "+row.Reason)
		return
	}
	for _, name := range b.cleared[row.ID] {
		i := slices.IndexFunc(b.subject.table.Columns, func(c shape.Column) bool { return c.Name == name })
		if i < 0 || row.Values[i] == nil || !b.beside[*row.Values[i]] {
			b.keep(row.ID, apart{"differs", b.cleared[row.ID]}.String())
			return
		}
	}
}

// bodies proves the bodies of the records that are equal so far.
func (b *batch) bodies(ctx context.Context) error {
	r, ok, err := b.readback()
	if err != nil || !ok {
		return err
	}
	ids := b.equal()
	files := make(map[string]bodies.File, len(ids))
	for _, id := range ids {
		files[id] = b.look.found[id].file
	}
	found, err := r.proven(ctx, ids, files)
	if err != nil {
		return err
	}
	for _, id := range ids {
		b.verdicts[id].Bodies = found[id].bodies
		if why := found[id].why; why != "" {
			b.keep(id, why)
		}
	}
	return nil
}
