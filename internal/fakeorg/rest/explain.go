package rest

import (
	"net/http"

	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// explain says how a statement would be answered: by an index where it asks
// for Ids or stamps, else by looking at every record.
func (a *Queries) explain(w http.ResponseWriter, c *web.Call, text string) error {
	q, err := a.asker.In(c.VersionNumber()).Ask(text, false)
	if err != nil {
		return err
	}
	snap := a.store.Now()
	r, err := query.Answer(c.Context(), snap, q, query.At(a.clock.Now()))
	if err != nil {
		return err
	}
	size := snap.Size(q.Object)
	plan := map[string]any{
		"cardinality": r.Total, "fields": []string{}, "leadingOperationType": "TableScan", "notes": []any{},
		"relativeCost": 1.0, "sobjectCardinality": size, "sobjectType": q.Object.Name(),
	}
	for _, field := range [...]string{"SystemModstamp", "Id"} {
		if lo, hi := q.Bound.Range(field); lo != "" || hi != "" {
			plan["leadingOperationType"], plan["fields"] = "Index", []string{field}
			plan["relativeCost"] = float64(r.Total) / float64(max(1, size))
		}
	}
	reply.JSON(w, http.StatusOK, map[string]any{"plans": []any{plan}, "sourceQuery": text})
	return nil
}
