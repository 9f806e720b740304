package evidence

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"
)

// A Way is how a record came back into the org.
type Way string

// The ways.
const (
	Undeleted Way = "undeleted" // out of the recycle bin, under its Id
	Inserted  Way = "inserted"  // as a new record
	Found     Way = "found"     // somebody else has brought it back, under its Id
)

// known tells whether there is such a way.
func (w Way) known() bool { return slices.Contains([]Way{Undeleted, Inserted, Found}, w) }

// A Return is a record that was deleted by a plan, and is back in the org.
type Return struct {
	Object string
	Level  int
	ID     string // as it was deleted
	Way    Way
	NewID  string // where it was inserted
	At     time.Time
}

// A Back is how many records came back in the same way.
type Back struct {
	Object  string `json:"object"`
	Level   int    `json:"level"`
	Way     Way    `json:"way"`
	Records int64  `json:"records"`
}

// returnsAtOnce is how many records one sheet tells of.
const returnsAtOnce = 2000

// Return writes of records that came back, behind whatever stands there, the plan's end too. What was told of a
// record isn't told again, unless it was undeleted once more. Where a plan has no evidence, there is none of this.
func (w *Writer) Return(ctx context.Context, all []Return) error {
	if w.last.number == 0 || len(all) == 0 {
		return nil
	}
	told, err := w.returned(ctx)
	if err != nil {
		return spoiled(err)
	}
	var entries []entry
	for _, r := range all {
		if r.ID == "" || r.Object == "" || !r.Way.known() || (r.Way == Inserted) != (r.NewID != "") {
			return errors.New("evidence of a return without its record")
		}
		if now, known := told[r.ID]; known && (now == r.NewID && r.Way != Undeleted || r.Way == Found) {
			continue
		}
		told[r.ID] = r.NewID
		entries = append(entries, entry{
			said{Type: typeReturned, Object: r.Object, Level: r.Level, As: string(r.Way), Ended: r.At.UTC()},
			&about{ID: r.ID, New: r.NewID},
		})
	}
	for some := range slices.Chunk(entries, returnsAtOnce) {
		part := int64(1)
		for w.has(kindReturned, part) {
			part++
		}
		if err := w.put(ctx, step{kindReturned, part}, nil, some); err != nil {
			return err
		}
	}
	return nil
}

// returned are the new Ids of the records of which it is told that they came back, "" of those that have theirs.
func (w *Writer) returned(ctx context.Context) (map[string]string, error) {
	told := map[string]string{}
	for part := int64(1); w.has(kindReturned, part); part++ {
		sheet := w.done[step{kindReturned, part}]
		_, err := (&walk{plan: w.plan, sheet: sheet, free: true, each: func(f frame, _ said) error {
			if f.Erased != "" {
				return nil
			}
			what, err := f.record()
			if err == nil {
				told[what.ID] = what.New
			}
			return err
		}}).read(ctx, w.store)
		if err != nil {
			return nil, err
		}
	}
	return told, nil
}

// backs counts records that came back.
type backs map[Back]int64

// take takes a line of a record that came back.
func (c *checker) take(f frame, s said) error {
	way := Way(s.As)
	if !way.known() {
		return &wrongLine{"it names no way back"}
	}
	if f.Erased != "" {
		c.Erased++
	} else {
		what, err := f.record()
		if err != nil {
			return err
		}
		if (way == Inserted) != (what.New != "") {
			return &wrongLine{"it is about no record that came back"}
		}
	}
	c.backs[Back{Object: s.Object, Level: s.Level, Way: way}]++
	return nil
}

// list lists them in order.
func (b backs) list() []Back {
	var all []Back
	for key, n := range b {
		key.Records = n
		all = append(all, key)
	}
	slices.SortFunc(all, func(x, y Back) int {
		return cmp.Or(cmp.Compare(x.Object, y.Object), cmp.Compare(x.Level, y.Level), cmp.Compare(x.Way, y.Way))
	})
	return all
}
