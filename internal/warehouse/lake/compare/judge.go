package compare

import (
	"context"
	"errors"

	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/columns"
)

// Sides are what is compared. Kept is nil where nothing was kept out.
type Sides struct {
	Source Layers
	Final  *Stream
	Kept   *Stream
	Counts func(kept Row) (bool, error) // whether what was kept out counts: its page was loaded
}

// Close ends them all.
func (s Sides) Close() error {
	all := s.Source.Close()
	for _, stream := range []*Stream{s.Final, s.Kept} {
		if stream != nil {
			all = errors.Join(all, stream.Close())
		}
	}
	return all
}

// kept is what was kept out of a record.
func (s Sides) kept(key string) (all []Row, err error) {
	if s.Kept == nil {
		return nil, nil
	}
	err = s.Kept.All(key, func(k Row) error {
		counts, err := s.Counts(k)
		if counts {
			all = append(all, k)
		}
		return err
	})
	return all, err
}

// Run goes through both sides. found is given what differs, in order of the keys; nil where only the tally is wanted.
func (j *Judge) Run(ctx context.Context, of Sides, found func(Suspect) error) (Tally, error) {
	var tally Tally
	var m matcher
	for n := 0; ; n++ {
		if n%4096 == 0 && ctx.Err() != nil {
			return tally, context.Cause(ctx)
		}
		r, has, err := j.next(of)
		if err != nil || !has {
			return tally, err
		}
		j.count(&tally, r)
		if found == nil {
			continue
		}
		if r.kept, err = of.kept(r.key); err != nil {
			return tally, err
		}
		for _, s := range j.judge(r, &m) {
			if err := found(s); err != nil {
				return tally, err
			}
		}
	}
}

// next is the next key of either side. Of some records only, a row that the reading hasn't isn't looked at.
func (j *Judge) next(of Sides) (r record, has bool, err error) {
	key, inSource, err := of.Source.key()
	if err != nil {
		return r, false, err
	}
	f, inFinal, err := of.Final.Row()
	if err != nil || !inSource && (!inFinal || j.c.Part) {
		return r, false, err
	}
	if r.key = key; !inSource || inFinal && f.Key < key && !j.c.Part {
		r.key = f.Key
	}
	if r.source, err = of.Source.take(r.key); err != nil {
		return r, false, err
	}
	err = of.Final.All(r.key, func(f Row) error {
		r.rows++
		r.any = f
		isLive := live(f)
		if j.c.Deleted || isLive {
			r.judged++
			r.row = f
		}
		switch {
		case isLive:
		case f.Text(columns.Reason) == string(gone.Archived):
			r.archived++
		case !r.source.Is():
			r.alone++
		}
		return nil
	})
	if j.c.Part && !r.source.Is() {
		r.row, r.judged = Row{}, 0
	}
	return r, true, err
}

// count counts a record.
func (j *Judge) count(t *Tally, r record) {
	if r.source.Is() && !j.gone(r.source) {
		t.Source++
	}
	t.Warehouse += r.judged
	if !j.c.Part { // a reading of some records says nothing of the others
		t.Archived += r.archived
		t.Alone += r.alone
	}
}
