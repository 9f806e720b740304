package write

import (
	"context"
	"slices"
	"strings"
	"time"

	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// looksAfter are the pauses before each look at records whose answer was lost: the request may still be at
// work when the first of them comes.
func looksAfter() []time.Duration {
	return []time.Duration{0, 2 * time.Second, 10 * time.Second, 30 * time.Second}
}

// What one query asks for: Salesforce takes 4,000 characters in a WHERE.
const (
	idsInQuery  = 150
	keysInQuery = 2500 // characters
)

// A looker settles the outcomes of records that it can look up.
type looker func(ctx context.Context, open []*Outcome) error

// look asks once after each pause, until nothing is open any more.
func (w *Writer) look(ctx context.Context, pauses []time.Duration, open []*Outcome, ask looker) error {
	var err error
	for _, pause := range pauses {
		if pause > 0 {
			if err := w.sleep(ctx, pause); err != nil {
				return err
			}
		}
		err = ask(ctx, open)
		open = slices.DeleteFunc(slices.Clone(open), func(o *Outcome) bool { return o.State != Unknown })
		if len(open) == 0 || context.Cause(ctx) != nil {
			break
		}
	}
	return err
}

// lookDeleted looks records up by their Ids, deleted ones too: what is found as it was to become is done.
func (w *Writer) lookDeleted(object string, wanted Found, pauses []time.Duration) looker {
	return func(ctx context.Context, open []*Outcome) error {
		return w.look(ctx, pauses, open, func(ctx context.Context, open []*Outcome) error {
			for some := range slices.Chunk(open, idsInQuery) {
				found, err := w.find(ctx, object, some)
				if err != nil {
					return err
				}
				for _, o := range some {
					if o.Found = found[o.ID]; o.Found == wanted {
						o.State, o.Found = Done, NotSeen
					} else if o.Found == NotSeen {
						o.Found = Absent
					}
				}
			}
			return nil
		})
	}
}

// find asks which records are there, and which are in the bin.
func (w *Writer) find(ctx context.Context, object string, some []*Outcome) (map[string]Found, error) {
	ids := make([]string, len(some))
	for i, o := range some {
		ids[i] = o.ID
	}
	q := soql.Select{Fields: []string{"Id", "IsDeleted"}, From: object, Where: []soql.Condition{soql.In("Id", ids)}}
	found := map[string]Found{}
	for r, err := range w.client.Query(ctx, q.String(), true) {
		if err != nil {
			return nil, err
		}
		id, err := recordID(r)
		if err != nil {
			return nil, err
		}
		deleted, err := r.Text("IsDeleted")
		if err != nil {
			return nil, err
		}
		switch deleted {
		case "true":
			found[id] = InBin
		case "false":
			found[id] = Live
		}
	}
	return found, nil
}

// lookInserted looks for records by the value of their key. What is there once is done; what isn't there may
// still come, so that its outcome stays Unknown.
func (w *Writer) lookInserted(
	object, key string, keyOf func(row int64) string, pauses []time.Duration,
) looker {
	return func(ctx context.Context, open []*Outcome) error {
		byKey := map[string][]*Outcome{}
		for _, o := range open {
			if value := keyOf(o.Row); value != "" && schema.IsName(key) {
				byKey[folded(value)] = append(byKey[folded(value)], o)
			}
		}
		if len(byKey) == 0 {
			return nil
		}
		return w.look(ctx, pauses, open, func(ctx context.Context, open []*Outcome) error {
			for _, values := range chunksOf(open, keyOf) {
				found, err := w.findKeys(ctx, object, key, values)
				if err != nil {
					return err
				}
				for _, value := range values {
					settleKey(byKey[folded(value)], found[folded(value)])
				}
			}
			return nil
		})
	}
}

// settleKey settles the records that were to have one value, by the Ids that have it.
func settleKey(open []*Outcome, ids []string) {
	if len(open) == 1 && len(ids) == 1 {
		open[0].State, open[0].ID, open[0].Found = Done, ids[0], NotSeen
		return
	}
	for _, o := range open {
		if o.Found = Absent; len(ids) > 0 {
			o.Found = Live
		}
	}
}

// chunksOf are the values to look for, as many together as a query takes.
func chunksOf(open []*Outcome, keyOf func(row int64) string) (chunks [][]string) {
	room := 0
	for _, o := range open {
		value := keyOf(o.Row)
		if value == "" || len(value) > keysInQuery {
			continue
		}
		if room < len(value) {
			chunks, room = append(chunks, nil), keysInQuery
		}
		last := len(chunks) - 1
		chunks[last] = append(chunks[last], value)
		room -= len(value) + len(`'',`)
	}
	return chunks
}

// findKeys gives the Ids that have each of the values, by those as SOQL compares them.
func (w *Writer) findKeys(ctx context.Context, object, key string, values []string) (map[string][]string, error) {
	q := soql.Select{Fields: []string{"Id", key}, From: object, Where: []soql.Condition{soql.In(key, values)}}
	found := map[string][]string{}
	for r, err := range w.client.Query(ctx, q.String(), false) {
		if err != nil {
			return nil, err
		}
		id, err := recordID(r)
		if err != nil {
			return nil, err
		}
		value, err := r.Text(key)
		if err != nil {
			return nil, err
		}
		found[folded(value)] = append(found[folded(value)], id)
	}
	return found, nil
}

// folded is a value as SOQL compares it: capitals are the same as small letters.
func folded(value string) string { return strings.ToLower(value) }

// recordID is the Id of a record that was looked up.
func recordID(r salesforce.Record) (string, error) {
	text, err := r.Text("Id")
	if err != nil {
		return "", err
	}
	return schema.ID18(text)
}
