package rehydrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
)

// An intent is written down before records are inserted, and removed once the ledger knows what became of each.
// Where a process dies in between, or an answer is lost, the next one looks for what was made: by the key that
// takes the old Ids, or else by all values that the records were given. What is found is taken; what isn't, and
// can't come any more, is inserted then; what nobody can tell stays unknown.
type intent struct {
	Object string           `json:"object"`
	At     time.Time        `json:"at"` // by Salesforce's clock
	Of     map[string]asked `json:"of"` // by the Ids of the archived records
	key    string           // of the blob
}

// asked is what an intent says of one record.
type asked struct {
	Plan    string   `json:"plan"`
	Without []string `json:"without,omitempty"` // fields that weren't given
}

// atWork is how long a request may be at work whose answer was lost (salesforce.md: other REST calls).
const atWork = 10 * time.Minute

// intents is the folder of the intents of an object.
func intents(object string) string { return "archive/returns/" + object + "/" }

// intend writes down that some records are about to be inserted.
func (w inserting) intend(ctx context.Context, s *subject, batch []*attempt) (*intent, error) {
	at, err := w.Org.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	w.posts++
	in := &intent{Object: s.name, At: at.Truncate(time.Second), Of: map[string]asked{},
		key: fmt.Sprintf("%s%s-%06d.json", intents(s.name), s.held.Run(), w.posts)}
	for _, a := range batch {
		in.Of[a.id] = asked{w.members[a.id].plan, a.without}
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	_, err = w.Stage.Put(ctx, in.key, bytes.NewReader(text))
	return in, err
}

// forget removes an intent: what became of all of it is known.
func (w inserting) forget(ctx context.Context, in *intent) error { return w.Stage.Delete(ctx, in.key) }

// forgotten removes an intent of which nothing was written for certain, for a cause.
func (w inserting) forgotten(ctx context.Context, in *intent, cause error) error {
	return errors.Join(cause, w.forget(context.WithoutCancel(ctx), in))
}

// recall settles the intents that earlier calls have left.
func (w inserting) recall(ctx context.Context) error {
	for _, s := range w.ordered() {
		if s.held == nil {
			continue
		}
		var keys []string
		for info, err := range w.Stage.List(ctx, intents(s.name)) {
			if err != nil {
				return err
			}
			keys = append(keys, info.Key)
		}
		for _, key := range keys {
			in, err := w.intent(ctx, key)
			if err == nil {
				err = w.settle(ctx, s, in)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// intentAtMost bounds an intent: two hundred records with some names each.
const intentAtMost = 4 << 20

// intent reads one.
func (w inserting) intent(ctx context.Context, key string) (*intent, error) {
	stored, err := w.Stage.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(stored, intentAtMost))
	if err = errors.Join(err, stored.Close()); err != nil {
		return nil, err
	}
	in := &intent{key: key}
	if json.Unmarshal(text, in) != nil {
		return nil, plan.Fixf("bring it back from the backup of stage.url: it says which records may have been "+
			"inserted", "%s can't be read", key)
	}
	return in, nil
}

// What is said of a record whose answer was lost.
const (
	maybeMade = "its answer was lost, and records were made since that may be it: delete those that are, then do " +
		"the same again; with --key it can be told"
	maybeComing = "its answer was lost, and the request may still be at work"
)

// settle finds out what became of the records of an intent. It is removed once nothing of it is open.
func (w inserting) settle(ctx context.Context, s *subject, in *intent) error {
	open, err := w.open(ctx, s, in)
	if err != nil {
		return err
	}
	if len(open) == 0 {
		return w.forget(ctx, in)
	}
	found, err := w.find(ctx, s, in, open)
	if err != nil {
		return err
	}
	if err := w.inserted(ctx, s, found.made); err != nil {
		return err
	}
	now, err := w.Org.ServerTime(ctx)
	if err != nil {
		return err
	}
	done := true
	for _, a := range open {
		switch _, made := found.made[a]; {
		case made:
		case found.unclear[a]:
			done = false
			err = w.become(a.id, w.members[a.id], Fact{State: Unknown, Reason: maybeMade})
		case now.Before(in.At.Add(atWork)):
			done = false
			until := in.At.Add(atWork)
			w.waits = plan.Failf(plan.Wait, "do the same again then: nothing comes back twice",
				"the answers to some inserts were lost; by %s they are done or never will be",
				until.UTC().Format(time.RFC3339))
			if f, ok := errors.AsType[*plan.Failure](w.waits); ok {
				f.Until = until
			}
			err = w.become(a.id, w.members[a.id], Fact{State: Unknown, Reason: maybeComing})
		case w.members[a.id].state == Unknown:
			w.members[a.id].state = "" // it was never made: it may be now
		}
		if err != nil {
			return err
		}
	}
	if !done {
		return nil
	}
	return w.forget(ctx, in)
}

// open makes anew what the records of an intent were given, but for those of which the ledger knows what became.
func (w inserting) open(ctx context.Context, s *subject, in *intent) ([]*attempt, error) {
	byPlan := map[string][]string{}
	for id, a := range in.Of {
		byPlan[a.Plan] = append(byPlan[a.Plan], id)
	}
	var ids []string
	for name, some := range byPlan {
		lines, err := w.ledger.Lookup(ctx, name, s.name, some)
		if err != nil {
			return nil, err
		}
		for _, l := range lines {
			if m := w.member(s, l); l.NewID == "" && m.id(l.ID) == "" {
				ids = append(ids, l.ID)
			}
		}
	}
	slices.Sort(ids)
	rows, err := w.ledger.Rows(ctx, s.src.Table, ids)
	if err != nil {
		return nil, err
	}
	if err := w.learn(ctx, s, rows); err != nil {
		return nil, err
	}
	var open []*attempt
	for _, row := range rows {
		a := w.attempt(s, row, in.Of[row.ID].Without)
		if a.proof, err = w.proof(ctx, s, row); err != nil {
			return nil, err
		}
		open = append(open, a)
	}
	return open, nil
}

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

// compared are the fields by which a record is known.
func (s *subject) compared(a *attempt) (given map[string]json.RawMessage) {
	given = map[string]json.RawMessage{}
	names := slices.Sorted(maps.Keys(a.made.Fields))
	for _, name := range names[:min(len(names), comparedAtMost)] {
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
