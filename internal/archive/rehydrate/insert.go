package rehydrate

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/salesforce/write"
	"catchment/internal/salesforce/write/refusal"
	"catchment/internal/warehouse/archived"
	"catchment/internal/warehouse/gone"
)

// inserting is the part of the work that makes new records.
type inserting struct{ *work }

// An attempt is a record that is about to be inserted.
type attempt struct {
	id      string // of the archived record
	made    remake.Made
	without []string     // fields that the org has refused
	proof   write.Fields // what the new record holds beside what it was given, by which it is known
}

// insert makes new records of the members that are nowhere, object by object, parents first.
func (w inserting) insert(ctx context.Context) error {
	var all []*subject
	for _, s := range w.ordered() {
		ids := w.ids(s, nowhere)
		switch {
		case len(ids) == 0:
		case s.trouble != nil:
			if err := w.each(ids, Fact{State: Failed, Reason: s.trouble.Error()}); err != nil {
				return err
			}
		default:
			all = append(all, s)
		}
	}
	level := func(s *subject) int {
		least := math.MaxInt
		for _, m := range w.members {
			if m.subject == s {
				least = min(least, m.level)
			}
		}
		return least
	}
	for _, s := range parentsFirst(all, level) {
		if err := w.insertAll(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// nowhere tells of a member that waits, and isn't in the bin.
func nowhere(m *member) bool { return waiting(m) && !m.binned }

// each settles some members alike.
func (w inserting) each(ids []string, f Fact) error {
	for _, id := range ids {
		if err := w.become(id, w.members[id], f); err != nil {
			return err
		}
	}
	return nil
}

// uncreatable is what becomes of records that nobody may create.
func uncreatable() Fact {
	return Fact{State: Failed, Reason: "nobody may create records of this object",
		Missing: []remake.Missing{{Reason: remake.Uncreatable}}}
}

// insertAll inserts the members of one object: those that refer to others of the same object after these. Where
// they do so in a circle, the lookups wait.
func (w inserting) insertAll(ctx context.Context, s *subject) error {
	pending := w.ids(s, nowhere)
	if b, born := bornOf(s.name); born && !s.src.Object.Createable {
		alone := "it comes with its " + b.with + " alone, and none came back"
		return w.each(pending, Fact{State: Failed, Reason: alone})
	}
	if !s.src.Object.Createable {
		return w.each(pending, uncreatable())
	}
	if s.name == versions {
		var err error
		if pending, err = w.byVersion(ctx, s, pending); err != nil {
			return err
		}
	}
	for circle := false; len(pending) > 0; {
		var next []string
		for some := range slices.Chunk(pending, write.CallAtMost) {
			waits, err := w.insertSome(ctx, s, some, circle)
			if err != nil {
				return err
			}
			next = append(next, waits...)
		}
		circle = len(next) == len(pending)
		pending = next
	}
	return nil
}

// insertSome inserts those of some members that needn't wait for others of their object, and gives those that do.
func (w inserting) insertSome(ctx context.Context, s *subject, ids []string, circle bool) (waits []string, err error) {
	if err := w.step(ctx); err != nil {
		return nil, err
	}
	rows, err := w.rows(ctx, s, ids)
	if err != nil {
		return nil, err
	}
	_, isFile := body.Of(s.name)
	var batch []*attempt
	for _, id := range ids {
		row, ok := rows[id]
		if !ok || !waiting(w.members[id]) { // it came with another one meanwhile
			continue
		}
		a := w.attempt(s, row, nil)
		switch f := w.unfit(s, a, circle); {
		case f == nil && isFile:
			err = w.upload(ctx, s, a, row)
		case f == nil:
			batch = append(batch, a)
		case f.State == "":
			waits = append(waits, id)
		default:
			err = w.become(id, w.members[id], *f)
		}
		if err != nil {
			return nil, err
		}
	}
	if s.name == links {
		if batch, err = w.linkedAlready(ctx, s, batch); err != nil {
			return nil, err
		}
	}
	for round := 1; len(batch) > 0; round++ {
		if batch, err = w.post(ctx, s, batch, round < attempts); err != nil {
			return nil, err
		}
	}
	return waits, nil
}

// rows reads the rows of some members, and asks where their lookups lead. A member without an archived row can't
// come back.
func (w inserting) rows(ctx context.Context, s *subject, ids []string) (map[string]archived.Row, error) {
	list, err := w.ledger.Rows(ctx, s.src.Table, ids)
	if err != nil {
		return nil, err
	}
	rows := map[string]archived.Row{}
	for _, row := range list {
		rows[row.ID] = row
	}
	for _, id := range ids {
		row, found := rows[id]
		why := ""
		switch {
		case !found:
			why = "its row isn't in the warehouse any more"
		case row.Reason == "":
			why = "its row says that it lives: catchment run, then look again"
		case row.Reason == string(gone.Erased):
			why = "it was erased"
		default:
			continue
		}
		delete(rows, id)
		if err := w.become(id, w.members[id], Fact{State: Failed, Reason: why}); err != nil {
			return nil, err
		}
	}
	return rows, w.learn(ctx, s, list)
}

// attempt makes of a row what a new record is to be given, without some fields.
func (w inserting) attempt(s *subject, row archived.Row, without []string) *attempt {
	maker := *s.maker
	maker.Audit = !s.noAudit
	maker.Lead = func(_, id string) (string, remake.Lead) { return w.lead(id) }
	if s.name == versions {
		maker.Omit = w.ofVersion(s, row)
	}
	a := &attempt{id: row.ID, made: maker.Make(row)}
	for _, field := range without {
		a.drop(s, field)
	}
	return a
}

// drop takes a field out that the org refuses.
func (a *attempt) drop(s *subject, field string) {
	why := remake.Refused
	f, _ := s.src.Object.Field(field)
	switch {
	case remake.IsAudit(field):
		why = remake.Audit
	case strings.EqualFold(field, "OwnerId"):
		why = remake.Owner
	case len(f.ReferenceTo) > 0:
		why = remake.LeadsGone
	}
	a.made.Without(cmp.Or(f.Name, field), why)
	a.without = append(a.without, cmp.Or(f.Name, field))
}

// unfit says why a record isn't to be inserted now: a fact without a state says that it waits for others of its
// object, which will be there.
func (w inserting) unfit(s *subject, a *attempt, circle bool) *Fact {
	for _, id := range a.made.Waits {
		switch m := w.members[id]; {
		case m.state == Unknown:
			return &Fact{State: Unknown, Reason: "it waits for a record that it belongs to, and whose answer was lost"}
		case m.subject == s && !circle && nowhere(m):
			return &Fact{}
		}
	}
	if need := a.made.Needs; need != nil {
		return &Fact{State: Failed, Missing: []remake.Missing{*need},
			Reason: "it can't be made without " + need.Field + ": " + string(need.Reason)}
	}
	return nil
}

// post inserts some records by one call, and gives those that are to be tried again without what the org refuses
// of them.
func (w inserting) post(ctx context.Context, s *subject, batch []*attempt, again bool) (next []*attempt, err error) {
	in, err := w.intend(ctx, s, batch)
	if err != nil {
		return nil, err
	}
	records := write.Records{Object: s.name, Key: keyOf(s, batch)}
	for _, a := range batch {
		records.Rows = append(records.Rows, a.made.Fields)
	}
	outcomes, cause := s.writer.Insert(ctx, records, write.EachAlone)
	if outcomes == nil {
		return nil, w.forgotten(ctx, in, cause)
	}
	made := map[*attempt]string{}
	open := false
	for i, o := range outcomes {
		a := batch[i]
		switch o.State {
		case write.Done:
			made[a] = o.ID
		case write.Unknown:
			open = true
		case write.Failed:
			switch fields := lessen(*o.Refusal, s, a); {
			case o.Refusal.Class() == plan.Full:
				cause = plan.Failf(plan.Full, "make room in Salesforce, then do the same again: it goes on from there",
					"the org has no room for more records of %s", s.name)
			case again && len(fields) > 0:
				for _, field := range fields {
					a.drop(s, field)
				}
				next = append(next, a)
			case again && o.Refusal.Class() == plan.Retry:
				next = append(next, a)
			default:
				err = w.become(a.id, w.members[a.id], Fact{State: Failed, Reason: o.Refusal.Error()})
			}
		}
		if err != nil {
			return nil, err
		}
	}
	if err := w.inserted(ctx, s, made); err != nil {
		return nil, err
	}
	if cause != nil {
		return nil, cause
	}
	if open {
		return next, w.settle(ctx, s, in)
	}
	return next, w.forget(ctx, in)
}

// keyOf is a field by which each of some records is known: the one that takes the old Id, or one that no two
// records may share.
func keyOf(s *subject, batch []*attempt) string {
	if s.maker.Key != "" {
		return s.maker.Key
	}
	for _, f := range s.src.Object.Fields {
		if !f.Unique || !f.Type.Text() {
			continue
		}
		if !slices.ContainsFunc(batch, func(a *attempt) bool { return len(a.made.Fields[f.Name]) <= len(`""`) }) {
			return f.Name
		}
	}
	return ""
}

// lessen names the fields without which a record may be taken that was refused. Those that it can't be made
// without aren't among them.
func lessen(r refusal.Refusal, s *subject, a *attempt) []string {
	names := r.Fields
	switch r.Code {
	case "INACTIVE_OWNER_OR_USER":
		if names = []string{"OwnerId"}; a.made.Fields["OwnerId"] == nil {
			names = []string{"CreatedById", "LastModifiedById"}
		}
	case "INVALID_FIELD_FOR_INSERT_UPDATE":
		if len(names) == 0 || slices.ContainsFunc(names, remake.IsAudit) { // the user may set none of them
			s.noAudit = true
			names = append(slices.Clone(names), "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById")
		}
	}
	var fields []string
	for _, name := range names {
		f, ok := s.src.Object.Field(name)
		switch {
		case !ok || a.made.Fields[f.Name] == nil || slices.Contains(fields, f.Name):
		case remake.Needed(f):
			return nil
		default:
			fields = append(fields, f.Name)
		}
	}
	return fields
}

// inserted remembers new records in the ledger, and tells of them.
func (w inserting) inserted(ctx context.Context, s *subject, made map[*attempt]string) error {
	if len(made) == 0 {
		return nil
	}
	news := map[string]string{}
	for a, id := range made {
		news[a.id] = id
	}
	if err := w.remember(ctx, s, news); err != nil {
		return err
	}
	byID := func(a, b *attempt) int { return strings.Compare(a.id, b.id) }
	for _, a := range slices.SortedFunc(maps.Keys(made), byID) {
		w.members[a.id].missing = a.made.Missing
		if err := w.become(a.id, w.members[a.id], Fact{State: Inserted, NewID: made[a]}); err != nil {
			return err
		}
	}
	return w.births(ctx, s, news)
}

// remember writes the new Ids of members into the ledger.
func (w inserting) remember(ctx context.Context, s *subject, news map[string]string) error {
	byPlan := map[string][]string{}
	for id := range news {
		byPlan[w.members[id].plan] = append(byPlan[w.members[id].plan], id)
	}
	for name, ids := range byPlan {
		lines, err := w.ledger.Lookup(ctx, name, s.name, ids)
		if err != nil {
			return err
		}
		for i := range lines {
			lines[i].NewID = news[lines[i].ID]
		}
		if err := w.ledger.Write(ctx, s.held.Fence(), lines); err != nil {
			return err
		}
	}
	return nil
}
