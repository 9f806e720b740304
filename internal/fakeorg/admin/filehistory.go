package admin

import (
	"strconv"

	"catchment/internal/fakeorg/bodies"
	"catchment/internal/fakeorg/store"
)

// What a historian does otherwise with files: their bodies are made up, a version goes
// with its document alone, and a link is there once.

// longestInvented is how long an invented body is at most.
const longestInvented = 20_000

// inventBody makes up a body that hasn't been there.
func (h *historian) inventBody() string {
	return bodies.Made(h.dice.Next(), int64(1+h.dice.Below(longestInvented)))
}

// bornFile gives the values of a new record bodies of their own. A version is another
// one of the document that it was copied from, or the first one of a new document; a
// link leads to the record of another link.
func (h *historian) bornFile(obj *store.Object, values map[int]string) {
	for _, f := range obj.About.Fields {
		if at := obj.Place(f.Name); f.Type == "base64" && values[at] != "" {
			values[at] = h.inventBody()
		}
	}
	switch obj.Name() {
	case "ContentVersion":
		values[obj.Slot("Title")] = "File " + strconv.Itoa(h.dice.Below(1_000_000))
		if h.dice.Below(2) == 0 {
			delete(values, obj.Slot("ContentDocumentId"))
		}
	case "ContentDocumentLink":
		if other, ok := h.live(obj); ok {
			entity := obj.Slot("LinkedEntityId")
			values[entity] = other.Text(entity)
		}
	}
}

// doomed is what is deleted where a record is to go: a version's document.
func doomed(obj *store.Object, at *store.Row) string {
	if document := obj.Slot("ContentDocumentId"); document >= 0 && !obj.About.Deletable {
		return at.Text(document)
	}
	return at.Text(obj.Sys.ID)
}
