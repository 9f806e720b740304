package fakeorg

import (
	"encoding/json"
	"net/http"
)

// compositeBatch answers independent requests, each of which is a call.
func (a *compositeAPI) compositeBatch(w http.ResponseWriter, c *call) error {
	var asked struct {
		Halt     bool           `json:"haltOnError"`
		Requests []innerRequest `json:"batchRequests"`
	}
	if err := c.decode(&asked); err != nil {
		return err
	}
	if len(asked.Requests) > innermost {
		return refuse(http.StatusBadRequest, "LIMIT_EXCEEDED", "A batch holds %d subrequests at most", innermost)
	}
	type batchResult struct {
		Result json.RawMessage `json:"result"`
		Status int             `json:"statusCode"`
	}
	results, failed := []batchResult{}, false
	for _, in := range asked.Requests {
		if failed && asked.Halt {
			halted := refuse(http.StatusPreconditionFailed, "BATCH_PROCESSING_HALTED", "Batch processing halted per request")
			results = append(results, batchResult{asJSON([]*apiError{halted}), halted.Status})
			continue
		}
		in.Body = in.RichInput
		one := a.answerInner(c, in, inner{}, c.transaction())
		failed = failed || one.status >= http.StatusBadRequest
		results = append(results, batchResult{one.json(), one.status})
	}
	writeJSON(w, http.StatusOK, map[string]any{"hasErrors": failed, "results": results})
	return nil
}
