package verify_test

import "catchment/internal/warehouse/pgtest"

// cluster is the PostgreSQL of this package's tests.
var cluster pgtest.Cluster
