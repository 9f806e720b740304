package compare

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"iter"
	"time"

	"catchment/internal/warehouse/evidence"
	"catchment/internal/warehouse/gone"
)

// A set is a digest that is being made.
type set struct {
	records int64
	hash    hash.Hash
	line    []byte
}

// add adds a record with its stamp.
func (s *set) add(key string, stamp int64) {
	s.records++
	s.line = append(append(s.line[:0], shown(key)...), ',')
	if stamp != none {
		s.line = time.UnixMicro(stamp).UTC().AppendFormat(s.line, "2006-01-02T15:04:05.000Z")
	}
	s.hash.Write(append(s.line, '\n'))
}

func (s *set) sum() evidence.Set {
	return evidence.Set{Records: s.records, Digest: hex.EncodeToString(s.hash.Sum(nil))}
}

// Sets are the digests of both sides, without the records that are open.
func (j *Judge) Sets(ctx context.Context, of Sides, suspects *Suspects) (source, rows evidence.Set, err error) {
	next, stop := iter.Pull2(suspects.All())
	defer stop()
	var ahead Suspect // of the record that comes next, or one behind it
	var has bool
	isOpen := func(key string) (bool, error) {
		open := false
		for {
			if has && ahead.Record == key {
				open = open || ahead.Open()
			}
			if has && ahead.Record > key {
				return open, nil
			}
			var err error
			if ahead, err, has = next(); !has || err != nil {
				return open, err
			}
		}
	}
	whole := *j
	whole.c.Part, whole.c.Deleted = false, false
	left, right := set{hash: sha256.New()}, set{hash: sha256.New()}
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return source, rows, context.Cause(ctx)
		}
		r, more, err := whole.next(of)
		if err != nil {
			return source, rows, err
		}
		if !more {
			return left.sum(), right.sum(), nil
		}
		open, err := isOpen(r.key)
		if err != nil {
			return source, rows, err
		}
		alive := r.source.Is() && !j.gone(r.source)
		if alive && !open {
			left.add(r.key, r.source.Moment(j.stamp))
		}
		if r.row.Is() && !open && (alive || j.c.Policy != gone.Ignore) {
			right.add(r.key, r.row.Moment(j.stamp))
		}
	}
}
