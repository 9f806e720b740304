package control

import (
	"context"
	"errors"
	"time"

	"catchment/internal/control/files"
	"catchment/internal/control/recall"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/upkeep"
)

// A FlowRow is what is remembered of a flow between runs.
type FlowRow struct {
	Object string `json:"object"`
	Paused bool   `json:"paused,omitzero"`
	recall.Memory
	Watermark   time.Time  `json:"watermark,omitzero"`
	Grade       string     `json:"grade,omitzero"` // of the watermark: proven, lagged or unproven
	Rows        int64      `json:"rows"`
	LastRun     string     `json:"last_run,omitzero"`
	LastError   string     `json:"last_error,omitzero"` // since then it was not consolidated
	LastHint    string     `json:"last_hint,omitzero"`
	LastClass   plan.Class `json:"last_class,omitzero"`
	LastFailed  time.Time  `json:"last_failed,omitzero"`  // when; an older version wrote down the error alone
	DescribedAt time.Time  `json:"described_at,omitzero"` // of the last describe in full
	PinnedSince time.Time  `json:"pinned_since,omitzero"` // a transaction, open since then, holds the watermark back
	Held        int64      `json:"held,omitzero"`         // records that the org had, the recycle bin apart
	HeldAt      time.Time  `json:"held_at,omitzero"`      // when it said so, by its clock
	AskedAt     time.Time  `json:"asked_at,omitzero"`     // and when it was last asked
	// Answer is how many of its records an answer of REST held last that had room for no
	// more; 0 where it was as many as fit at best, or nobody has seen one.
	Answer    int64        `json:"answer,omitzero"`
	Files     *files.Known `json:"files,omitempty"` // nil where it copies no bodies
	BodyCalls files.Calls  `json:"body_calls,omitzero"`
	// Tables are what its tables are made of, where these are files.
	Tables []upkeep.Table `json:"tables,omitempty"`
	// Took is how long the last Bulk job of each kind of reading took, by our clock.
	Took    map[string]time.Duration `json:"took,omitempty"`
	Version int64                    `json:"-"` // 0: not stored
}

// Fail notes how the flow's part in a run failed.
func (f *FlowRow) Fail(o RunObject, at time.Time) {
	f.LastError, f.LastHint, f.LastClass, f.LastFailed = o.Error, o.Hint, o.Class, at
}

// Succeed forgets how it failed before.
func (f *FlowRow) Succeed() { f.Fail(RunObject{}, time.Time{}) }

// Flow reads the row of a flow; one that was never saved has only its name.
func (c *Control) Flow(ctx context.Context, object string) (FlowRow, error) {
	f, version, err := read[FlowRow](ctx, c.table, kindFlow, object)
	if errors.Is(err, versioned.ErrNotFound) {
		return FlowRow{Object: object}, nil
	}
	f.Version = version
	return f, err
}

// SaveFlow writes a row that nobody has changed since it was read, else
// versioned.ErrConflict, and returns it with its new version.
func (c *Control) SaveFlow(ctx context.Context, f FlowRow) (FlowRow, error) {
	version, err := write(ctx, c.table, rowOf(kindFlow, f.Object, f.Version), f)
	if err != nil {
		return f, err
	}
	f.Version = version
	return f, nil
}

// UpdateFlow changes the row of a flow, again from the stored one where
// somebody else was faster: a pause may come at any moment of a run.
func (c *Control) UpdateFlow(ctx context.Context, object string, change func(*FlowRow)) (FlowRow, error) {
	var f FlowRow
	err := versioned.Anew(func() (err error) {
		if f, err = c.Flow(ctx, object); err != nil {
			return err
		}
		change(&f)
		f, err = c.SaveFlow(ctx, f)
		return err
	})
	return f, err
}

// Flows lists all flows that were ever saved, in order of their names.
func (c *Control) Flows(ctx context.Context) ([]FlowRow, error) {
	return list(c.table.List(ctx, kindFlow, ""), func(f *FlowRow, v int64) { f.Version = v })
}
