package project

import (
	"context"
	"encoding/json"
	"fmt"

	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/verify"
)

// certifier compares flows as catchment verify does, and gives its certificate.
func certifier(p *Project, h lease.Holder) func(context.Context, []flow.Flow) ([]byte, error) {
	v := p.Verifier(verify.Options{Run: h.Run, Holder: h.Name, Alone: h.Alone, Reserve: p.File.Org.Reserve,
		Sets: true, Stop: p.Stop})
	return func(ctx context.Context, flows []flow.Flow) ([]byte, error) {
		org, err := p.Org.Org(ctx)
		if err != nil {
			return nil, err
		}
		var results []verify.Result
		for _, fl := range flows {
			select {
			case <-p.Stop:
				return nil, plan.ErrStopped
			default:
			}
			res, err := v.Flow(ctx, fl)
			if err != nil {
				return nil, fmt.Errorf("verify %s: %w", fl.Object, err)
			}
			results = append(results, res)
		}
		return json.MarshalIndent(verify.Certify(results, org, p.Version, p.Now()), "", "  ")
	}
}
