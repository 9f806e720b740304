package rehydrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"catchment/internal/archive/rehydrate/remake"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// An intent is written down before records are inserted, and removed once the ledger knows what became of each,
// lookups that had to wait are filled, and what was made is compared. Where a process dies in between, or an answer
// is lost, the next one looks for what was made: by the key that takes the old Ids, or else by all values that the
// records were given. What is found is taken; what isn't, and can't come any more, is inserted then; what nobody
// can tell stays unknown.
type intent struct {
	Object string           `json:"object"`
	Bin    bool             `json:"bin,omitempty"` // they aren't inserted, but taken out of the bin, or there already
	At     time.Time        `json:"at"`            // by Salesforce's clock
	Of     map[string]asked `json:"of"`            // by the Ids of the archived records, of Bin by those that they have
	key    string           // of the blob
}

// asked is what an intent says of one record.
type asked struct {
	Plan    string   `json:"plan"`
	Without []string `json:"without,omitempty"` // fields that weren't given
	// Later are lookups that are filled afterwards: the archived records that they led to, by the fields.
	Later   map[string]string `json:"later,omitempty"`
	Missing []remake.Missing  `json:"missing,omitempty"` // what it isn't given, and why
}

// leads tells whether a lookup of an intent that is filled later led to one of some records.
func (in *intent) leads(to func(old string) bool) bool {
	for _, a := range in.Of {
		for _, old := range a.Later {
			if to(old) {
				return true
			}
		}
	}
	return false
}

// atWork is how long a request may be at work whose answer was lost (salesforce.md: other REST calls).
const atWork = 10 * time.Minute

// returns is the folder of all intents, intents that of those of an object.
const returns = "archive/returns/"

func intents(object string) string { return returns + object + "/" }

// intend writes down that some records are about to be inserted.
func (w inserting) intend(ctx context.Context, s *subject, batch []*attempt) (*intent, error) {
	at, err := w.Org.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	in := &intent{Object: s.name, At: at.Truncate(time.Second), Of: map[string]asked{}}
	for _, a := range batch {
		in.Of[a.id] = asked{w.members[a.id].plan, a.without, a.made.Later, a.made.Missing}
	}
	return in, w.write(ctx, s, in)
}

// write writes an intent down.
func (w *work) write(ctx context.Context, s *subject, in *intent) error {
	w.posts++
	in.key = fmt.Sprintf("%s%s-%06d.json", intents(s.name), s.held.Run(), w.posts)
	text, err := json.Marshal(in)
	if err != nil {
		return err
	}
	_, err = w.Stage.Put(ctx, in.key, bytes.NewReader(text))
	return err
}

// forget says that what became of all of an intent is known. It goes once what was made by it is compared.
func (w inserting) forget(ctx context.Context, in *intent) error {
	made := false
	for id, a := range in.Of {
		m := w.members[id]
		if m == nil || m.newID == "" {
			continue
		}
		made, m.fresh, m.missing, m.later = true, true, a.Missing, map[string]bool{}
		for field, old := range a.Later {
			m.later[field] = true
			w.later = append(w.later, later{in.Object, m.newID, field, old, in.key, false})
		}
	}
	if made {
		w.settled = append(w.settled, in)
		return nil
	}
	return w.Stage.Delete(ctx, in.key)
}

// finish removes the intents of which nothing is left to do, and keeps of the others the lookups that wait.
func (w *work) finish(ctx context.Context) error {
	for _, in := range w.settled {
		if w.unfinished[in.key] {
			if in.Bin {
				continue
			}
			if err := w.keepTies(ctx, in); err != nil {
				return err
			}
		}
		if err := w.Stage.Delete(ctx, in.key); err != nil {
			return err
		}
	}
	return nil
}

// keepTies writes down the lookups of new records to what isn't back yet: who brings that back fills them.
func (w *work) keepTies(ctx context.Context, in *intent) error {
	ties := &intent{Object: in.Object, Bin: true, Of: map[string]asked{}}
	for id, a := range in.Of {
		left := map[string]string{}
		for field, old := range a.Later {
			if w.where(old) == "" {
				left[field] = old
			}
		}
		if m := w.members[id]; len(left) > 0 && m != nil && m.newID != "" {
			ties.Of[m.newID] = asked{Plan: a.Plan, Later: left}
		}
	}
	if len(ties.Of) == 0 {
		return nil
	}
	s, err := w.subject(ctx, in.Object)
	if err != nil {
		return err
	}
	return w.write(ctx, s, ties)
}

// forgotten removes an intent of which nothing was written for certain, for a cause.
func (w inserting) forgotten(ctx context.Context, in *intent, cause error) error {
	return errors.Join(cause, w.Stage.Delete(context.WithoutCancel(ctx), in.key))
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
			switch {
			case err != nil:
			case in.Bin:
				w.bins = append(w.bins, in)
				err = errors.Join(w.ask(ctx, s.name, slices.Collect(maps.Keys(in.Of))), w.learnLater(ctx, in))
			default:
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
func (w *work) intent(ctx context.Context, key string) (*intent, error) {
	text, err := blob.ReadAll(ctx, w.Stage, key, intentAtMost)
	if err != nil {
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
	if err := w.learnLater(ctx, in); err != nil {
		return err
	}
	open, err := w.open(ctx, s, in)
	if err != nil {
		return err
	}
	if err := w.reborn(ctx, s, in); err != nil {
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

// learnLater asks where records are by now that waiting lookups of an intent are to lead to.
func (w inserting) learnLater(ctx context.Context, in *intent) error {
	byObject := map[string][]string{}
	for _, a := range in.Of {
		for _, old := range a.Later {
			if w.members[old] != nil {
				continue
			}
			object, err := w.objectOf(ctx, old)
			if err != nil {
				return err
			}
			if object != "" {
				byObject[object] = append(byObject[object], old)
			}
		}
	}
	for object, ids := range byObject {
		if err := w.ask(ctx, object, ids); err != nil {
			return err
		}
	}
	return nil
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
