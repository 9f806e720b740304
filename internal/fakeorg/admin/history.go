package admin

import (
	"errors"
	"slices"
	"strconv"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// Changes counts what History did.
type Changes struct {
	Created, Updated, Deleted, Undeleted int
}

// History makes n changes at the org's present time: records are created,
// updated, deleted and undeleted, all by chance, and the same under the same
// seed.
func (r *Records) History(n int, seed uint64) (Changes, error) {
	var done Changes
	h := historian{records: r, dice: chance.New(chance.Mix(seed)), bin: r.ledger.Bin()}
	for _, obj := range r.ledger.Store.Catalog().Shown() {
		if obj.About.Createable && obj.Sys.Deleted >= 0 && obj.Base.Count() > 0 {
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
	records *Records
	dice    *chance.Dice
	objects []*store.Object
	bin     []string
}

func (h *historian) change(done *Changes) error {
	obj := h.objects[h.dice.Below(len(h.objects))]
	at, ok := h.live(obj)
	turn := h.dice.Below(20)
	switch {
	case turn == 0 && len(h.bin) > 0:
		i := h.dice.Below(len(h.bin))
		id := h.bin[i]
		h.bin = append(h.bin[:i], h.bin[i+1:]...)
		return counted(&done.Undeleted, h.records.Undelete(id))
	case turn < 6 || !ok:
		return counted(&done.Created, h.records.ledger.Write(func(e *change.Edit) error {
			_, err := e.Insert(obj, h.born(obj, at))
			return err
		}))
	case turn < 9:
		id := doomed(obj, at)
		h.bin = append(h.bin, id)
		return counted(&done.Deleted, h.records.Delete(id))
	}
	done.Updated++
	values := h.altered(obj, 1+h.dice.Below(3))
	return h.records.ledger.Write(func(e *change.Edit) error { return e.Change(obj, at.Text(obj.Sys.ID), values) })
}

// counted counts what was done; what a record's children, its parents, a link that is
// there already or an approval stand against just isn't.
func counted(n *int, err error) error {
	if err == nil {
		*n++
		return nil
	}
	refusal, ok := errors.AsType[*reply.Refusal](err)
	against := []string{"DELETE_FAILED", "ENTITY_IS_LOCKED", "UNDELETE_FAILED", "DUPLICATE_VALUE", "ENTITY_IS_DELETED"}
	if ok && slices.Contains(against, refusal.Code) {
		return nil
	}
	return err
}

// live picks a record that isn't deleted; an object has few that are, so a
// handful of tries does.
func (h *historian) live(obj *store.Object) (*store.Row, bool) {
	snap := h.records.ledger.Store.Now()
	at := snap.Row(obj)
	size := snap.Size(obj)
	for range 20 {
		at.Move(h.dice.Below(size))
		if at.Record == nil || at.Record.DeletedAt == "" && !at.Record.Gone() {
			return at, true
		}
	}
	return at, false
}

// born copies what can be copied from a record, and alters some of it.
func (h *historian) born(obj *store.Object, like *store.Row) map[int]string {
	values := map[int]string{}
	for _, f := range obj.About.Fields {
		if at := obj.Place(f.Name); f.Createable && !f.Unique {
			values[at] = like.Text(at)
		}
	}
	for at, value := range h.altered(obj, 4) {
		values[at] = value
	}
	h.bornFile(obj, values)
	return values
}

// altered gives up to n fields new values.
func (h *historian) altered(obj *store.Object, n int) map[int]string {
	values := map[int]string{}
	for range n {
		f := obj.About.Fields[h.dice.Below(len(obj.About.Fields))]
		if !f.Updateable || f.Unique {
			continue
		}
		if value, ok := h.invent(f); ok {
			values[obj.Place(f.Name)] = value
		}
	}
	return values
}

// invent makes up a value that a field may have; false for types whose values
// can't be made up.
func (h *historian) invent(f *describe.Field) (string, bool) {
	number := h.dice.Next()
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
		value := strconv.FormatUint(number%chance.Pow10(int(room)), 10)
		if f.Scale > 0 {
			value = string(orgtime.AppendPadded([]byte(value+"."), int(number>>32%chance.Pow10(f.Scale)), f.Scale))
		}
		return value, true
	case "base64":
		return h.inventBody(), true
	case "int":
		return strconv.FormatUint(number%1000, 10), true
	case "date":
		return "20" + strconv.FormatUint(10+number%80, 10) + "-02-28", true
	}
	return "", false
}
