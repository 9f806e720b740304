package rehydrate

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/blob"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/source"
)

// A subject is an object with records that are to come back.
type subject struct {
	name    string
	src     *source.Source
	maker   *remake.Maker
	writer  *write.Writer
	held    *lease.Lease
	trouble error // why none of its records can come back as a new one: it has no flow any more
	noAudit bool  // the org has refused audit fields of it
}

// subject looks at an object as it is now, once.
func (w *work) subject(ctx context.Context, object string) (*subject, error) {
	if s := w.subjects[strings.ToLower(object)]; s != nil {
		return s, nil
	}
	fl, found, err := w.flow(ctx, object)
	if err != nil {
		return nil, err
	}
	s := &subject{name: object}
	w.subjects[strings.ToLower(object)] = s
	if !found {
		s.trouble = plan.Fixf("put a flow of it into catchment.yaml", "%s isn't copied any more", object)
		return s, nil
	}
	find := source.Finder{Describe: w.Org.DescribeKin, Columns: w.Warehouse.Adapt}
	if s.src, err = find.Source(ctx, fl); err != nil {
		if plan.ClassOf(err) != plan.Fix {
			return nil, err
		}
		s.trouble = err
		return s, nil
	}
	s.name = s.src.Object.Name
	s.maker = &remake.Maker{Object: s.src.Object, Table: s.src.Table, Audit: true, Omit: omitted(s.name),
		Key: w.key(s.name)}
	if key := s.maker.Key; key != "" {
		f, ok := s.src.Object.Field(key)
		if !ok || !f.ExternalID || !f.Createable || f.Length < idLength || !f.Type.Text() {
			return nil, plan.Fixf("name a text field of 18 characters or more that is an external Id, and that this "+
				"user may write", "%s.%s can't take the old Ids", s.name, key)
		}
	}
	return s, nil
}

// idLength is how many characters an Id has.
const idLength = 18

// key is the field of an object that takes the old Id, or "".
func (w *work) key(object string) string {
	for name, field := range w.req.Keys {
		if strings.EqualFold(name, object) {
			return field
		}
	}
	return ""
}

// flow finds the flow of an object.
func (w *work) flow(ctx context.Context, object string) (flow.Flow, bool, error) {
	flows, err := w.Flows(ctx)
	if err != nil {
		return flow.Flow{}, false, err
	}
	for _, fl := range flows {
		if strings.EqualFold(fl.Object, object) {
			return fl, true, nil
		}
	}
	return flow.Flow{}, false, nil
}

// ids are the members of a subject that a condition takes, in order of level and Id.
func (w *work) ids(s *subject, take func(*member) bool) []string {
	var ids []string
	for id, m := range w.members {
		if m.subject == s && take(m) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b string) int {
		if by := w.members[a].level - w.members[b].level; by != 0 {
			return by
		}
		return strings.Compare(a, b)
	})
	return ids
}

// waiting tells of a member of which nothing is known yet.
func waiting(m *member) bool { return m.asked && m.state == "" }

// ordered are the subjects by their names.
func (w *work) ordered() []*subject {
	byName := func(a, b *subject) int { return strings.Compare(a.name, b.name) }
	return slices.SortedFunc(maps.Values(w.subjects), byName)
}

// attempts is how often a record is sent at most: each time that the org refuses fields of it, without those.
const attempts = 4

// hold takes the leases of all flows that have members, and the leave to write their objects.
func (w *work) hold(ctx context.Context) error {
	w.renewed = w.Now()
	if err := w.holdPlans(ctx); err != nil {
		return err
	}
	open, err := w.left(ctx)
	if err != nil {
		return err
	}
	for _, s := range w.ordered() {
		n := int64(len(w.ids(s, waiting)))
		if s.trouble != nil || n == 0 && !open[s.name] {
			continue
		}
		if err := w.holdOne(ctx, s); err != nil {
			return err
		}
		if n == 0 {
			continue
		}
		if s.writer, err = w.leave(s, n); err != nil {
			return err
		}
	}
	return nil
}

// holdOne takes the lease of one flow.
func (w *work) holdOne(ctx context.Context, s *subject) error {
	org, err := w.Org.Org(ctx)
	if err != nil {
		return err
	}
	if s.held, err = w.Holder.Hold(ctx, s.src.Flow.Object); err != nil {
		return plan.Failf(plan.ClassOf(err), plan.HintOf(err), "%s: %w", s.name, err)
	}
	_, _, err = s.held.Claim(ctx, s.src.Table.Name, org)
	return err
}

// left tells the objects of which earlier calls have left intents that concern this one: they are of its objects,
// or have lookups to what comes back.
func (w *work) left(ctx context.Context) (map[string]bool, error) {
	open := map[string]bool{}
	var others []string
	for info, err := range w.Stage.List(ctx, returns) {
		if err != nil {
			return nil, err
		}
		object, _, _ := strings.Cut(strings.TrimPrefix(info.Key, returns), "/")
		if w.subjects[strings.ToLower(object)] == nil {
			others = append(others, info.Key)
		}
		open[object] = true
	}
	for _, key := range others {
		in, err := w.intent(ctx, key)
		if errors.Is(err, blob.ErrNotFound) { // another call has settled it
			continue
		}
		if err != nil {
			return nil, err
		}
		if !in.leads(func(old string) bool { return w.members[old] != nil }) {
			continue
		}
		if _, err := w.subject(ctx, in.Object); err != nil {
			return nil, err
		}
	}
	return open, nil
}

// leave lets records of an object be brought back, n of them.
func (w *work) leave(s *subject, n int64) (*write.Writer, error) {
	prefix := s.src.Object.KeyPrefix
	return write.New(w.Org, write.Purpose{Name: "rehydrate", Allow: []write.Allowance{
		{Verb: write.Undelete, Object: s.name, Prefix: prefix, AtMost: n},
		{Verb: write.Insert, Object: s.name, Prefix: prefix, AtMost: attempts * n},
	}})
}

// renewEvery is how often leases are renewed: well within the time that they last.
const renewEvery = 5 * time.Minute

// renew lets all leases last.
func (w *work) renew(ctx context.Context) error {
	if w.Now().Sub(w.renewed) < renewEvery {
		return nil
	}
	for _, s := range w.subjects {
		if s.held == nil {
			continue
		}
		if err := s.held.Renew(ctx); err != nil {
			return err
		}
	}
	for _, held := range w.held {
		if err := held.Renew(ctx); err != nil {
			return err
		}
	}
	w.renewed = w.Now()
	return nil
}

// release gives all leases back.
func (w *work) release(ctx context.Context) (err error) {
	for _, s := range w.subjects {
		if s.held != nil {
			err = errors.Join(err, s.held.Close(ctx))
		}
	}
	for _, held := range w.held {
		err = errors.Join(err, held.Close(ctx))
	}
	return err
}
