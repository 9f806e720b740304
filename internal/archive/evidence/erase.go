package evidence

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
)

// A Redactor takes records out of plans and their evidence: of their lines stays what says
// nothing of them, and the digest of the rest, so that every chain still holds.
type Redactor struct{ Store blob.Store }

// Redact takes some Ids out of all plans and their evidence. It may be repeated, and has to be
// until it returns nil: a sheet is written anew before the old one is deleted.
func (r Redactor) Redact(ctx context.Context, ids []string) error {
	gone := map[string]bool{}
	for _, id := range ids {
		gone[id] = true
	}
	plans, err := r.plans(ctx)
	if err != nil {
		return err
	}
	for _, plan := range plans {
		if err := manifest.Erase(ctx, r.Store, plan, gone); err != nil {
			return fmt.Errorf("erase from plan %s: %w", plan, err)
		}
		if err := r.evidence(ctx, plan, gone); err != nil {
			return spoiled(err)
		}
		if err := r.rest(ctx, plan, gone); err != nil {
			return fmt.Errorf("erase from what belongs to plan %s: %w", plan, err)
		}
	}
	return nil
}

// evidence takes Ids out of the evidence of one plan.
func (r Redactor) evidence(ctx context.Context, plan string, gone map[string]bool) error {
	var piles []pile
	for p, err := range sheets(ctx, r.Store, plan) {
		if err != nil {
			return err
		}
		piles = append(piles, p) // a store isn't changed while it is listed
	}
	for _, p := range piles {
		if err := r.pile(ctx, plan, p, gone); err != nil {
			return err
		}
	}
	return nil
}

// plans are all that have a folder.
func (r Redactor) plans(ctx context.Context) ([]string, error) {
	var all []string
	for info, err := range r.Store.List(ctx, "archive/") {
		if err != nil {
			return nil, err
		}
		words := strings.Split(info.Key, "/")
		if len(words) > 2 && (len(all) == 0 || all[len(all)-1] != words[1]) {
			all = append(all, words[1])
		}
	}
	return all, nil
}

// pile deletes what an earlier erasure left, and writes a sheet anew that has one of the Ids.
func (r Redactor) pile(ctx context.Context, plan string, p pile, gone map[string]bool) error {
	for _, old := range p.older {
		if err := r.Store.Delete(ctx, old.key); err != nil {
			return err
		}
	}
	found := false
	_, err := (&walk{plan: plan, sheet: p.sheet, free: true, each: func(f frame, _ said) error {
		found = found || f.of(gone)
		return nil
	}}).read(ctx, r.Store)
	if err != nil || !found {
		return err
	}
	next := p.sheet
	next.revision++
	next.key = keyOf(plan, next)
	err = manifest.Rewrite(ctx, r.Store, p.key, next.key, func(in io.Reader, out io.Writer) error {
		return redacted(in, out, gone)
	})
	if err != nil {
		return err
	}
	return r.Store.Delete(ctx, p.key)
}

// redacted copies the lines of a sheet, without some Ids.
func redacted(in io.Reader, out io.Writer, gone map[string]bool) error {
	lines := bufio.NewReader(in)
	for {
		text, err := line(lines)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		f, _, err := unframed(text)
		if err != nil {
			return err
		}
		if f.of(gone) {
			if text, err = json.Marshal(f.erase()); err != nil {
				return err
			}
		}
		if _, err := out.Write(append(text, '\n')); err != nil {
			return err
		}
	}
}

// of tells whether a line is about one of some records.
func (f frame) of(ids map[string]bool) bool {
	var what about
	return f.About != nil && json.Unmarshal(f.About, &what) == nil && (ids[what.ID] || ids[what.New])
}
