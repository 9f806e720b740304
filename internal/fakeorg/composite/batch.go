package composite

import (
	"encoding/json"
	"net/http"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/web"
)

// batch answers independent requests, each of which is a call.
func (a *Server) batch(w http.ResponseWriter, c *web.Call) error {
	var asked struct {
		Halt     bool           `json:"haltOnError"`
		Requests []innerRequest `json:"batchRequests"`
	}
	if err := c.Decode(&asked); err != nil {
		return err
	}
	if len(asked.Requests) > innermost {
		return reply.Bad("LIMIT_EXCEEDED", "A batch holds %d subrequests at most", innermost)
	}
	type batchResult struct {
		Result json.RawMessage `json:"result"`
		Status int             `json:"statusCode"`
	}
	results, failed := []batchResult{}, false
	for _, in := range asked.Requests {
		if failed && asked.Halt {
			halted := reply.Refuse(http.StatusPreconditionFailed, "BATCH_PROCESSING_HALTED",
				"Batch processing halted per request")
			results = append(results, batchResult{reply.Raw([]*reply.Refusal{halted}), halted.Status})
			continue
		}
		in.Body = in.RichInput
		one := a.answerInner(c, in, web.Inner{}, c.Transaction())
		failed = failed || one.status >= http.StatusBadRequest
		results = append(results, batchResult{one.json(), one.status})
	}
	reply.JSON(w, http.StatusOK, map[string]any{"hasErrors": failed, "results": results})
	return nil
}
