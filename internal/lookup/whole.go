package lookup

import (
	"context"
	"fmt"
	"slices"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
)

// fieldsAtMost is how many characters the fields of one query may have, where as many Ids as
// fit stand beside them: quoted, both are 12,000 bytes of the 16,384 that a URI with its headers
// may have.
const fieldsAtMost = 6000

// Whole asks queryAll for many fields of records, deleted ones included: in groups, where they are
// more than one query can name. each gets the texts of a record in the order of the fields, "" for
// null. Records that changed between two groups are an error: try again.
func (f Finder) Whole(ctx context.Context, ids, fields []string, each func(texts []string) error) error {
	for chunk := range slices.Chunk(ids, PerQuery(0)) {
		w := &whole{finder: f, fields: fields, texts: map[string][]string{}, groups: map[string]int{}}
		groups := groupsOf(fields)
		for _, group := range groups {
			if err := w.group(ctx, chunk, group); err != nil {
				return err
			}
		}
		for _, id := range chunk {
			switch w.groups[id] {
			case 0:
			case len(groups):
				if err := each(w.texts[id]); err != nil {
					return err
				}
			default:
				return errMoved(f.Object.Name)
			}
		}
	}
	return nil
}

func errMoved(object string) error {
	return plan.Failf(plan.Retry, "try again", "records of %s changed while they were read", object)
}

// groupsOf divides fields into groups that one query each can name.
func groupsOf(fields []string) [][]string {
	var all [][]string
	var group []string
	long := 0
	for _, name := range fields {
		if long += len(name) + 2; long > fieldsAtMost && len(group) > 0 {
			all, group, long = append(all, group), nil, len(name)+2
		}
		group = append(group, name)
	}
	return append(all, group)
}

// A whole is some records that are put together out of groups of fields.
type whole struct {
	finder Finder
	fields []string
	texts  map[string][]string
	groups map[string]int // that have told of a record
	stamps map[string]string
}

// group asks for one group of fields, and for what tells that a record is the same one in all.
func (w *whole) group(ctx context.Context, ids, group []string) error {
	names := slices.Clone(group)
	const stamp = "SystemModstamp"
	for _, name := range []string{"Id", stamp} {
		if _, ok := w.finder.Object.Field(name); ok && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if err := w.finder.before(ctx); err != nil {
		return err
	}
	q := soql.Select{Fields: names, From: w.finder.Object.Name, Where: []soql.Condition{soql.In("Id", ids)}}
	for r, err := range w.finder.Org.Query(ctx, q.String(), true) {
		if err != nil {
			return fmt.Errorf("read records of %s by their Ids: %w", w.finder.Object.Name, err)
		}
		if err := w.put(r, group, slices.Contains(names, stamp)); err != nil {
			return err
		}
	}
	return nil
}

// put notes what a group says of one record.
func (w *whole) put(r salesforce.Record, group []string, stamped bool) error {
	id, err := r.Text("Id")
	if err != nil {
		return err
	}
	if stamped {
		at, err := r.Text("SystemModstamp")
		if err != nil {
			return err
		}
		if w.stamps == nil {
			w.stamps = map[string]string{}
		}
		if before, ok := w.stamps[id]; ok && before != at {
			return errMoved(w.finder.Object.Name)
		}
		w.stamps[id] = at
	}
	texts := w.texts[id]
	if texts == nil {
		texts = make([]string, len(w.fields))
		w.texts[id] = texts
	}
	w.groups[id]++
	for _, name := range group {
		if texts[slices.Index(w.fields, name)], err = r.Text(name); err != nil {
			return err
		}
	}
	return nil
}
