package rig

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"sync"
	"syscall"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/sql"
)

// ErrKilled is what everything fails with in a process that has died.
var ErrKilled = errors.New("the process was killed")

// A Fate counts the moments at which a process touches the world: before and
// after each request, transaction, blob and control row that it writes. At the
// given moment it dies: this and everything after it fails, and nothing is
// written any more. At others it only meets a failure, and goes on.
type Fate struct {
	At       int             // the moment at which it dies; 0: never
	Hiccups  map[int]bool    // the moments at which it meets a failure
	Hiccuped func(of string) // hears of those

	mu      sync.Mutex
	Moments int      // so far
	Kinds   []string // of the moments so far
	dead    bool
	end     context.CancelCauseFunc
}

// moment is one in a part of the world: wire, warehouse, blob or control; of a lake, commit or file.
func (f *Fate) moment(of string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.Moments++
	f.Kinds = append(f.Kinds, of)
	if f.At > 0 && f.Moments >= f.At && !f.dead {
		f.dead = true
		f.end(ErrKilled)
	}
	if f.dead {
		return ErrKilled
	}
	if f.Hiccups[f.Moments] {
		f.Hiccuped(of)
		return hiccup(of)
	}
	return nil
}

// Alive is nil as long as the process lives.
func (f *Fate) Alive() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return ErrKilled
	}
	return nil
}

// Touch does something to a part of the world between two moments.
func (f *Fate) Touch(of string, do func() error) error {
	_, err := touch(f, of, func() (struct{}, error) { return struct{}{}, do() })
	return err
}

// touch does something to the world between two moments.
func touch[T any](f *Fate, of string, do func() (T, error)) (T, error) {
	var none T
	if err := f.moment(of); err != nil {
		return none, err
	}
	v, err := do()
	if err != nil {
		return v, err
	}
	if err := f.moment(of); err != nil {
		return none, err // done, but nobody heard of it
	}
	return v, nil
}

type fatedWire struct {
	next *http.Transport
	fate *Fate
}

func (w fatedWire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := touch(w.fate, "wire", func() (*http.Response, error) { return w.next.RoundTrip(r) })
	if resp == nil && err == nil {
		err = ErrKilled
	}
	return resp, err
}

// Wire is an HTTP transport that ends with the process.
func (f *Fate) Wire(next *http.Transport) http.RoundTripper { return fatedWire{next, f} }

// Immortal is the driver without the fate of its process, for what goes on beside it.
func Immortal(d sql.Driver) sql.Driver {
	if f, ok := d.(fatedDriver); ok {
		return f.Driver
	}
	return d
}

type fatedDriver struct {
	sql.Driver
	fate *Fate
}

func (d fatedDriver) Tx(ctx context.Context, do func(sql.Tx) error) error {
	return d.touch(func() error { return d.Driver.Tx(ctx, d.within(do)) })
}

func (d fatedDriver) touch(do func() error) error {
	return d.fate.Touch("warehouse", do)
}

// within lets the process also die, or meet a failure, at any statement of a
// transaction where not all that it does to the warehouse is one.
func (d fatedDriver) within(do func(sql.Tx) error) func(sql.Tx) error {
	if d.Dialect().TransactionalDDL {
		return do
	}
	return func(tx sql.Tx) error { return do(fatedTx{tx, d.fate}) }
}

type fatedTx struct {
	sql.Tx
	fate *Fate
}

func (t fatedTx) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if err := t.fate.moment("warehouse"); err != nil {
		return 0, err
	}
	return t.Tx.Exec(ctx, sql, args...)
}

func (t fatedTx) Load(ctx context.Context, c sql.Copy) ([]int64, error) {
	if err := t.fate.moment("warehouse"); err != nil {
		return nil, err
	}
	return t.Tx.Load(ctx, c)
}

func (d fatedDriver) View(ctx context.Context, do func(sql.Tx) error) error {
	if err := d.fate.Alive(); err != nil {
		return err
	}
	return d.Driver.View(ctx, do)
}

// Prepared lets the process die between any two statements of DDL: each has
// committed by itself.
func (d fatedDriver) Prepared(ctx context.Context, ddl []string, do func(sql.Tx) error) error {
	on := d.Driver.(sql.Preparer)
	if do != nil { // what ddl makes is gone with the session
		return d.touch(func() error { return on.Prepared(ctx, ddl, d.within(do)) })
	}
	for _, one := range ddl {
		if err := d.touch(func() error { return on.Prepared(ctx, []string{one}, nil) }); err != nil {
			return err
		}
	}
	return nil
}

