package verify

import (
	"bytes"
	"context"
	"slices"

	"catchment/internal/lookup"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/stage"
	"catchment/internal/warehouse"
)

// askAtMost is how many records are read again at once. Those that nobody
// answers for cost most, a call for each idsAtMost of them: thirty calls.
const askAtMost = 5000

// confirm reads what seems to differ once more, by its Id, and keeps what still
// does. It goes by what the second look says: a record that changed meanwhile
// is stamped past the watermark, and one that a page lacked is there.
func (w *visit) confirm(ctx context.Context, r *warehouse.Reading) error {
	suspects, err := r.Ask(ctx, askAtMost)
	if err != nil {
		return err
	}
	before, err := r.Difference(ctx, 0)
	if err != nil {
		return err
	}
	if len(suspects) > 0 {
		if err := w.lookAgain(ctx, r, suspects); err != nil {
			return err
		}
	}
	w.res.Difference, err = r.Difference(ctx, w.Options.Sample)
	w.res.Unconfirmed = max(0, differing(before)-int64(len(suspects)))
	w.res.Cleared = differing(before) - differing(w.res.Difference)
	return err
}

// differing is how many differences there are, formulas among them.
func differing(d warehouse.Difference) int64 {
	return d.Missing + d.Extra + d.Stale + d.Wrong + d.Formulas + d.Duplicates
}

// idsOf names each suspect once.
func idsOf(suspects []warehouse.Suspect) []string {
	ids := make([]string, len(suspects))
	for i, s := range suspects {
		ids[i] = s.ID
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// lookAgain reads records once more and has them judged by that.
func (w *visit) lookAgain(ctx context.Context, r *warehouse.Reading, suspects []warehouse.Suspect) error {
	look, err := w.again(ctx, idsOf(suspects), fieldsOf(w.judged), w.compared())
	pages := look.live
	defer func() { w.forget(ctx, pages) }()
	if err != nil {
		return err
	}
	if len(look.states) > 0 {
		deleted, err := w.statePage(ctx, look.states)
		if err != nil {
			return err
		}
		pages = append(pages, deleted)
	}
	return r.Answer(ctx, pages)
}

// A look is what was read again of some records.
type look struct {
	live   []warehouse.Page // whole, as far as it was asked for
	states []state          // of those that are deleted
	gone   []string         // nobody answers for them: purged, out of sight, or out of the flow's filter
}

// again reads the named records by their Ids, 2,000 a call. What isn't answered
// so is confirmed by a queryAll before it is taken for gone. Where the flow has
// a filter, only a query can say which records meet it. The pages go the given way.
func (w *visit) again(ctx context.Context, ids, fields []string, way stage.Way) (look, error) {
	var l look
	var err error
	ask := ids
	if w.flow.Where != "" {
		if ask, err = w.meeting(ctx, ids); err != nil {
			return l, err
		}
	}
	found := map[string]bool{}
	for chunk := range slices.Chunk(ask, lookup.PerCall) { // a page for each call
		p, err := w.collect(ctx, chunk, fields, way, found)
		if err != nil {
			return l, err
		}
		l.live = append(l.live, p)
	}
	rest := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return found[id] })
	if len(rest) == 0 {
		return l, nil
	}
	if l.states, err = w.query(ctx, rest); err != nil {
		return l, err
	}
	for _, s := range l.states {
		found[s.id] = true
	}
	l.gone = slices.DeleteFunc(rest, func(id string) bool { return found[id] })
	return l, nil
}

// collect reads records whole into a page, and notes which there are. What it
// holds in memory is one answer.
func (w *visit) collect(ctx context.Context, ids, fields []string, way stage.Way, found map[string]bool) (warehouse.Page, error) {
	types := w.types(fields)
	record := make([]string, len(fields))
	return w.page(ctx, way, fields, func(write func([]string) error) error {
		return w.records().Collect(ctx, ids, fields, func(r salesforce.Record) error {
			if err := canonical(r, fields, types, record); err != nil {
				return err
			}
			id, err := r.Text("Id")
			if err != nil {
				return err
			}
			found[id] = true
			return write(record)
		})
	})
}

// records finds records of the flow by their Ids.
func (w *visit) records() lookup.Finder {
	return lookup.Finder{Org: w.Org, Object: w.source.Object, Where: w.flow.Where, Before: w.held.Renew}
}

// A state is what a query by Id says of one record, deleted or not.
type state struct {
	id      string
	deleted bool
	values  []string // of states
}

// states is the fields that say what became of a record.
func (w *visit) states() []string {
	var fields []string
	for _, name := range append(w.narrow(), "MasterRecordId") {
		for _, c := range w.table.Columns {
			if f, ok := w.source.Object.Field(name); ok && f.Name == c.Field {
				fields = append(fields, f.Name)
			}
		}
	}
	return fields
}

// meeting picks the records that meet the flow's filter and aren't deleted.
func (w *visit) meeting(ctx context.Context, ids []string) ([]string, error) {
	all, err := w.query(ctx, ids)
	if err != nil {
		return nil, err
	}
	var met []string
	for _, s := range all {
		if !s.deleted {
			met = append(met, s.id)
		}
	}
	return met, nil
}

// query asks queryAll what became of records; those that the flow's filter
// leaves out are not answered.
func (w *visit) query(ctx context.Context, ids []string) ([]state, error) {
	fields := w.states()
	types := w.types(fields)
	var all []state
	for r, err := range w.records().Records(ctx, ids, fields) {
		if err != nil {
			return nil, err
		}
		s := state{values: make([]string, len(fields))}
		if err := canonical(r, fields, types, s.values); err != nil {
			return nil, err
		}
		for i, f := range fields {
			if f == "Id" {
				s.id = s.values[i]
			}
			s.deleted = s.deleted || f == "IsDeleted" && s.values[i] == "true"
		}
		all = append(all, s)
	}
	return all, nil
}

// statePage stores what became of records as a page.
func (w *visit) statePage(ctx context.Context, states []state) (warehouse.Page, error) {
	return w.page(ctx, w.compared(), w.states(), func(write func([]string) error) error {
		for _, s := range states {
			if err := write(s.values); err != nil {
				return err
			}
		}
		return nil
	})
}

// types finds the types of fields.
func (w *visit) types(fields []string) []schema.Type {
	types := make([]schema.Type, len(fields))
	for i, name := range fields {
		f, _ := w.source.Object.Field(name)
		types[i] = f.Type
	}
	return types
}

// canonical writes the one text of each value, as a page has it.
func canonical(r salesforce.Record, fields []string, types []schema.Type, into []string) error {
	for i, name := range fields {
		raw, err := r.Text(name)
		if err == nil {
			into[i], err = types[i].Canonical(raw)
		}
		if err != nil {
			return plan.Failf(plan.Bug, "", "field %s: %w", name, err)
		}
	}
	return nil
}

// page stores the records that fill writes as a page in the form of Bulk.
func (w *visit) page(ctx context.Context, way stage.Way, header []string, fill func(write func([]string) error) error) (warehouse.Page, error) {
	var text bytes.Buffer
	out := page.NewWriter(&text, header)
	if err := fill(out.Write); err != nil {
		return warehouse.Page{}, err
	}
	if err := out.Flush(); err != nil {
		return warehouse.Page{}, err
	}
	return w.stage(ctx, way, false, stage.Incoming{Reader: &text, Records: -1})
}
