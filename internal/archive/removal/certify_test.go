package removal_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"catchment/internal/archive/evidence"
	"catchment/internal/archive/manifest"
	"catchment/internal/archive/removal"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/verify"
)

// At its end a plan has verify's certificate of its flows beside the evidence, which names its
// digest. A comparison that has to wait is done by the next run, and one that can't be done
// leaves the plan with its end.
func TestTheEndHasACertificate(t *testing.T) {
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.family("two")
	h.ready([]string{"one"}, nil)

	waits := plan.Failf(plan.Wait, "", "the day's calls are used up")
	_, err := h.run(nil, func(r *removal.Remover) {
		r.Certify = func(context.Context, []flow.Flow) ([]byte, error) { return nil, waits }
	})
	if !errors.Is(err, waits) {
		t.Fatalf("it doesn't wait: %v", err)
	}
	status, err := h.run(nil, func(r *removal.Remover) {
		v := r.Prover.(*verify.Verifier)
		r.Certify = func(ctx context.Context, flows []flow.Flow) ([]byte, error) {
			var results []verify.Result
			for _, fl := range flows {
				res, err := v.Flow(ctx, fl)
				if err != nil {
					return nil, err
				}
				results = append(results, res)
			}
			return json.Marshal(verify.Certify(results, "org", "test", time.Now()))
		}
	})
	if err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	h.sound()
	p := h.Start(nil)
	defer p.Close()
	got, err := evidence.Check(p.Ctx, p.Stage, h.plan)
	if err != nil || got.End.Certificate == "" {
		t.Errorf("%+v, %v", got.End, err)
	}
	in, err := p.Stage.Open(p.Ctx, manifest.Folder(h.plan)+"certificate.json")
	h.Must(err)
	var c verify.Certificate
	h.Must(errors.Join(json.NewDecoder(in).Decode(&c), in.Close()))
	if !c.Agrees || len(c.Objects) == 0 {
		t.Errorf("org and warehouse differ after an archive: %+v", c)
	}
}

func TestAnEndWithoutACertificate(t *testing.T) {
	h := newHouse(t, "duckdb", nil)
	h.family("one")
	h.ready([]string{"one"}, nil)
	told := ""
	status, err := h.run(nil, func(r *removal.Remover) {
		r.Certify = func(context.Context, []flow.Flow) ([]byte, error) {
			return nil, plan.Fixf("", "the flow can't be compared")
		}
		r.Tell = func(n removal.News) { told += n.Text }
	})
	if err != nil || !status.Finished || told == "" {
		t.Fatalf("%+v, %q, %v", status, told, err)
	}
	h.sound()
}