// Bring lets it die before and after each page.
func (d fatedDriver) Bring(ctx context.Context, c sql.Copy) error {
	return d.eachPage(c, func(one sql.Copy) error { return d.Driver.(sql.Bringer).Bring(ctx, one) })
}

// Forget does too.
func (d fatedDriver) Forget(ctx context.Context, c sql.Copy) error {
	return d.eachPage(c, func(one sql.Copy) error { return d.Driver.(sql.Bringer).Forget(ctx, one) })
}

func (d fatedDriver) eachPage(c sql.Copy, do func(sql.Copy) error) error {
	for _, p := range c.Pages {
		one := c
		one.Pages = []warehouse.Page{p}
		if err := d.touch(func() error { return do(one) }); err != nil {
			return err
		}
	}
	return nil
}

// fated lets a process die that works with a warehouse.
func fated(d sql.Driver, f *Fate) sql.Driver {
	if on, ok := d.(sql.Background); ok {
		return fatedDetacher{fatedDriver{d, f}, on}
	}
	return fatedDriver{d, f}
}

// A fatedDetacher is a fatedDriver whose warehouse goes on with statements.
type fatedDetacher struct {
	fatedDriver
	on sql.Background
}

func (d fatedDetacher) Detach(ctx context.Context, token, sql string) (string, error) {
	return touch(d.fate, "warehouse", func() (string, error) { return d.on.Detach(ctx, token, sql) })
}

func (d fatedDetacher) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	if err := d.fate.Alive(); err != nil {
		return false, err
	}
	return d.on.Ended(ctx, id, patience)
}

type fatedTable struct {
	versioned.Table
	fate *Fate
}

func (t fatedTable) Get(ctx context.Context, k versioned.Key) (versioned.Row, error) {
	if err := t.fate.Alive(); err != nil {
		return versioned.Row{}, err
	}
	return t.Table.Get(ctx, k)
}

func (t fatedTable) Put(ctx context.Context, r versioned.Row) (versioned.Row, error) {
	return touch(t.fate, "control", func() (versioned.Row, error) { return t.Table.Put(ctx, r) })
}

func (t fatedTable) Delete(ctx context.Context, r versioned.Row) error {
	return t.fate.Touch("control", func() error { return t.Table.Delete(ctx, r) })
}

func (t fatedTable) List(ctx context.Context, kind, prefix string) iter.Seq2[versioned.Row, error] {
	if err := t.fate.Alive(); err != nil {
		return func(yield func(versioned.Row, error) bool) { yield(versioned.Row{}, err) }
	}
	return t.Table.List(ctx, kind, prefix)
}

type fatedStore struct {
	blob.Store
	fate *Fate
}

func (s fatedStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	return touch(s.fate, "blob", func() (blob.Info, error) { return s.Store.Put(ctx, key, r) })
}

func (s fatedStore) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := s.fate.Alive(); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, key)
}

func (s fatedStore) Delete(ctx context.Context, key string) error {
	return s.fate.Touch("blob", func() error { return s.Store.Delete(ctx, key) })
}

// Put notes when a blob was stored.
func (s stampedStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	info, err := s.Store.Put(ctx, key, r)
	if err == nil {
		info.Written = s.rig.Now()
		s.rig.mu.Lock()
		defer s.rig.mu.Unlock()
		s.rig.written[key] = info.Written
	}
	return info, err
}

// List tells it.
func (s stampedStore) List(ctx context.Context, prefix string) iter.Seq2[blob.Info, error] {
	return func(yield func(blob.Info, error) bool) {
		for info, err := range s.Store.List(ctx, prefix) {
			s.rig.mu.Lock()
			info.Written = s.rig.written[info.Key]
			s.rig.mu.Unlock()
			if !yield(info, err) {
				return
			}
		}
	}
}

// hiccups are failures that a process lives through, by the part of the world
// that they come from. Each is met before or after the thing was done.
func hiccup(of string) error {
	switch of {
	case "wire":
		return fmt.Errorf("read tcp: %w", syscall.ECONNRESET)
	case "warehouse", "commit":
		return plan.Failf(plan.Retry, "", "the warehouse closed the connection")
	case "blob", "file":
		return fmt.Errorf("write page: %w", syscall.EIO)
	}
	return plan.Failf(plan.Retry, "", "the control table is throttled")
}

// Kill ends the process now.
func (f *Fate) Kill() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.dead = true
	f.end(ErrKilled)
}

// stampedStore tells the times of blobs by the rig's clock.
type stampedStore struct {
	blob.Store
	rig *Rig
}

// Last lets the process die at its next moment.
func (f *Fate) Last() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.At = 1
}
