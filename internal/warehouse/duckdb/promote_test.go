package duckdb_test

import (
	"testing"

	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/oversql"
)

// promoting is an empty warehouse in which any first reading is large enough to lie apart.
func promoting(t testing.TB) warehousetest.Subject { return oversql.New(oversql.Promoting(open(t))) }

// However small a first reading is whose table becomes the final one, all promises hold.
func TestPromoting(t *testing.T) {
	t.Parallel()
	warehousetest.Run(t, promoting, warehousetest.Lands, warehousetest.Eraser)
}

func TestPromotes(t *testing.T) {
	t.Parallel()
	warehousetest.Promotes(t, subject, promoting)
}
