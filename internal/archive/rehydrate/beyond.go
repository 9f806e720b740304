package rehydrate

import (
	"context"
	"maps"
	"slices"
	"strings"

	"catchment/internal/lookup"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// undeleteFailed is what Salesforce says of a record that it doesn't give back.
const undeleteFailed = "UNDELETE_FAILED"

// beyond tells which of some records that weren't given back nobody will ever be given: they are still listed as
// deleted, and come back as new records.
//
// Salesforce gives up a detail of a master-detail relationship once its master is deleted after it, as an archive
// does (help 000386040), and says of it that it isn't in the recycle bin. Nor does it give back what goes with a
// parent that was purged alone. As long as such a parent lies in the bin itself, a refusal means nothing yet.
func (w undeleting) beyond(
	ctx context.Context, s *subject, refusals map[string]*refusal.Refusal, after map[string]lookup.State,
) (map[string]bool, error) {
	lost := map[string]bool{}
	var stuck []string
	for _, id := range slices.Sorted(maps.Keys(refusals)) {
		if after[id].Deleted {
			stuck = append(stuck, id)
		}
	}
	if len(stuck) == 0 || !s.src.Object.Createable {
		return lost, nil
	}
	rows, err := w.ledger.Rows(ctx, s.src.Table, stuck)
	if err != nil {
		return nil, err
	}
	if err := w.learn(ctx, s, rows); err != nil {
		return nil, err
	}
	for _, row := range rows {
		waits, purged := w.parentsOf(s, row)
		lost[row.ID] = !waits && (purged || refusals[row.ID].Code == undeleteFailed)
	}
	return lost, nil
}

// parentsOf tells of the parents of a record whether one may yet come out of the bin, and whether one never will.
func (w undeleting) parentsOf(s *subject, row archived.Row) (waits, purged bool) {
	for _, f := range s.src.Object.Fields {
		to := s.maker.Value(row, f.Name)
		if f.Type != schema.Reference || to == nil {
			continue
		}
		parent := w.members[*to]
		switch {
		case parent == nil:
			there, known := w.alive[*to]
			waits = waits || known && !there
		case !parent.subject.takes(s.name, f.Name), parent.id(*to) == *to:
		case parent.binned:
			waits = true
		default:
			purged = true
		}
	}
	return waits, purged
}

// takes tells whether records of an object go along with those that they have in a field.
func (s *subject) takes(object, field string) bool {
	if s.src == nil {
		return false
	}
	for _, child := range s.src.Object.Children {
		if child.Cascade && strings.EqualFold(child.Object, object) && strings.EqualFold(child.Field, field) {
			return true
		}
	}
	return false
}
