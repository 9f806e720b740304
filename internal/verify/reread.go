package verify

import (
	"context"

	"catchment/internal/lease"
	"catchment/internal/source"
	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/shape"
)

// A Rereader reads records whole by their Ids, and writes them over their rows as a repair does, for a flow
// that somebody holds.
type Rereader struct {
	verifier *Verifier
	held     *lease.Lease
	mender   mender
	rounds   int
}

// Rereader makes one for a source and the part of its table that is stored. name is of who reads, in the
// names of pages.
func (v *Verifier) Rereader(held *lease.Lease, src *source.Source, stored shape.Table, name string) *Rereader {
	subject, _ := newSubject(src, stored, Values)
	subject.judged = stored
	sheets := &shelf{store: v.Stage, source: src, room: v.Warehouse.Room(), held: held, name: name}
	return &Rereader{verifier: v, held: held, mender: mender{
		inquiry: inquiry{asker: asker{org: v.Org, subject: subject, held: held, shelf: sheets}},
		merger:  v.Warehouse, control: v.Control, allowDeletes: v.Options.AllowDeletes,
	}}
}

// Read reads so many records and merges them, by one transaction. One that has no row, and is deleted by now, gets
// none: the next window brings it.
func (r *Rereader) Read(ctx context.Context, ids []string) error {
	has, err := r.verifier.Warehouse.Held(ctx, r.mender.subject.table, ids)
	if err != nil {
		return err
	}
	suspects := make([]evidence.Suspect, len(ids))
	for i, id := range ids {
		suspects[i] = evidence.Suspect{ID: id, How: "missing"}
		if has[id] {
			suspects[i].How = "stale"
		}
	}
	r.rounds++
	return r.mender.mend(ctx, r.rounds, suspects)
}
