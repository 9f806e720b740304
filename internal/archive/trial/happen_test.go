package trial

import (
	"slices"
	"time"
)

// What people do to a house while an archive is on its way. They know nothing of it.

// live are the Ids of an object's records that aren't deleted.
func (h *house) live(object string) []string {
	var ids []string
	for id, r := range h.Truth(object, "IsDeleted = false") {
		if r["isdeleted"] != "true" {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// binned are those that are in the recycle bin.
func (h *house) binned(object string) []string {
	var ids []string
	for id := range h.Truth(object, "IsDeleted = true") {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// happens does something by chance, and says what. deletes tells whether people may
// delete and undelete as well.
func (h *house) happens(deletes bool) string {
	people, dice := h.people, h.dice
	cases := h.live(root)
	if len(cases) == 0 {
		return "nothing: there are no Cases"
	}
	one := some(dice, cases, 1)[0]
	by := h.Org.By(people.name)
	what := dice.IntN(16)
	if !deletes && what > 11 {
		what -= 8
	}
	var err error
	said := ""
	switch what {
	case 0, 1:
		said, err = "edit", by.Update(one, map[string]any{"Subject": people.word()})
	case 2:
		said, err = "hold", by.Update(one, map[string]any{"Hold__c": true})
	case 3:
		said, err = "touch", by.Touch(one)
	case 4:
		said = "new child"
		people.create(visit, map[string]any{"Of__c": one, "Text__c": people.word()})
	case 5:
		said = "new restricted child"
		people.create(deal, map[string]any{"Of__c": one})
	case 6:
		said = "new file"
		people.file(one)
	case 7:
		if documents := h.live(document); len(documents) > 0 {
			said = "new version"
			people.revise(some(dice, documents, 1)[0])
		}
	case 8:
		if documents := h.live(document); len(documents) > 0 {
			said = "new link"
			_, err = by.Create(link, map[string]any{"ContentDocumentId": some(dice, documents, 1)[0],
				"LinkedEntityId": one, "ShareType": "V"})
		}
	case 9:
		if visits := h.live(visit); len(visits) > 0 {
			said, err = "edit of a child", by.Update(some(dice, visits, 1)[0], map[string]any{"Text__c": people.word()})
		}
	case 10:
		said, err = "lock", by.Lock(one)
	case 11:
		for _, id := range cases {
			err = by.Unlock(id)
		}
		said = "unlock"
	case 12, 13:
		object := some(dice, []string{root, visit, step, deal, task, document}, 1)[0]
		if ids := h.live(object); len(ids) > 0 {
			id := some(dice, ids, 1)[0]
			said, err = "delete of "+object, by.Delete(id)
		}
	case 14, 15:
		object := some(dice, []string{root, visit, deal}, 1)[0]
		if ids := h.binned(object); len(ids) > 0 {
			said, err = "undelete of "+object, by.Undelete(some(dice, ids, 1)[0])
		}
	}
	if err != nil {
		said += ", refused"
	}
	return said
}

// wait lets some time pass.
func (h *house) wait() { h.Later(time.Duration(h.dice.IntN(int(2 * time.Hour)))) }
