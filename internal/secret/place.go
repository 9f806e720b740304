package secret

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"catchment/internal/plan"
)

// A Place is where one secret is kept whose issuer may replace it, as
// Salesforce does with a refresh token that works once.
type Place struct {
	resolver Resolver
	ref      string
}

// Place gives the place that ref points to.
func (r Resolver) Place(ref string) Place { return Place{r, ref} }

// Renew hands the secret to use, and keeps what use gives in its place; "" or
// the same secret changes nothing. A file is replaced as a whole, and readable
// to its owner only. A place that can't be rewritten is an error before use,
// since that may end the old secret.
//
// Of all processes one at a time renews the secrets of a folder: with an issuer
// that replaces them, a second use of the same secret would end both.
func (p Place) Renew(ctx context.Context, use func(secret string) (next string, err error)) error {
	if _, err := p.resolver.Resolve(p.ref); err != nil {
		return err
	}
	b, path, _ := BackendOf(p.ref)
	if !b.File {
		files := FormsOf(func(b Backend) bool { return b.File })
		return plan.Fixf("put the secret into a file, and give "+files+" instead of "+p.ref,
			"secret %s: its issuer may replace it, and a variable can't be rewritten", p.ref)
	}
	path, err := filepath.EvalSymlinks(path) // what a link points to is replaced, not the link
	if err != nil {
		return fmt.Errorf("secret %s: %w", p.ref, err)
	}
	unlock, err := lock(ctx, filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("secret %s: %w", p.ref, err)
	}
	defer unlock()
	v, err := p.resolver.Resolve(p.ref) // whoever had the lock may have replaced it
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return plan.Fixf("put the secret into a folder that this user may write: its issuer may replace it",
			"secret %s can't be rewritten: %w", p.ref, err)
	}
	next, err := use(v.Reveal())
	if err != nil || next == "" || next == v.Reveal() {
		return errors.Join(err, discard(temp))
	}
	if err := replace(path, temp, next); err != nil {
		return plan.Fixf("get a new secret from its issuer, and put it into "+path,
			"secret %s: its issuer replaced it, and the new one could not be kept: "+
				"neither is good for another login: %w",
			p.ref, errors.Join(err, discard(temp)))
	}
	return nil
}

func discard(temp *os.File) error {
	return errors.Join(temp.Close(), os.Remove(temp.Name()))
}

// replace puts the secret into temp, on disk, and temp into the place of path.
func replace(path string, temp *os.File, secret string) error {
	if _, err := temp.WriteString(secret + "\n"); err != nil {
		return err
	}
	if err := temp.Sync(); err != nil {
		return err
	}
	if err := os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return errors.Join(temp.Close(), settle(filepath.Dir(path)))
}

// settle makes a rename in dir last.
func settle(dir string) error {
	d, err := os.Open(dir) // #nosec G304 -- the user named it
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// lockAgain is how long to wait before the next look at a lock that somebody
// has: a login takes about a second.
const lockAgain = 50 * time.Millisecond

// lock waits for the folder's lock. The folder has it because the file itself
// is replaced: a lock on that would be one on a file that is gone.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	d, err := os.Open(dir) // #nosec G304 -- the user named it
	if err != nil {
		return nil, plan.Fixf("correct the path; relative ones begin at the config file", "%w", err)
	}
	for {
		err := syscall.Flock(int(d.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = d.Close() }, nil // which gives the lock back
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			_ = d.Close()
			return nil, plan.Fixf("keep the secret on a local disk", "lock %s: %w", dir, err)
		}
		select {
		case <-ctx.Done():
			_ = d.Close()
			return nil, context.Cause(ctx)
		case <-time.After(lockAgain):
		}
	}
}
