package rest

import (
	"encoding/json"
	"net/http"
	"slices"

	"catchment/internal/fakeorg/change"
	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// A treeRecord is a record that is to be created, with its children.
type treeRecord struct {
	reference string
	lookup    string // to the parent, where there is one
	collected
	children []treeRecord
}

// A treeResult is what became of a record of a tree.
type treeResult struct {
	Reference string    `json:"referenceId"`
	ID        string    `json:"id,omitempty"`
	Errors    []saveErr `json:"errors,omitempty"`
}

// createTree creates records and their children, all or none.
func (a *Collections) createTree(w http.ResponseWriter, c *web.Call) error {
	var asked struct{ Records []json.RawMessage }
	if err := c.Decode(&asked); err != nil {
		return err
	}
	roots, err := a.treeRecords(asked.Records, "")
	if err != nil {
		return err
	}
	if n := countTree(roots); n > mostWritten {
		return tooMany(n)
	}
	var results []treeResult
	failed := a.ledger.Within(c.Transaction(), c.Origin(), func(e *change.Edit) error {
		results = nil
		return plant(e, roots, "", &results)
	})
	status := http.StatusCreated
	if failed != nil {
		status, results = http.StatusBadRequest, results[len(results)-1:]
	}
	reply.JSON(w, status, map[string]any{"hasErrors": failed != nil, "results": results})
	return nil
}

// plant creates records below a parent, and their children below them. The
// last result tells of the record that failed.
func plant(e *change.Edit, records []treeRecord, parent string, results *[]treeResult) error {
	for _, r := range records {
		if r.lookup != "" {
			r.given[r.lookup] = reply.Raw(parent)
		}
		id, err := "", r.err
		if err == nil {
			id, err = e.Create(r.obj, r.given)
		}
		if err != nil {
			*results = append(*results, treeResult{Reference: r.reference, Errors: unsaved(err).Errors})
			return err
		}
		*results = append(*results, treeResult{Reference: r.reference, ID: id})
		if err := plant(e, r.children, id, results); err != nil {
			return err
		}
	}
	return nil
}

func countTree(records []treeRecord) int {
	n := len(records)
	for _, r := range records {
		n += countTree(r.children)
	}
	return n
}

// treeRecords reads records and the children within them.
func (a *Collections) treeRecords(all []json.RawMessage, lookup string) ([]treeRecord, error) {
	var records []treeRecord
	for _, raw := range all {
		var given map[string]json.RawMessage
		var head struct{ Attributes struct{ ReferenceID string } }
		if json.Unmarshal(raw, &given) != nil || json.Unmarshal(raw, &head) != nil {
			return nil, reply.Bad("JSON_PARSER_ERROR", "a record of the tree is no object")
		}
		r := treeRecord{reference: head.Attributes.ReferenceID, lookup: lookup, collected: a.collect(given)}
		if r.err == nil {
			var err error
			if r.children, err = a.treeChildren(r); err != nil {
				return nil, err
			}
		}
		records = append(records, r)
	}
	return records, nil
}

// treeChildren takes the children out of a record.
func (a *Collections) treeChildren(r treeRecord) ([]treeRecord, error) {
	var all []treeRecord
	nameless := func(rel describe.Child) bool { return rel.RelationshipName == nil }
	named := slices.DeleteFunc(a.store.Catalog().Children(r.obj), nameless)
	for _, rel := range named {
		raw, ok := r.given[*rel.RelationshipName]
		if !ok {
			continue
		}
		delete(r.given, *rel.RelationshipName)
		var nested struct{ Records []json.RawMessage }
		if err := json.Unmarshal(raw, &nested); err != nil {
			return nil, reply.Bad("JSON_PARSER_ERROR", "%s: %v", *rel.RelationshipName, err)
		}
		children, err := a.treeRecords(nested.Records, rel.Field)
		if err != nil {
			return nil, err
		}
		all = append(all, children...)
	}
	return all, nil
}
