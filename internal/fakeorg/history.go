package fakeorg

import (
	"errors"
	"strconv"
)

// Changes counts what History did.
type Changes struct {
	Created, Updated, Deleted, Undeleted int
}

// History makes n changes at the org's present time: records are created,
// updated, deleted and undeleted, all by chance, and the same under the same
// seed.
func (r *recordAdmin) History(n int, seed uint64) (Changes, error) {
	var done Changes
	h := historian{records: r, dice: newDice(mix(seed)), bin: r.ledger.bin()}
	for _, obj := range r.ledger.store.catalog().shown() {
		if obj.about.Createable && obj.sys.deleted >= 0 && obj.base.count() > 0 {
			h.objects = append(h.objects, obj)
		}
	}
	if len(h.objects) == 0 {
		return done, errors.New("history: the org has no records")
	}
	for range n {
		if err := h.change(&done); err != nil {
			return done, err
		}
	}
	return done, nil
}

// A historian invents changes.
type historian struct {
	records *recordAdmin
	dice    *dice
	objects []*object
	bin     []string
}

func (h *historian) change(done *Changes) error {
	obj := h.objects[h.dice.below(len(h.objects))]
	at, ok := h.live(obj)
	turn := h.dice.below(20)
	switch {
	case turn == 0 && len(h.bin) > 0:
		i := h.dice.below(len(h.bin))
		id := h.bin[i]
		h.bin = append(h.bin[:i], h.bin[i+1:]...)
		done.Undeleted++
		return h.records.Undelete(id)
	case turn < 6 || !ok:
		done.Created++
		return h.records.ledger.write(func(e *edit) error {
			_, err := e.insert(obj, h.born(obj, at))
			return err
		})
	case turn < 9:
		id := at.text(obj.sys.id)
		h.bin = append(h.bin, id)
		done.Deleted++
		return h.records.Delete(id)
	}
	done.Updated++
	values := h.altered(obj, 1+h.dice.below(3))
	return h.records.ledger.write(func(e *edit) error { return e.change(obj, at.text(obj.sys.id), values) })
}

// live picks a record that isn't deleted; an object has few that are, so a
// handful of tries does.
func (h *historian) live(obj *object) (*row, bool) {
	snap := h.records.ledger.store.now()
	at := snap.row(obj)
	size := snap.size(obj)
	for range 20 {
		at.move(h.dice.below(size))
		if at.record == nil || at.record.deletedAt == "" && !at.record.gone() {
			return at, true
		}
	}
	return at, false
}

// born copies what can be copied from a record, and alters some of it.
func (h *historian) born(obj *object, like *row) map[int]string {
	values := map[int]string{}
	for _, f := range obj.about.Fields {
		if at := obj.place(f.Name); f.Createable && !f.Unique {
			values[at] = like.text(at)
		}
	}
	for at, value := range h.altered(obj, 4) {
		values[at] = value
	}
	return values
}

// altered gives up to n fields new values.
func (h *historian) altered(obj *object, n int) map[int]string {
	values := map[int]string{}
	for range n {
		f := obj.about.Fields[h.dice.below(len(obj.about.Fields))]
		if !f.Updateable || f.Unique {
			continue
		}
		if value, ok := h.invent(f); ok {
			values[obj.place(f.Name)] = value
		}
	}
	return values
}

// invent makes up a value that a field may have; false for types whose values
// can't be made up.
func (h *historian) invent(f *fieldDescribe) (string, bool) {
	number := h.dice.next()
	switch f.Type {
	case "string", "textarea":
		text := "Changed " + strconv.FormatUint(number%1_000_000, 10) + ", \"новый\"\r\n🎈"
		if len([]rune(text)) > f.Length {
			text = strconv.FormatUint(number%10, 10)
		}
		return text, true
	case "boolean":
		return strconv.FormatBool(number&1 == 0), true
	case "currency", "double", "percent":
		room := uint64(min(6, max(1, f.Precision-f.Scale)))
		value := strconv.FormatUint(number%pow10(int(room)), 10)
		if f.Scale > 0 {
			value = string(appendPadded([]byte(value+"."), int(number>>32%pow10(f.Scale)), f.Scale))
		}
		return value, true
	case "int":
		return strconv.FormatUint(number%1000, 10), true
	case "date":
		return "20" + strconv.FormatUint(10+number%80, 10) + "-02-28", true
	}
	return "", false
}
