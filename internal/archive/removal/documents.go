package removal

import (
	"context"
	"slices"

	"catchment/internal/archive"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce/soql"
	"catchment/internal/warehouse/archived"
)

// A file hangs on a record by a link, which goes with either of them: no field of the document
// names what it hangs on.
const (
	document = "ContentDocument"
	link     = "ContentDocumentLink"
)

// examineFiles keeps records on which a file hangs that was to go, and was kept. With the last
// of its links Salesforce would delete it.
func (x *exam) examineFiles(ctx context.Context, entries []*entry) error {
	if !slices.Contains(x.paper.going(-1), document) || sameObject(x.object, document) || len(entries) == 0 {
		return nil
	}
	on := map[string][]*entry{} // by the document
	q := soql.Select{Fields: []string{"ContentDocumentId", "LinkedEntityId"}, From: link,
		Where: []soql.Condition{soql.In("LinkedEntityId", nil)}}
	for some := range slices.Chunk(idsOf(entries), lookup.PerQuery(len(q.String()))) {
		if err := x.spare(ctx); err != nil {
			return err
		}
		q.Where[0] = soql.In("LinkedEntityId", some)
		for record, err := range x.Org.Query(ctx, q.String(), false) {
			if err != nil {
				return err
			}
			id, err := record.Text("ContentDocumentId")
			if err != nil {
				return err
			}
			entity, err := record.Text("LinkedEntityId")
			if err != nil {
				return err
			}
			e := x.byID[entity]
			if e == nil {
				return plan.Strangef("a link was answered that nobody asked for")
			}
			on[id] = append(on[id], e)
		}
	}
	var ids []string
	for id := range on {
		ids = append(ids, id)
	}
	for some := range slices.Chunk(ids, archive.BatchAtMost) {
		lines, err := x.ledger.Lookup(ctx, x.paper.name, document, some)
		if err != nil {
			return err
		}
		for _, line := range slices.DeleteFunc(lines, func(l archived.Line) bool { return !keptLate(l) }) {
			for _, e := range on[line.ID] {
				e.ruling = ruling{fateEnded, archived.Changed, "a file that hangs on it was kept"}
			}
		}
	}
	return nil
}

// keptLate tells whether a record was to go by the plan, and was kept all the same.
func keptLate(l archived.Line) bool {
	switch l.State {
	case archived.Changed, archived.Failed:
		return true
	case archived.Held, archived.Blocked:
		return !l.ProvenAt.IsZero()
	}
	return false
}
