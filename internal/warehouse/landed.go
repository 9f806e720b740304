package warehouse

import "errors"

// ErrUncounted says that other rows landed than were sent: some are missing, or
// somebody else's are among them.
var ErrUncounted = errors.New("the rows that landed are not those that were sent")

// A Landed is rows that another service put into the warehouse for an attempt.
type Landed struct {
	Batch        // without pages
	Key   string // names the rows in the ledger, as a page's does
	Seq   int64  // their place in the attempt
	Rows  int64  // that were sent
	Apart bool   // they are in the landing table
}
