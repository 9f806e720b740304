package rehydrate

import (
	"context"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// lead says where a lookup leads by now. What it leads to was asked about by learn.
func (w *work) lead(id string) (now string, _ remake.Lead) {
	if m := w.members[id]; m != nil {
		switch now := m.id(id); {
		case now != "":
			return now, remake.Leads
		case waiting(m), m.state == Unknown:
			return "", remake.Waits
		}
		return "", remake.Aside
	}
	if now, known := w.moved[id]; known {
		return now, remake.Leads
	}
	if there, known := w.alive[id]; known && !there {
		if w.away[id] {
			return "", remake.Aside
		}
		return "", remake.Gone
	}
	return id, remake.Leads
}

// rememberedAtMost bounds what is remembered of records that lookups lead to.
const rememberedAtMost = 50_000

// learn asks the org about all records that lookups of some rows lead to, and that are no members: whether they
// are there, or came back as others.
func (w *work) learn(ctx context.Context, s *subject, rows []archived.Row) error {
	if len(w.alive) > rememberedAtMost {
		clear(w.alive)
		clear(w.away)
	}
	unknown := map[string][]string{} // by object
	for _, row := range rows {
		for _, f := range s.src.Object.Fields {
			if f.Type != schema.Reference || !f.Createable && !remake.IsAudit(f.Name) {
				continue
			}
			value := s.maker.Value(row, f.Name)
			if value == nil || w.members[*value] != nil {
				continue
			}
			id, err := schema.ID18(*value)
			if _, known := w.alive[id]; known || err != nil {
				continue
			}
			object, err := w.objectOf(ctx, id)
			if err != nil {
				return err
			}
			if object != "" {
				w.alive[id] = false
				unknown[object] = append(unknown[object], id)
			}
		}
	}
	for object, ids := range unknown {
		if err := w.ask(ctx, object, ids); err != nil {
			return err
		}
	}
	return nil
}

// ask asks which records of an object are there. One that can't be asked about is left to the org to refuse.
func (w *work) ask(ctx context.Context, object string, ids []string) error {
	for some := range slices.Chunk(ids, lookup.PerQuery(100)) {
		q := soql.Select{Fields: []string{"Id"}, From: object, Where: []soql.Condition{soql.In("Id", some)}}
		err := w.query(ctx, q, false, func(r salesforce.Record) error {
			id, err := r.Text("Id")
			if err == nil {
				w.alive[id] = true
			}
			return err
		})
		if plan.ClassOf(err) == plan.Fix && err != nil {
			for _, id := range some {
				delete(w.alive, id)
			}
			continue
		}
		if err != nil {
			return err
		}
		if err := w.askLedger(ctx, object, some); err != nil {
			return err
		}
	}
	return nil
}

// askLedger finds the records that took the place of some that aren't there.
func (w *work) askLedger(ctx context.Context, object string, ids []string) error {
	gone := slices.DeleteFunc(slices.Clone(ids), func(id string) bool { return w.alive[id] })
	if len(gone) == 0 {
		return nil
	}
	names, err := w.ledger.Plans(ctx)
	if err != nil {
		return err
	}
	for _, name := range names {
		lines, err := w.ledger.Lookup(ctx, name, object, gone)
		if err != nil {
			return err
		}
		for _, l := range lines {
			switch {
			case l.NewID != "":
				w.moved[l.ID] = l.NewID
			case l.State == archived.Deleted:
				w.away[l.ID] = true
			}
		}
	}
	return nil
}

// objectOf tells the object of an Id by its prefix, or "" where no object has that.
func (w *work) objectOf(ctx context.Context, id string) (string, error) {
	if w.kinds == nil {
		objects, err := w.Org.Objects(ctx)
		if err != nil {
			return "", err
		}
		w.kinds = map[string]string{}
		for _, o := range objects {
			if o.KeyPrefix != "" && o.Queryable {
				w.kinds[o.KeyPrefix] = o.Name
			}
		}
	}
	for _, s := range w.subjects {
		if s.src != nil && s.src.Object.KeyPrefix != "" && strings.HasPrefix(id, s.src.Object.KeyPrefix) {
			return s.name, nil
		}
	}
	return w.kinds[id[:3]], nil
}
