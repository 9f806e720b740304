//go:build !race

package warehousetest

// Raced tells whether the race detector is on: here it is not, and everything is
// tried.
const Raced = false
