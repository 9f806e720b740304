// Package platform says what comes and goes on Salesforce's platform: the versions of its API
// (version.go), what each of them has and lacks (part.go), and a way to log in that
// ends (password.go). Beside these, how large a record can be (size.go).
//
// Each date and each number of a version stands here and nowhere else, with its
// source. The package asks nobody: who knows what an org serves, and what time it is
// there, hands that in.
//
// Start at Newest and Choose.
package platform

// An Ending is what Salesforce has announced the end of, and a configuration uses.
type Ending struct {
	What string // a short name
	Text string // what ends, and when
	Hint string // what to use instead
}
