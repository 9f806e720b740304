package restored

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A sending is a batch of a plan in which records of an object are deleted.
type sending struct {
	Plan  string `json:"plan"`
	Batch int64  `json:"batch"`
}

// folder is where the sendings of an object lie: a small blob for each, numbered from 1.
func folder(object string) string { return "archive/sent/" + strings.ToLower(object) + "/" }

// Sent remembers that records of an object are about to be deleted by a batch, beside the
// warehouse. It is called once the ledger has them, and before anything is sent; the flow of the
// object is held, so that nobody else remembers anything of it meanwhile. It may be repeated.
func (w Watch) Sent(ctx context.Context, object, plan string, batch int64) error {
	now := sending{plan, batch}
	keys, err := w.keys(ctx, object)
	if err != nil {
		return err
	}
	if n := len(keys); n > 0 {
		if last, err := w.read(ctx, keys[n-1]); err != nil || last == now {
			return err
		}
	}
	text, err := json.Marshal(now)
	if err != nil {
		return err
	}
	key := fmt.Sprintf("%s%06d.json", folder(object), len(keys)+1)
	if _, err = w.Store.Put(ctx, key, bytes.NewReader(append(text, '\n'))); err != nil {
		if last, err := w.read(ctx, key); err == nil && last == now { // its answer was lost
			return nil
		}
		return fmt.Errorf("remember %s: %w", key, err)
	}
	return nil
}

// keys are those of the sendings of an object, in their order.
func (w Watch) keys(ctx context.Context, object string) (keys []string, err error) {
	for info, err := range w.Store.List(ctx, folder(object)) {
		if err != nil {
			return nil, fmt.Errorf("list what archives have sent of %s: %w", object, err)
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// sendingAtMost is more than a sending takes.
const sendingAtMost = 4 << 10

func (w Watch) read(ctx context.Context, key string) (s sending, err error) {
	text, err := blob.ReadAll(ctx, w.Store, key, sendingAtMost)
	if err != nil {
		return s, fmt.Errorf("read %s: %w", key, err)
	}
	if json.Unmarshal(text, &s) != nil || s.Plan == "" || s.Batch < 1 {
		return s, plan.Fixf("put it back from a copy of the blob store: it tells whether the warehouse knows all that "+
			"was archived", "%s isn't as it was written", key)
	}
	return s, nil
}
