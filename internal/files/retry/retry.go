// Package retry has the next run try again, at once, what is kept aside: files whose bodies
// couldn't be read are left alone for longer each time, and whoever has mended the reason doesn't
// want to wait for that. Nothing is read here. Start at Retrier.Retry.
package retry

import (
	"context"
	"errors"
	"slices"
	"time"

	"catchment/internal/body"
	"catchment/internal/lease"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
)

// A Retrier changes the register. Its fields are set once.
type Retrier struct {
	Register bodies.Register
	Holder   lease.Holder
	Now      func() time.Time
}

// atOnce is how many lines of the register are looked at in one go.
const atOnce = 1000

// Retry has the next run try these files again, or all that are kept aside where none is named, and
// tells how many they are. It holds the flow of each kind of file that it changes something of.
func (r *Retrier) Retry(ctx context.Context, ids []string) (n int64, err error) {
	for _, object := range body.Objects() {
		more, err := r.object(ctx, object, ids)
		n += more
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

// object has the files of an object tried again.
func (r *Retrier) object(ctx context.Context, object string, ids []string) (n int64, err error) {
	var held *lease.Lease
	defer func() {
		if held != nil {
			err = errors.Join(err, held.Close(ctx))
		}
	}()
	for after := ""; ; {
		lines, err := r.Register.Lines(ctx, object, after, atOnce)
		if err != nil || len(lines) == 0 {
			return n, err
		}
		after = lines[len(lines)-1].ID
		lines = slices.DeleteFunc(lines, func(l bodies.Line) bool {
			return l.State != bodies.Aside || len(ids) > 0 && !slices.Contains(ids, l.ID)
		})
		if len(lines) == 0 {
			continue
		}
		for i := range lines {
			lines[i].Again = r.Now()
		}
		if held == nil {
			if held, err = r.hold(ctx, object); err != nil {
				return n, err
			}
		}
		if err := r.Register.Write(ctx, held.Fence(), object, lines); err != nil {
			return n, err
		}
		n += int64(len(lines))
	}
}

// hold takes the lease of a flow, and puts its fence into the warehouse.
func (r *Retrier) hold(ctx context.Context, object string) (*lease.Lease, error) {
	held, err := r.Holder.Hold(ctx, object)
	if err != nil {
		return nil, err
	}
	var mark warehouse.Mark
	if mark, _, err = held.Mark(ctx); err == nil {
		_, _, err = held.Claim(ctx, mark.Table, mark.Org)
	}
	if err != nil {
		return nil, errors.Join(err, held.Close(ctx))
	}
	return held, nil
}
