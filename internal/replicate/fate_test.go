package replicate_test

import (
	"context"
	"errors"
	"io"
	"iter"
	"net/http"
	"sync"
	"time"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/warehouse"
)

var errKilled = errors.New("the process was killed")

// A fate counts the moments at which a process touches the world: before and
// after each request, transaction, blob and control row that it writes. At the
// given moment it dies: this and everything after it fails, and nothing is
// written any more. At others it only meets a failure, and goes on.
type fate struct {
	at       int // 0: never
	end      context.CancelCauseFunc
	hiccups  map[int]bool
	hiccuped func(of string)

	mu      sync.Mutex
	moments int
	kinds   []string // of the moments so far
	dead    bool
}

// moment is one in a part of the world: wire, warehouse, blob or control.
func (f *fate) moment(of string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.moments++
	f.kinds = append(f.kinds, of)
	if f.at > 0 && f.moments >= f.at && !f.dead {
		f.dead = true
		f.end(errKilled)
	}
	if f.dead {
		return errKilled
	}
	if f.hiccups[f.moments] {
		f.hiccuped(of)
		return hiccup(of)
	}
	return nil
}

func (f *fate) alive() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.dead {
		return errKilled
	}
	return nil
}

// touch does something to the world between two moments.
func touch[T any](f *fate, of string, do func() (T, error)) (T, error) {
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
	fate *fate
}

func (w fatedWire) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := touch(w.fate, "wire", func() (*http.Response, error) { return w.next.RoundTrip(r) })
	if resp == nil && err == nil {
		err = errKilled
	}
	return resp, err
}

type fatedDriver struct {
	warehouse.Driver
	fate *fate
}

func (d fatedDriver) Tx(ctx context.Context, do func(warehouse.Tx) error) error {
	_, err := touch(d.fate, "warehouse", func() (struct{}, error) { return struct{}{}, d.Driver.Tx(ctx, do) })
	return err
}

func (d fatedDriver) View(ctx context.Context, do func(warehouse.Tx) error) error {
	if err := d.fate.alive(); err != nil {
		return err
	}
	return d.Driver.View(ctx, do)
}

// fated lets a process die that works with a warehouse.
func fated(d warehouse.Driver, f *fate) warehouse.Driver {
	if on, ok := d.(warehouse.Detacher); ok {
		return fatedDetacher{fatedDriver{d, f}, on}
	}
	return fatedDriver{d, f}
}

// A fatedDetacher is a fatedDriver whose warehouse goes on with statements.
type fatedDetacher struct {
	fatedDriver
	on warehouse.Detacher
}

func (d fatedDetacher) Detach(ctx context.Context, token, sql string) (string, error) {
	return touch(d.fate, "warehouse", func() (string, error) { return d.on.Detach(ctx, token, sql) })
}

func (d fatedDetacher) Ended(ctx context.Context, id string, patience time.Duration) (bool, error) {
	if err := d.fate.alive(); err != nil {
		return false, err
	}
	return d.on.Ended(ctx, id, patience)
}

type fatedTable struct {
	control.Table
	fate *fate
}

func (t fatedTable) Get(ctx context.Context, k control.Key) (control.Row, error) {
	if err := t.fate.alive(); err != nil {
		return control.Row{}, err
	}
	return t.Table.Get(ctx, k)
}

func (t fatedTable) Put(ctx context.Context, r control.Row) (control.Row, error) {
	return touch(t.fate, "control", func() (control.Row, error) { return t.Table.Put(ctx, r) })
}

func (t fatedTable) Delete(ctx context.Context, r control.Row) error {
	_, err := touch(t.fate, "control", func() (struct{}, error) { return struct{}{}, t.Table.Delete(ctx, r) })
	return err
}

func (t fatedTable) List(ctx context.Context, kind, prefix string) iter.Seq2[control.Row, error] {
	if err := t.fate.alive(); err != nil {
		return func(yield func(control.Row, error) bool) { yield(control.Row{}, err) }
	}
	return t.Table.List(ctx, kind, prefix)
}

type fatedStore struct {
	blob.Store
	fate *fate
}

func (s fatedStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	return touch(s.fate, "blob", func() (blob.Info, error) { return s.Store.Put(ctx, key, r) })
}

func (s fatedStore) Open(ctx context.Context, key string) (io.ReadCloser, error) {
	if err := s.fate.alive(); err != nil {
		return nil, err
	}
	return s.Store.Open(ctx, key)
}

func (s fatedStore) Delete(ctx context.Context, key string) error {
	_, err := touch(s.fate, "blob", func() (struct{}, error) { return struct{}{}, s.Store.Delete(ctx, key) })
	return err
}

// Put notes when a blob was stored.
func (s stampedStore) Put(ctx context.Context, key string, r io.Reader) (blob.Info, error) {
	info, err := s.Store.Put(ctx, key, r)
	if err == nil {
		info.Written = s.rig.now()
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
