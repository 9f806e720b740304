// Package warehousetest holds every driver to the contract of warehouse.
//
// Run is the whole suite; a driver's test is one line:
//
//	func TestDriver(t *testing.T) { warehousetest.Run(t, open) }
//
// The tests speak to the warehouse as replicate and verify do, and look at the
// tables with plain SQL. Faults come from decorators of warehouse.Driver.
package warehousetest

import (
	"testing"

	"catchment/internal/warehouse"
)

// Run checks the driver that open makes. Each call of open is an empty
// warehouse of its own.
func Run(t *testing.T, open func(t testing.TB) warehouse.Driver) {
	for _, test := range []struct {
		name string
		run  func(*rig)
	}{
		{"the first reading and the next", firstAndNext},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.run(newRig(t, open(t)))
		})
	}
}
