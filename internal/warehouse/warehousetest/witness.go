package warehousetest

import (
	"runtime"
	"sync"
	"testing"
)

// A witness is a testing.TB that remembers that something failed, where the test
// wants it to.
type witness struct {
	testing.TB
	failed bool
}

func (w *witness) Fail()                 { w.failed = true }
func (w *witness) Failed() bool          { return w.failed }
func (w *witness) Error(...any)          { w.failed = true }
func (w *witness) Errorf(string, ...any) { w.failed = true }
func (w *witness) Fatal(...any)          { w.FailNow() }
func (w *witness) Fatalf(string, ...any) { w.FailNow() }

// FailNow ends the goroutine, as testing.TB promises.
func (w *witness) FailNow() {
	w.failed = true
	runtime.Goexit()
}

// refused tells whether what do does with the subject fails.
func refused(t testing.TB, do func(t testing.TB)) bool {
	w := &witness{TB: t}
	var wait sync.WaitGroup
	wait.Go(func() { do(w) })
	wait.Wait()
	return w.failed
}
