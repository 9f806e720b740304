package rehydrate

import (
	"context"
	"errors"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/schema"
	"catchment/internal/warehouse/archived"
)

// compare reads what was made back, and tells of each field that isn't as it was, and why. Only now all is there:
// what parents sum up, and lookups that had to wait.
func (w *work) compare(ctx context.Context) error {
	for _, s := range w.ordered() {
		ids := w.ids(s, func(m *member) bool { return m.fresh && m.newID != "" })
		for some := range slices.Chunk(ids, atOnce) {
			if err := w.compareSome(ctx, s, some); err != nil {
				return err
			}
		}
	}
	return nil
}

// compareSome compares some records of one object.
func (w *work) compareSome(ctx context.Context, s *subject, ids []string) error {
	if err := w.step(ctx); err != nil {
		return err
	}
	rows, err := w.ledger.Rows(ctx, s.src.Table, ids)
	if err != nil {
		return err
	}
	fields := s.comparable()
	names := []string{"Id"}
	for _, f := range fields {
		names = append(names, f.Name)
	}
	byNew, news := map[string]archived.Row{}, []string(nil)
	for _, row := range rows {
		byNew[w.members[row.ID].newID] = row
		news = append(news, w.members[row.ID].newID)
	}
	find := lookup.Finder{Org: w.Org, Object: s.src.Object, Before: w.Before}
	err = find.Collect(ctx, news, names, func(r salesforce.Record) error {
		id, err := r.Text("Id")
		if err != nil {
			return err
		}
		row := byNew[id]
		delete(byNew, id)
		missing, err := w.differences(s, fields, row, r)
		if err != nil || len(missing) == 0 {
			return err
		}
		return w.say(Fact{Object: s.name, ID: row.ID, State: Compared, NewID: id, Missing: missing})
	})
	if cause := context.Cause(ctx); cause != nil || plan.ClassOf(err) == plan.Bug && err != nil {
		return errors.Join(cause, err)
	}
	for id, row := range byNew {
		f := Fact{Object: s.name, ID: row.ID, State: Compared, NewID: id,
			Missing: []remake.Missing{{Reason: remake.Unread}}}
		if err := w.say(f); err != nil {
			return err
		}
	}
	return nil
}

// comparable are the fields that are compared: all that the copy has, but for the Id, the stamp, and what is put
// together of others.
func (s *subject) comparable() []schema.Field {
	var fields []schema.Field
	for _, c := range s.src.Table.Columns {
		f, ok := s.src.Object.Field(c.Field)
		switch {
		case !ok, f.Type.Compound(), f.Type == schema.Base64, f.Type == schema.ID:
		case strings.EqualFold(f.Name, "SystemModstamp"), strings.EqualFold(f.Name, "IsDeleted"):
		default:
			fields = append(fields, f)
		}
	}
	return fields
}

// differences are the fields in which a new record isn't what its row says.
func (w *work) differences(
	s *subject, fields []schema.Field, row archived.Row, r salesforce.Record,
) (missing []remake.Missing, err error) {
	for _, f := range fields {
		was, is := "", ""
		if value := s.maker.Value(row, f.Name); value != nil {
			was = *value
		}
		if is, err = r.Text(f.Name); err != nil {
			return nil, err
		}
		if f.Type == schema.Reference && was != "" {
			if now, lead := w.lead(was); lead == remake.Leads {
				was = now
			}
		}
		if is == "" && w.members[row.ID].later[f.Name] {
			continue // relink has told of it
		}
		if !remake.SameValue(f, was, is) {
			missing = append(missing, remake.Missing{Field: f.Name, Reason: w.why(s, row.ID, f)})
		}
	}
	return missing, nil
}

// ofVersions are fields that a version may be given, and that Salesforce writes all the same.
func ofVersions() []string { return []string{"FirstPublishLocationId", "IsMajorVersion"} }

// why says why a field of a new record isn't as it was.
func (w *work) why(s *subject, id string, f schema.Field) remake.Reason {
	for _, m := range w.members[id].missing {
		if strings.EqualFold(m.Field, f.Name) {
			return m.Reason
		}
	}
	_, born := bornOf(s.name)
	switch why := s.maker.Cant(f); {
	case remake.IsAudit(f.Name):
		return remake.Audit
	case born, s.name == links, s.name == versions && (why != "" || slices.Contains(ofVersions(), f.Name)):
		return remake.WithVersion
	case why != "" && why != remake.Silent:
		return why
	}
	return remake.Changed
}
