package planning

import (
	"context"
	"errors"
	"fmt"
	"io"

	"catchment/internal/archive/forecast"
	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
	"catchment/internal/plan"
)

// summary is what the plan says, without its records and its name.
func (m *making) summary() *Summary {
	objects := m.result.objects()
	for i, o := range objects {
		if src := m.sources[o.Object]; src != nil {
			objects[i].Fields = src.Names()
		}
	}
	sum := &Summary{
		Head: m.head(), Objects: objects, Losses: m.losses, End: m.result.end(objects, m.bin, m.policy.Cap.PerDay),
		More: m.roots.more, BinRoom: m.binRoom, Price: m.Price,
	}
	if m.Price != nil {
		sum.Money = forecast.Money(sum.End.Bytes, sum.End.Files, *m.Price)
	}
	return sum
}

// head is the first line of the plan.
func (m *making) head() manifest.Head {
	p := m.policy
	h := manifest.Head{
		Type: manifest.TypeHead, Format: manifest.Format, Catchment: m.Catchment, Org: m.org, Author: m.Author,
		MadeAt: m.made, ExpiresAt: m.made.Add(p.Cool + p.Expires),
		Policy: manifest.Policy{Name: p.Name, Root: p.Root, Where: p.Where, PerDay: p.Cap.PerDay, Cool: days(p.Cool),
			Approve: p.Approve, Lose: p.Lose},
	}
	for _, one := range p.Hold {
		if one.File != "" {
			h.Policy.Hold = append(h.Policy.Hold, "file:"+one.File)
		} else {
			h.Policy.Hold = append(h.Policy.Hold, one.Where)
		}
	}
	for _, s := range p.Signers {
		h.Policy.Signers = append(h.Policy.Signers, s.Identity())
	}
	return h
}

// store writes the plan into the blob store, under a name that its digest gives: it is written twice, since
// only what is written tells the digest.
func (m *making) store(ctx context.Context, sum *Summary) error {
	digest, err := m.write(io.Discard, sum)
	if err != nil {
		return err
	}
	sum.Name, sum.Digest = manifest.Name(sum.Head, digest), digest
	r, w := io.Pipe()
	done := make(chan error, 1)
	go func() {
		again, err := m.write(w, sum)
		if err == nil && again != digest {
			err = plan.Failf(plan.Bug, "", "a plan was written twice, and differs")
		}
		done <- err
		_ = w.CloseWithError(err)
	}()
	_, err = m.Store.Put(ctx, manifest.Key(sum.Name), r)
	_ = r.CloseWithError(io.ErrClosedPipe)
	written := <-done
	switch {
	case errors.Is(err, blob.ErrExists): // the same plan, to the letter
		return nil
	case err != nil:
		return fmt.Errorf("store the plan: %w", err)
	}
	return written
}

// write writes the plan, and gives its digest.
func (m *making) write(to io.Writer, sum *Summary) (string, error) {
	w := manifest.NewWriter(to)
	put := func(line any, err error) error {
		if err != nil {
			return err
		}
		return w.Put(line)
	}
	err := put(sum.Head, nil)
	for _, o := range sum.Objects {
		err = put(o, err)
	}
	for _, l := range sum.Losses {
		err = put(l, err)
	}
	by := m.result.parents()
	for _, n := range m.result.order() {
		err = put(m.result.record(n, by), err)
	}
	for _, c := range m.result.clears() {
		err = put(c, err)
	}
	if err = put(sum.End, err); err != nil {
		return "", err
	}
	return w.Close()
}
