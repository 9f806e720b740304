package sqlite

import (
	"path/filepath"
	"testing"

	"catchment/internal/control"
	"catchment/internal/control/controltest"
)

func TestContract(t *testing.T) {
	controltest.Run(t, func(t *testing.T) func() (control.Table, error) {
		path := filepath.Join(t.TempDir(), "control.db")
		return func() (control.Table, error) { return Open(path) }
	})
}
