package rehydrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/lookup"
	"catchment/internal/plan"
	"catchment/internal/warehouse/archived"
)

// Forget has nothing that is open bring some records back, or speak of them: they are about to be erased. Where one
// may have been made anew, or was, it is refused until that is known and gone: else the record would live on under
// another Id, and nobody would know that it is the one. It may be repeated.
func (r *Rehydrator) Forget(ctx context.Context, object string, ids []string) (err error) {
	ledger, ok := archived.Of(r.Warehouse)
	if !ok {
		return nil
	}
	w := newWork(r, Request{Really: true}, ledger, nil)
	defer func() { err = errors.Join(err, w.release(ctx)) }()
	if err := w.settleFor(ctx, object, ids); err != nil {
		return err
	}
	if err := w.notAnew(ctx, object, ids); err != nil {
		return err
	}
	return r.drop(ctx, ids)
}

// Open tells whether an intent names one of some records.
func (r *Rehydrator) Open(ctx context.Context, ids []string) (bool, error) {
	found := false
	err := r.naming(ctx, returns, ids, func(*intent) error { found = true; return nil })
	return found, err
}

// naming finds the intents in a folder that name one of some records.
func (r *Rehydrator) naming(ctx context.Context, folder string, ids []string, each func(*intent) error) error {
	var keys []string
	for info, err := range r.Stage.List(ctx, folder) {
		if err != nil {
			return err
		}
		keys = append(keys, info.Key) // a store isn't changed while it is listed
	}
	for _, key := range keys {
		in, err := (&work{Rehydrator: r}).intent(ctx, key)
		if errors.Is(err, blob.ErrNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		if slices.ContainsFunc(ids, in.names) {
			if err := each(in); err != nil {
				return err
			}
		}
	}
	return nil
}

// names tells whether an intent has an Id.
func (in *intent) names(id string) bool {
	_, of := in.Of[id]
	return of || in.leads(func(old string) bool { return old == id })
}

// settleFor settles the inserts of an object whose intents name some records, as far as that can be done by now.
func (w *work) settleFor(ctx context.Context, object string, ids []string) error {
	var open []*intent
	err := w.naming(ctx, intents(object), ids, func(in *intent) error {
		if !in.Bin {
			open = append(open, in)
		}
		return nil
	})
	if err != nil || len(open) == 0 {
		return err
	}
	s, err := w.subject(ctx, object)
	if err != nil {
		return err
	}
	if s.trouble != nil {
		return s.trouble
	}
	if err := w.holdOne(ctx, s); err != nil {
		return err
	}
	for _, in := range open {
		if err := (inserting{w}).settle(ctx, s, in); err != nil {
			return err
		}
	}
	for _, id := range ids {
		m := w.members[id]
		switch {
		case m == nil || m.state != Unknown:
		case w.waits != nil:
			return w.waits
		default:
			return plan.Fixf("delete those of them that are it, for good, and do the same again",
				"record %s of %s was to come back, its answer was lost, and records were made since that may be it", id,
				object)
		}
	}
	return nil
}

// notAnew refuses records that live on as new ones.
func (w *work) notAnew(ctx context.Context, object string, ids []string) error {
	names, err := w.ledger.Plans(ctx)
	if err != nil {
		return err
	}
	news := map[string]string{} // old Ids by new ones
	for _, name := range names {
		lines, err := w.ledger.Lookup(ctx, name, object, ids)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if l.NewID != "" {
				news[l.NewID] = l.ID
			}
		}
	}
	if len(news) == 0 {
		return nil
	}
	about, err := w.Org.Describe(ctx, object)
	if err != nil {
		return err
	}
	some := slices.Sorted(maps.Keys(news))
	states, err := lookup.Finder{Org: w.Org, Object: about, Before: w.Before}.States(ctx, some)
	if err != nil {
		return err
	}
	for _, now := range some {
		if _, there := states[now]; there {
			return plan.Fixf("delete that in Salesforce for good, and erase it, too",
				"record %s of %s was archived and came back: it is %s now, which Salesforce has", news[now], object,
				now)
		}
	}
	return nil
}

// drop takes records out of all intents. What is left of one is a blob of its own, since blobs never change.
func (r *Rehydrator) drop(ctx context.Context, ids []string) error {
	return r.naming(ctx, returns, ids, func(in *intent) error {
		for _, id := range ids {
			delete(in.Of, id)
			for _, a := range in.Of {
				maps.DeleteFunc(a.Later, func(_, old string) bool { return old == id })
			}
		}
		if len(in.Of) > 0 {
			text, err := json.Marshal(in)
			if err != nil {
				return err
			}
			if err := r.putBeside(ctx, in.key, text); err != nil {
				return err
			}
		}
		return r.Stage.Delete(ctx, in.key)
	})
}

// mostBeside is more than any intent is written anew.
const mostBeside = 1000

// putBeside writes what takes the place of an intent.
func (r *Rehydrator) putBeside(ctx context.Context, key string, text []byte) error {
	name := strings.TrimSuffix(key, ".json")
	for n := range mostBeside {
		_, err := r.Stage.Put(ctx, fmt.Sprintf("%s.r%d.json", name, n), bytes.NewReader(text))
		if !errors.Is(err, blob.ErrExists) {
			return err
		}
	}
	return fmt.Errorf("%s was written anew too often", key)
}
