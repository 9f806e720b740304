package lake_test

import (
	"testing"

	"catchment/internal/warehouse/bodies/bodiestest"
)

func TestBodies(t *testing.T) {
	t.Parallel()
	bodiestest.Run(t, open)
}
