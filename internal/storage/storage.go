// Package storage finds out how much of an org's data storage the records of objects
// take: as many as the org itself holds, whatever a flow copies of them, and as
// Salesforce counts them.
//
// What one record takes is schema's to know; what an answer is kept for, and shown as,
// is left to replicate and status.
package storage

import (
	"context"
	"errors"
	"time"

	"catchment/internal/control"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/soql"
	"catchment/internal/schema"
)

// askAgain is how long an answer is good enough: what it costs is a call.
const askAgain = 24 * time.Hour

// Due tells whether a run asks how many records of a flow's object the org holds, seen
// from now by the org's clock. Where a record takes nothing, or nobody knows what, there
// is nothing to ask.
func Due(f control.FlowRow, now time.Time) bool {
	return asks(f.Object) && !now.Before(f.AskedAt.Add(askAgain))
}

func asks(object string) bool {
	bytes, known := schema.StorageBytes(object)
	return bytes > 0 && known
}

// Held is how many records of an object an org held at a moment of its clock. The zero
// Held says that nobody knows.
type Held struct {
	Records int64
	At      time.Time
}

// Ask asks an org how many records of some objects it holds: archived ones are among
// them, and what is in the recycle bin isn't. That is one call, and one more for each
// object whose records Salesforce archives. What it didn't answer is left out, and the
// error says why.
func Ask(ctx context.Context, org *salesforce.Client, objects []string) (map[string]Held, error) {
	at, err := org.ServerTime(ctx)
	if err != nil {
		return nil, err
	}
	at = at.Truncate(time.Second)
	var counted []string
	held, errs := map[string]Held{}, []error{}
	for _, object := range objects {
		switch {
		case !asks(object):
		case schema.Archives(object):
			n, err := org.Count(ctx, alive(object), true)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			held[object] = Held{n, at}
		default:
			counted = append(counted, object)
		}
	}
	if len(counted) == 0 {
		return held, errors.Join(errs...)
	}
	counts, err := org.RecordCounts(ctx, counted)
	for _, object := range counted {
		if n, ok := counts[object]; ok {
			held[object] = Held{n, at}
		}
	}
	return held, errors.Join(append(errs, err)...)
}

// alive counts what isn't in the recycle bin; read with queryAll, archived records are
// among it.
func alive(object string) string {
	return soql.Select{
		Fields: []string{"COUNT()"}, From: object, Where: []soql.Condition{"IsDeleted = false"},
	}.String()
}

// Taken is how many bytes the records of an object take, and when the org held so many;
// nil where nobody knows. What takes nothing takes that at any time.
func Taken(object string, h Held) (*int64, time.Time) {
	each, known := schema.StorageBytes(object)
	switch {
	case known && each == 0:
		return new(int64), time.Time{}
	case !known || h.At.IsZero():
		return nil, time.Time{}
	}
	return new(each * h.Records), h.At
}
