package removal

import (
	"context"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/closure"
	"catchment/internal/archive/manifest"
	"catchment/internal/warehouse/archived"
)

// What goes along may be gone although what was to take it is kept. Either another record of the plan took it, as a
// link goes with its document and with its record, or somebody else did: whoever deletes a document deletes its
// versions and links.

// A taking is the question who took some records of one object along.
type taking struct {
	*run
	of *holding
}

// byOthers tells in which of some records that are gone this plan has no part: it has deleted nothing that takes
// them along, or they lay in the bin before it did. Where that can't be told, it has a part: the copy is kept for good
// then.
func (t *taking) byOthers(ctx context.Context, records []manifest.Record) (map[string]bool, error) {
	takers, err := t.takers(ctx, records)
	if err != nil {
		return nil, err
	}
	lines, err := t.lines(ctx, takers)
	if err != nil {
		return nil, err
	}
	others, binned := map[string]bool{}, map[int64][]string{}
	for id, of := range takers {
		others[id] = true
		for _, taker := range of {
			line := lines[taker]
			if line.State != archived.Deleted {
				continue
			}
			before, known := binned[line.Batch]
			if !known {
				note, _, err := t.journal.Batch(ctx, line.Batch)
				if err != nil {
					return nil, err
				}
				before = note.Binned
				binned[line.Batch] = before
			}
			if !slices.Contains(before, id) {
				others[id] = false
			}
		}
	}
	return others, nil
}

// takers are the Ids of what a delete takes each of some records along with, by their rows and by the plan.
func (t *taking) takers(ctx context.Context, records []manifest.Record) (map[string][]string, error) {
	var ids []string
	parents := map[string]string{}
	for _, record := range records {
		ids, parents[record.ID] = append(ids, record.ID), record.Parent
	}
	rows, err := t.ledger.Rows(ctx, t.of.src.Table, ids)
	if err != nil {
		return nil, err
	}
	takers := map[string][]string{}
	for _, row := range rows {
		takers[row.ID] = []string{parents[row.ID]}
		for i, column := range t.of.src.Table.Columns {
			if i >= len(row.Values) || row.Values[i] == nil {
				continue
			}
			takes, err := t.takes(ctx, *row.Values[i], column.Field)
			if err != nil {
				return nil, err
			}
			if takes {
				takers[row.ID] = append(takers[row.ID], *row.Values[i])
			}
		}
	}
	return takers, nil
}

// takes tells whether a field holds the Id of a record of the plan whose delete takes along what has it there.
func (t *taking) takes(ctx context.Context, id, field string) (bool, error) {
	parent := t.paper.objectOf(id)
	if parent == "" {
		return false, nil
	}
	relations, err := t.relations(ctx, parent)
	if err != nil {
		return false, err
	}
	for _, relation := range relations {
		if relation.Effect == closure.Takes && sameObject(relation.Object, t.of.src.Object.Name) &&
			strings.EqualFold(relation.Field, field) {
			return true, nil
		}
	}
	return false, nil
}

// lines are those that the plan has of what takes records along.
func (t *taking) lines(ctx context.Context, takers map[string][]string) (map[string]archived.Line, error) {
	byObject, seen := map[string][]string{}, map[string]bool{}
	for _, of := range takers {
		for _, id := range of {
			if object := t.paper.objectOf(id); object != "" && !seen[id] {
				byObject[object], seen[id] = append(byObject[object], id), true
			}
		}
	}
	all := map[string]archived.Line{}
	for object, ids := range byObject {
		lines, err := t.linesOf(ctx, object, ids)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, lines)
	}
	return all, nil
}

// objectOf tells of which of the plan's objects an Id is, "" where it is of another one.
func (p *paper) objectOf(id string) string {
	const ofAnID = 18
	for _, o := range p.objects {
		if len(id) == ofAnID && o.Prefix != "" && strings.HasPrefix(id, o.Prefix) {
			return o.Object
		}
	}
	return ""
}
