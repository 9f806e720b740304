// Package lookup reads records by their Ids, and is the one place that knows how
// many of them fit into a query or a call.
//
// There are two ways. Collect gives records whole, PerCall of them at a time, and
// leaves out what is deleted, purged or out of sight. Records asks queryAll, which
// tells these from each other, PerQuery of them at a time. Who wants to know what
// became of records asks States; what follows from that is for the verb to judge.
package lookup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// PerCall is how many records one call of Collect may ask for.
const PerCall = salesforce.CollectionAtMost

// soqlAtMost is how long a query may be in a URI: Salesforce takes 16,384 bytes
// with the headers, and quoting may triple a byte. A WHERE has 4,000 characters.
const soqlAtMost = 3900

// PerQuery is how many Ids a query can name that has so many characters without
// them.
func PerQuery(base int) int {
	return max(1, (soqlAtMost-base)/len(`'001000000000000AAA',`))
}

// A Finder finds records of one object.
type Finder struct {
	Org    *salesforce.Client
	Object schema.Object
	Where  string                      // finds only those that meet it; "" for all
	Before func(context.Context) error // is called before each call; may be nil
}

// Collect reads records whole, as far as they are there. Where doesn't hold for
// it. An answer that nobody asked for is an error. Where so many records are more than one answer may
// be, it asks for fewer.
func (f Finder) Collect(ctx context.Context, ids, fields []string, each func(salesforce.Record) error) error {
	for atOnce := PerCall; len(ids) > 0; {
		if err := f.before(ctx); err != nil {
			return err
		}
		chunk := ids[:min(atOnce, len(ids))]
		asked := map[string]bool{}
		for _, id := range chunk {
			asked[id] = true
		}
		err := f.Org.Collect(ctx, f.Object.Name, chunk, fields, func(r salesforce.Record) error {
			id, err := r.Text("Id")
			if err == nil && !asked[id] {
				err = plan.Strangef("a record was answered that nobody asked for, or twice")
			}
			if err != nil {
				return err
			}
			delete(asked, id)
			return each(r)
		})
		switch {
		case err == nil:
			ids = ids[len(chunk):]
		case errors.Is(err, salesforce.ErrLarge) && len(chunk) > 1: // what came is whole, and isn't asked for again
			atOnce = max(1, len(chunk)/2)
			rest := slices.DeleteFunc(slices.Clone(chunk), func(id string) bool { return !asked[id] })
			ids = append(rest, ids[len(chunk):]...)
		default:
			return err
		}
	}
	return nil
}

// Records asks queryAll for some fields of records.
func (f Finder) Records(ctx context.Context, ids, fields []string) iter.Seq2[salesforce.Record, error] {
	q := soql.Select{Fields: fields, From: f.Object.Name, Where: []soql.Condition{soql.In("Id", nil)}}
	if f.Where != "" {
		q.Where = append(q.Where, soql.Raw(f.Where))
	}
	atOnce := PerQuery(len(q.String()))
	return func(yield func(salesforce.Record, error) bool) {
		for chunk := range slices.Chunk(ids, atOnce) {
			if err := f.before(ctx); err != nil {
				yield(salesforce.Record{}, err)
				return
			}
			q.Where[0] = soql.In("Id", chunk)
			for r, err := range f.Org.Query(ctx, q.String(), true) {
				if err != nil {
					err = fmt.Errorf("read records of %s by their Ids: %w", f.Object.Name, err)
				}
				if !yield(r, err) || err != nil {
					return
				}
			}
		}
	}
}

func (f Finder) before(ctx context.Context) error {
	if f.Before == nil {
		return nil
	}
	return f.Before(ctx)
}

// A State is what queryAll says of one record.
type State struct {
	At      time.Time // its stamp; zero where the object has none
	Deleted bool      // it is in the recycle bin
	Merged  bool      // and another record took its place
}

// States finds out what became of records, by their Ids. What isn't in the answer
// is purged, out of this user's sight, or doesn't meet Where.
func (f Finder) States(ctx context.Context, ids []string) (map[string]State, error) {
	fields := []string{"Id"}
	for _, name := range []string{"SystemModstamp", "IsDeleted", "MasterRecordId"} {
		if has, ok := f.Object.Field(name); ok {
			fields = append(fields, has.Name)
		}
	}
	all := map[string]State{}
	for r, err := range f.Records(ctx, ids, fields) {
		if err != nil {
			return nil, err
		}
		id, err := r.Text("Id")
		if err != nil {
			return nil, err
		}
		if all[id], err = stateOf(r, fields[1:]); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// stateOf reads a state out of a record.
func stateOf(r salesforce.Record, fields []string) (State, error) {
	var s State
	for _, name := range fields {
		text, err := r.Text(name)
		if err != nil {
			return s, err
		}
		switch name {
		case "SystemModstamp":
			if s.At, err = salesforce.ParseTime(text); err != nil {
				return s, err
			}
		case "IsDeleted":
			s.Deleted = text == "true"
		case "MasterRecordId":
			s.Merged = text != ""
		}
	}
	return s, nil
}
