package fakeorg

import "net/http"

// explain says how a statement would be answered: by an index where it asks
// for Ids or stamps, else by looking at every record.
func (a *queryAPI) explain(w http.ResponseWriter, c *call, text string) error {
	q, err := a.asker.ask(text, false)
	if err != nil {
		return err
	}
	snap := a.store.now()
	r, err := answer(c.Context(), snap, q, soqlAt(a.clock.Now()))
	if err != nil {
		return err
	}
	size := snap.size(q.obj)
	plan := map[string]any{
		"cardinality": r.total, "fields": []string{}, "leadingOperationType": "TableScan", "notes": []any{},
		"relativeCost": 1.0, "sobjectCardinality": size, "sobjectType": q.obj.name(),
	}
	for _, field := range [...]string{"SystemModstamp", "Id"} {
		if lo, hi := q.bound.Range(field); lo != "" || hi != "" {
			plan["leadingOperationType"], plan["fields"] = "Index", []string{field}
			plan["relativeCost"] = float64(r.total) / float64(max(1, size))
		}
	}
	writeJSON(w, http.StatusOK, map[string]any{"plans": []any{plan}, "sourceQuery": text})
	return nil
}
