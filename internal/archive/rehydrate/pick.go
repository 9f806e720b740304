package rehydrate

import (
	"context"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/manifest"
	"catchment/internal/archive/rehydrate/condition"
	"catchment/internal/blob"
	"catchment/internal/plan"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// atOnce is how many lines and rows are asked for in one go.
const atOnce = 2000

// picking is the part of the work that finds the members.
type picking struct{ *work }

// pick finds the members: the records that are asked for, and what went along with them.
func (w picking) pick(ctx context.Context) error {
	asked, err := w.asked(ctx)
	if err != nil {
		return err
	}
	for _, name := range w.plans {
		if err := w.pickOf(ctx, name, asked); err != nil {
			return err
		}
	}
	for id := range asked {
		if w.members[id] == nil && !w.whole() {
			if err := w.say(Fact{ID: id, State: Failed, Reason: "no plan has deleted it"}); err != nil {
				return err
			}
		}
	}
	return nil
}

// asked is the Ids that the request names, and finds the plans.
func (w picking) asked(ctx context.Context) (map[string]bool, error) {
	var err error
	if w.plans, err = w.ledger.Plans(ctx); err != nil {
		return nil, err
	}
	if w.req.Plan != "" {
		if !slices.Contains(w.plans, w.req.Plan) {
			return nil, plan.Fixf("catchment archive status lists the plans", "no plan %s was carried out here",
				w.req.Plan)
		}
		w.plans = []string{w.req.Plan}
	}
	asked := map[string]bool{}
	if w.whole() && w.req.Plan == "" {
		return nil, plan.Fixf("name Ids, a plan, or an object and a condition", "nothing is asked for")
	}
	for _, text := range w.req.IDs {
		id, err := schema.ID18(strings.TrimSpace(text))
		if err != nil {
			return nil, plan.Fixf("give one Id of 15 or 18 characters a line", "a line is no Id")
		}
		asked[id] = true
	}
	if w.req.Where != "" {
		err = w.where(ctx, asked)
	}
	return asked, err
}

// whole tells whether all of a plan is asked for.
func (w picking) whole() bool { return len(w.req.IDs) == 0 && w.req.Where == "" }

// where adds the archived records of an object whose rows meet a condition.
func (w picking) where(ctx context.Context, asked map[string]bool) error {
	meets, err := condition.Parse(w.req.Where)
	if err != nil {
		return err
	}
	s, err := w.subject(ctx, w.req.Object)
	if err != nil {
		return err
	}
	if s.trouble != nil {
		return s.trouble
	}
	if err := meets.Check(func(field string) bool { _, ok := s.src.Table.Column(field); return ok }); err != nil {
		return err
	}
	value := func(row archived.Row) func(field string) (*string, schema.Type) {
		return func(field string) (*string, schema.Type) {
			f, _ := s.src.Object.Field(field)
			return s.maker.Value(row, field), f.Type
		}
	}
	var ids []string
	flush := func() error {
		rows, err := w.ledger.Rows(ctx, s.src.Table, ids)
		for _, row := range rows {
			if meets.Holds(value(row)) {
				asked[row.ID] = true
			}
		}
		ids = nil
		return err
	}
	for l, err := range w.lines(ctx, w.req.Plan, s.name) {
		if err != nil {
			return err
		}
		if ids = append(ids, l.ID); len(ids) == atOnce {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// A placed record stands in a plan.
type placed struct {
	object string
	parent string
	level  int
}

// pickOf finds the members that one plan has.
func (w picking) pickOf(ctx context.Context, name string, asked map[string]bool) error {
	records := map[string]placed{}
	err := w.read(ctx, name, manifest.Each{Record: func(r manifest.Record) error {
		if r.Fate == manifest.In {
			records[r.ID] = placed{r.Object, r.Parent, r.Level}
			if w.whole() {
				asked[r.ID] = true
			}
		}
		return nil
	}})
	if err != nil {
		return err
	}
	byObject := map[string][]string{}
	for _, id := range along(records, withDocuments(records, asked)) {
		byObject[records[id].object] = append(byObject[records[id].object], id)
	}
	for object, ids := range byObject {
		s, err := w.subject(ctx, object)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(ids, atOnce) {
			lines, err := w.ledger.Lookup(ctx, name, object, some)
			if err != nil {
				return err
			}
			for _, l := range lines {
				if l.State == archived.Deleted {
					w.member(s, l).asked = true
				}
			}
		}
	}
	return nil
}

// withDocuments asks for whole documents where one of their versions is asked for: there is no version without its
// document, and one that came back in a new document would come a second time with the old one.
func withDocuments(records map[string]placed, asked map[string]bool) map[string]bool {
	all := maps.Clone(asked)
	for id := range asked {
		if r, here := records[id]; here && r.object == versions && r.parent != "" {
			all[r.parent] = true
		}
	}
	return all
}

// member takes a record that a plan has deleted. One that several have comes as the last of them left it.
func (w *work) member(s *subject, l archived.Line) *member {
	had := w.members[l.ID]
	if had != nil && !l.EndedAt.After(had.endedAt) {
		return had
	}
	m := &member{subject: s, plan: l.Plan, level: l.Level, endedAt: l.EndedAt, newID: l.NewID}
	w.members[l.ID] = m
	return m
}

// lines yields the lines of an object's records that were deleted, in all plans or in the one that is asked for.
func (w *work) lines(ctx context.Context, name, object string) iter.Seq2[archived.Line, error] {
	return func(yield func(archived.Line, error) bool) {
		q := archived.Query{Plan: name, Object: object, State: archived.Deleted}
		var after archived.Line
		for {
			some, err := w.ledger.Lines(ctx, q, after, atOnce)
			if err != nil {
				yield(archived.Line{}, err)
				return
			}
			for _, l := range some {
				if !yield(l, nil) {
					return
				}
			}
			if len(some) < atOnce {
				return
			}
			after = some[len(some)-1]
		}
	}
}

// along is the Ids of a plan that are asked for, or hang on one that is, in order.
func along(records map[string]placed, asked map[string]bool) []string {
	comes := map[string]bool{}
	var ids []string
	for id := range records {
		var way []string
		found := false
		for at := id; at != "" && len(way) <= len(records); at = records[at].parent {
			known, seen := comes[at]
			if found = asked[at] || known; found || seen {
				break
			}
			if _, here := records[at]; !here {
				break
			}
			way = append(way, at)
		}
		for _, at := range way {
			comes[at] = found
		}
		if found {
			comes[id] = true
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// read reads a plan, and refuses one that isn't what its name says.
func (w *work) read(ctx context.Context, name string, each manifest.Each) (err error) {
	hint := "bring " + manifest.Folder(name) + " of stage.url back from its backup"
	stored, err := w.Stage.Open(ctx, manifest.Key(name))
	if errors.Is(err, blob.ErrNotFound) {
		return plan.Fixf(hint, "the file of plan %s is gone, which says what went with what", name)
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stored.Close()) }()
	var head manifest.Head
	each.Head = func(h manifest.Head) error { head = h; return nil }
	digest, err := manifest.Read(stored, each)
	if err != nil {
		return err
	}
	if manifest.Name(head, digest) != name {
		return plan.Fixf(hint, "the file of plan %s isn't the one that was carried out", name)
	}
	return nil
}
