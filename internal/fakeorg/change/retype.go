package change

import (
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Retype makes a field one of another type. What convert makes of the values that
// records hold, also of those in the recycle bin, is what they hold then; none of
// them is stamped. Whoever asked before reads on in the old field.
func (l *Ledger) Retype(object, field string, to *describe.Field, convert func(string) string) error {
	l.writing.Lock()
	defer l.writing.Unlock()
	next := l.Store.Catalog().Copy()
	old, ok := next.Find(object)
	if !ok {
		return reply.NoObject(object)
	}
	from := old.Slot(field)
	if from < 0 {
		return old.NoColumn(field)
	}
	into := len(old.Slots)
	altered := old.Altered(func(o *store.Object) {
		hidden := o.Slots[from].Hidden
		o.Slots[from].Deleted = true
		o.Slots = append(o.Slots, store.Slot{Field: to, Hidden: hidden})
	})
	next.Touch(l.Clock.Now())
	if err := next.Put(altered); err != nil {
		return err
	}
	if err := l.hooks.Reforming(next); err != nil {
		return err
	}
	l.Store.Commit(converted(l.Store.Now(), old, from, into, convert))
	l.Store.Replace(next)
	return nil
}

// converted is the records that hold something in the field at into once convert
// has seen what they hold at from.
func converted(s store.Snapshot, obj *store.Object, from, into int, convert func(string) string) []store.Write {
	var writes []store.Write
	row := s.Row(obj)
	for place := range s.Size(obj) {
		row.Move(place)
		if row.Unborn() || row.Record != nil && row.Record.Purged {
			continue
		}
		value := convert(row.Text(from))
		if value == "" {
			continue
		}
		next := row.Whole()
		next.Values = append(next.Values, make([]string, into+1-len(next.Values))...)
		next.Values[into] = value
		writes = append(writes, store.Write{Key: obj.Key(place), Object: obj, Record: next})
	}
	return writes
}
