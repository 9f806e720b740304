// Package tidy finds the bodies in the stage that no file of the copy has, and removes them where
// it is told to. Nothing else in the program removes a body but erase, which is told by Id.
//
// A run that is under way has bodies in the stage before the register names them. So bodies are
// removed while the flows of all files are held, only those of a certain age, and only after the
// register was asked once more. Start at Tidier.Unnamed.
package tidy

import (
	"context"
	"errors"
	"time"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/files/holdings"
	"catchment/internal/lease"
)

// A Register is what a Tidier asks of one.
type Register interface {
	holdings.Register
	Named(ctx context.Context, digests []string) (map[string]bool, error)
}

// A Tidier finds what nobody names. Its fields are set once.
type Tidier struct {
	Register Register
	Stage    blob.Store
	Holder   lease.Holder
	Now      func() time.Time
	Age      time.Duration // younger bodies are left alone
}

// A Found is a body that no file has.
type Found struct {
	SHA256  string
	Size    int64
	Written time.Time
}

// Sums are how many were found.
type Sums struct {
	Bodies, Bytes int64
	Young         int64 // further ones that are too young
}

// Unnamed calls each with every body that no file has and that is old enough.
func (t *Tidier) Unnamed(ctx context.Context, each func(Found) error) (Sums, error) {
	return t.walk(ctx, func(_ context.Context, some []Found) error { return all(some, each) })
}

// Remove removes the same, and calls each with what is gone.
func (t *Tidier) Remove(ctx context.Context, each func(Found) error) (sums Sums, err error) {
	held, err := t.hold(ctx)
	defer func() { err = errors.Join(err, held.Close(ctx)) }()
	if err != nil {
		return Sums{}, err
	}
	return t.walk(ctx, func(ctx context.Context, some []Found) error {
		if err := held.renew(ctx); err != nil {
			return err
		}
		for _, f := range some {
			if err := t.Stage.Delete(ctx, body.Key(f.SHA256)); err != nil {
				return err
			}
		}
		return all(some, each)
	})
}

// atOnce is how many bodies the register is asked about in one go.
const atOnce = 500

// walk hands on what nobody names, some at a time.
func (t *Tidier) walk(ctx context.Context, do func(context.Context, []Found) error) (Sums, error) {
	var sums Sums
	var some []Found
	flush := func() error {
		sure, err := t.sure(ctx, some)
		some = nil
		if err != nil || len(sure) == 0 {
			return err
		}
		for _, f := range sure {
			sums.Bodies, sums.Bytes = sums.Bodies+1, sums.Bytes+f.Size
		}
		return do(ctx, sure)
	}
	youngest := t.Now().Add(-t.Age)
	err := holdings.Walk(ctx, t.Register, t.Stage, "", func(p holdings.Pair) error {
		switch {
		case p.Named:
			return nil
		case p.Stored.Written.After(youngest):
			sums.Young++
			return nil
		}
		some = append(some, Found{SHA256: p.SHA256, Size: p.Stored.Size, Written: p.Stored.Written})
		if len(some) < atOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return sums, err
	}
	return sums, flush()
}

// sure are those that the register doesn't name now.
func (t *Tidier) sure(ctx context.Context, some []Found) ([]Found, error) {
	if len(some) == 0 {
		return nil, nil
	}
	digests := make([]string, len(some))
	for i, f := range some {
		digests[i] = f.SHA256
	}
	named, err := t.Register.Named(ctx, digests)
	if err != nil {
		return nil, err
	}
	var sure []Found
	for _, f := range some {
		if !named[f.SHA256] {
			sure = append(sure, f)
		}
	}
	return sure, nil
}

func all(some []Found, each func(Found) error) error {
	for _, f := range some {
		if err := each(f); err != nil {
			return err
		}
	}
	return nil
}

// Leases are those of the flows of all files: nobody else reads or removes bodies meanwhile.
type leases []*lease.Lease

// hold takes them. One that another run has is an error; what was taken before is to be closed.
func (t *Tidier) hold(ctx context.Context) (leases, error) {
	var held leases
	for _, object := range body.Objects() {
		one, err := t.Holder.Hold(ctx, object)
		if err != nil {
			return held, err
		}
		held = append(held, one)
	}
	return held, nil
}

func (l leases) renew(ctx context.Context) error {
	for _, one := range l {
		if err := one.Renew(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Close gives them back.
func (l leases) Close(ctx context.Context) error {
	var errs []error
	for _, one := range l {
		errs = append(errs, one.Close(ctx))
	}
	return errors.Join(errs...)
}
