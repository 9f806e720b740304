// Package journal remembers of each batch of an archive what the ledger has no place for, and
// what is needed to go on after a crash: when it began, what lay in the recycle bin before
// it, and the job that deletes it. Its entries are blobs beside the plan, which never change.
//
// What became of a batch stands in the ledger and in the evidence. Start at Journal.
package journal

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// A Batch is what is remembered of one.
type Batch struct {
	Number  int64     `json:"batch"`
	Object  string    `json:"object"`
	Level   int       `json:"level"`
	Records int64     `json:"records"`
	Begun   time.Time `json:"begun"`            // by the org's clock
	Binned  []string  `json:"binned,omitempty"` // what hung on its records in the recycle bin before it
}

// A Job is the job that deletes a batch.
type Job struct {
	ID      string `json:"id"`
	Version string `json:"version"`
	First   int64  `json:"first"`
	Rows    int64  `json:"rows"`
}

// A Back is a record that has to come back out of the recycle bin: one of the batch, or one
// outside the plan that went along.
type Back struct {
	Object string `json:"object"`
	ID     string `json:"id"`
	Own    bool   `json:"own,omitempty"` // it is one of the batch
	Parent string `json:"parent,omitempty"`
	Reason string `json:"reason"` // words of ours
}

// A Journal is that of one plan.
type Journal struct {
	Store blob.Store
	Plan  string
}

func (j Journal) folder() string { return manifest.Folder(j.Plan) + "batches/" }

func (j Journal) key(number int64, what string) string {
	return fmt.Sprintf("%s%06d-%s.json", j.folder(), number, what)
}

// Begin remembers a batch, under a number that no other has.
func (j Journal) Begin(ctx context.Context, b Batch) error {
	return j.put(ctx, j.key(b.Number, "begun"), b)
}

// Batch reads what is remembered of a batch, and tells whether anything is.
func (j Journal) Batch(ctx context.Context, number int64) (b Batch, known bool, err error) {
	known, err = j.get(ctx, j.key(number, "begun"), &b)
	return b, known, err
}

// Began remembers the job of a batch. There is one at most.
func (j Journal) Began(ctx context.Context, number int64, job Job) error {
	return j.put(ctx, j.key(number, "job"), job)
}

// Job reads the job of a batch, and tells whether it has one.
func (j Journal) Job(ctx context.Context, number int64) (job Job, known bool, err error) {
	known, err = j.get(ctx, j.key(number, "job"), &job)
	return job, known, err
}

// BringBack remembers what of a batch has to come back, beside what was remembered before.
func (j Journal) BringBack(ctx context.Context, number int64, more []Back) error {
	if len(more) == 0 {
		return nil
	}
	for n := 1; ; n++ {
		err := j.put(ctx, j.key(number, fmt.Sprintf("back-%d", n)), more)
		if !errors.Is(err, blob.ErrExists) {
			return err
		}
	}
}

// Backs reads what of a batch has to come back.
func (j Journal) Backs(ctx context.Context, number int64) (all []Back, err error) {
	for n := 1; ; n++ {
		var some []Back
		known, err := j.get(ctx, j.key(number, fmt.Sprintf("back-%d", n)), &some)
		if err != nil || !known {
			return all, err
		}
		all = append(all, some...)
	}
}

// Each hands on all batches, in their order.
func (j Journal) Each(ctx context.Context, each func(Batch) error) error {
	for info, err := range j.Store.List(ctx, j.folder()) {
		if err != nil {
			return err
		}
		if !strings.HasSuffix(info.Key, "-begun.json") {
			continue
		}
		var b Batch
		if _, err := j.get(ctx, info.Key, &b); err != nil {
			return err
		}
		if err := each(b); err != nil {
			return err
		}
	}
	return nil
}

func (j Journal) put(ctx context.Context, key string, what any) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	if _, err = j.Store.Put(ctx, key, bytes.NewReader(append(text, '\n'))); err != nil {
		return fmt.Errorf("remember %s: %w", key, err)
	}
	return nil
}

// entryAtMost is more than any entry has.
const entryAtMost = 64 << 20

func (j Journal) get(ctx context.Context, key string, into any) (known bool, err error) {
	in, err := j.Store.Open(ctx, key)
	if errors.Is(err, blob.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer func() { _ = in.Close() }() // what was read is decoded
	d := json.NewDecoder(io.LimitReader(in, entryAtMost))
	if d.Decode(into) != nil || d.More() {
		return false, plan.Fixf("put it back from a copy of the blob store: without it nothing more can be deleted",
			"%s isn't as it was written", key)
	}
	return true, nil
}
