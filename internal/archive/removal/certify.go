package removal

import (
	"context"
	"errors"
	"strings"

	"catchment/internal/archive/evidence"
	"catchment/internal/flow"
	"catchment/internal/plan"
)

// certify has the flows of a plan compared as a whole once its records are gone, and keeps
// what came out beside the evidence. What can't be compared leaves a plan without a
// certificate, not without an end: what became of its records is proven by then.
func certify(ctx context.Context, r *run) (digest string, err error) {
	if r.Certify == nil {
		return "", nil
	}
	var flows []flow.Flow
	for _, object := range r.paper.going(-1) {
		if fl, ok := r.flows[strings.ToLower(object)]; ok {
			flows = append(flows, fl)
		}
	}
	text, err := r.Certify(ctx, flows)
	if err == nil {
		return evidence.Certify(ctx, r.Store, r.paper.name, text)
	}
	class := plan.ClassOf(err)
	if context.Cause(ctx) != nil || errors.Is(err, plan.ErrStopped) || class == plan.Retry || class == plan.Wait {
		return "", err
	}
	r.tell(News{Text: "the evidence goes without verify's certificate: " + err.Error()})
	return "", nil
}
