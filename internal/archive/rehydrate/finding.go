package rehydrate

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
)

// A finding is what a look for lost inserts found.
type finding struct {
	made    map[*attempt]string
	unclear map[*attempt]bool
}

// find looks for the records of an intent in the org.
func (w inserting) find(ctx context.Context, s *subject, in *intent, open []*attempt) (finding, error) {
	twins := map[string][]*attempt{} // those that were given the same can't be told apart, and needn't
	for _, a := range open {
		text := s.identity(a)
		twins[text] = append(twins[text], a)
	}
	found := map[string][]string{}
	strangers := 0
	known, err := w.taken(ctx, s)
	if err != nil {
		return finding{}, err
	}
	user, err := w.Org.User(ctx)
	if err != nil {
		return finding{}, err
	}
	err = w.query(ctx, s.search(in, open), true, func(r salesforce.Record) error {
		id, err := r.Text("Id")
		if err != nil || known[id] {
			return err
		}
		for text, some := range twins {
			if s.isIt(some[0], r) {
				found[text] = append(found[text], id)
				return nil
			}
		}
		if s.maker.Key == "" && s.fresh(in, open, r, user) {
			strangers++
		}
		return nil
	})
	return settleTwins(twins, found, strangers), err
}

// settleTwins gives each record one of those that were found for it and its twins. Where there are more of them
// than were asked for, or none and others that may be it, nobody can tell.
func settleTwins(twins map[string][]*attempt, found map[string][]string, strangers int) finding {
	f := finding{map[*attempt]string{}, map[*attempt]bool{}}
	for text, some := range twins {
		ids := found[text]
		slices.Sort(ids)
		for i, a := range some {
			switch {
			case len(ids) > len(some):
				f.unclear[a] = true
			case i < len(ids):
				f.made[a] = ids[i]
			case strangers > 0:
				f.unclear[a] = true
			}
		}
	}
	return f
}

// taken are the new Ids that the ledger knows of an object.
func (w inserting) taken(ctx context.Context, s *subject) (map[string]bool, error) {
	known := map[string]bool{}
	for l, err := range w.lines(ctx, "", s.name) {
		if err != nil {
			return nil, err
		}
		if l.NewID != "" {
			known[l.NewID] = true
		}
	}
	return known, nil
}

// comparedAtMost is how many fields a record is known by: more of them make a query too long.
const comparedAtMost = 150

// compared are the fields by which a record is known. Salesforce doesn't promise to take over when, and by whom,
// it was changed last.
func (s *subject) compared(a *attempt) (given map[string]json.RawMessage) {
	given = map[string]json.RawMessage{}
	names := slices.Sorted(maps.Keys(a.made.Fields))
	for _, name := range names[:min(len(names), comparedAtMost)] {
		if strings.HasPrefix(name, "LastModified") {
			continue
		}
		if f, ok := s.src.Object.Field(name); ok && f.Type.InBulk() {
			given[name] = a.made.Fields[name]
		}
	}
	for name, value := range a.proof {
		given[name] = value
	}
	return given
}

// identity is a text that is the same for records that were given the same.
func (s *subject) identity(a *attempt) string {
	if s.maker.Key != "" {
		return a.id
	}
	text, err := json.Marshal(s.compared(a))
	if err != nil { // what was made of JSON is JSON
		return a.id
	}
	return string(text)
}

// isIt tells whether a record of the org is the one that was to be made.
func (s *subject) isIt(a *attempt, r salesforce.Record) bool {
	if key := s.maker.Key; key != "" {
		return remake.Same(&s.src.Object, map[string]json.RawMessage{key: a.made.Fields[key]}, r)
	}
	return remake.Same(&s.src.Object, s.compared(a), r)
}

// fresh tells whether a record may be one that was to be made, changed by a trigger of the org: this user made it
// since, or it says that it was made when one of them was.
func (s *subject) fresh(in *intent, open []*attempt, r salesforce.Record, user string) bool {
	has := func(field string) string {
		text, err := r.Text(field)
		if err != nil {
			return ""
		}
		return text
	}
	created, err := salesforce.ParseTime(has("CreatedDate"))
	if err == nil && !created.Before(in.At) && strings.EqualFold(has("CreatedById"), user) {
		return true
	}
	return err == nil && slices.ContainsFunc(open, func(a *attempt) bool {
		given := a.made.Fields["CreatedDate"]
		return given != nil && remake.Same(&s.src.Object, map[string]json.RawMessage{"CreatedDate": given}, r)
	})
}

// search asks for the records that may be those of an intent, deleted ones too.
func (s *subject) search(in *intent, open []*attempt) soql.Select {
	q := soql.Select{From: s.name}
	wanted := map[string]bool{"Id": true, "CreatedDate": true, "CreatedById": true}
	for _, a := range open {
		for name := range s.compared(a) {
			wanted[name] = true
		}
	}
	for name := range wanted {
		if f, ok := s.src.Object.Field(name); ok {
			q.Fields = append(q.Fields, f.Name)
		}
	}
	slices.Sort(q.Fields)
	if key := s.maker.Key; key != "" {
		var ids []string
		for _, a := range open {
			ids = append(ids, a.id)
		}
		q.Where = []soql.Condition{soql.In(key, ids)}
	} else if s.name == links { // it can't be asked for otherwise
		var documents []string
		for _, a := range open {
			documents = append(documents, textOf(a, "ContentDocumentId"))
		}
		q.Where = []soql.Condition{soql.In("ContentDocumentId", documents)}
	} else if cursor := s.src.Cursor; cursor != "" {
		q.Where = []soql.Condition{soql.Since(cursor, in.At)}
	}
	return q
}
