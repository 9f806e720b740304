package soql

import "catchment/internal/fakeorg/soql/refusal"

// Names that have moved, for fakeorg until it says where to.

// An Error is a *refusal.Error.
type Error = refusal.Error
