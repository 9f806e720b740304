package soql

import (
	"catchment/internal/fakeorg/soql/refusal"
	"catchment/internal/fakeorg/soql/syntax"
)

// Names that have moved, for fakeorg until it says where to.
type (
	Error      = refusal.Error
	Condition  = syntax.Condition
	And        = syntax.And
	Comparison = syntax.Comparison
	CallItem   = syntax.CallItem
)

// The operators that have moved.
const (
	Equal = syntax.Equal
	In    = syntax.In
)

// Parse is syntax.Parse.
func Parse(text string) (*syntax.Query, error) { return syntax.Parse(text) }
