// Package archive takes records and files out of Salesforce: it copies, proves, deletes,
// proves again, and can bring back. Nothing is deleted that isn't proven (invariant 11).
//
// It has the words that its rooms share, and what they ask of others. In the order of a
// record's way:
//
//   - closure finds what would go with a root; planning decides on each record,
//     forecast works out what that frees, and manifest writes it all down as a plan,
//     which never changes;
//   - approval says who agreed to it;
//   - removal proves, deletes and proves again, batch by batch;
//   - evidence is the chain that says so, and rehydrate is the way back.
//
// Start at planning.Planner, then removal.Remover.
package archive

import (
	"context"
	"time"

	"catchment/internal/flow"
	"catchment/internal/lease"
)

// BatchAtMost is how many records are deleted before what became of them is proven.
const BatchAtMost = 2000

// A Place is where a record is looked for.
type Place string

// The places.
const (
	Live Place = "live" // among the records that the org's users see
	Bin  Place = "bin"  // in the recycle bin, after a delete
)

// A Finding is what a proof found of one record.
type Finding string

// The findings.
const (
	Equal   Finding = "equal"   // the org, the row and the bodies of its files say the same
	Differs Finding = "differs" // they don't, for Reason
	Binned  Finding = "binned"  // looked for among the living, it lies in the recycle bin
	Living  Finding = "living"  // looked for in the bin, it lives
	Absent  Finding = "absent"  // the org has it nowhere that this user sees
)

// A Verdict is what a proof found, and when.
type Verdict struct {
	ID      string
	Finding Finding
	Reason  string    // which columns, or which file: never a value
	Stamp   time.Time // of the record in the org; zero where there is none
	Digest  string    // of the row: SHA-256 in hex, of its columns' names and canonical texts
	Bodies  []Body    // of the record, where it is a file
	Author  string    // the Id of the user who changed it last, as the org has it
}

// A Body is the body of a file that was read back.
type Body struct {
	SHA256 string
	Size   int64
}

// A Prover compares copies with the org, record by record, as it is now.
type Prover interface {
	// Prove reads records anew by their Ids, and holds their rows and bodies against
	// them. It writes one thing: columns that move without a stamp, formulas, are
	// refreshed by the very reading that they are compared with. Verdicts are in
	// the order of the Ids.
	Prove(ctx context.Context, held *lease.Lease, fl flow.Flow, ids []string, in Place) ([]Verdict, error)
	// Provable says why no record of a flow can be proven by now, or nil: it masks or
	// filters, its copy was restored, or it isn't complete. after is when the
	// records changed last; a flow that is only lagged needs a whole reading since.
	Provable(ctx context.Context, fl flow.Flow, after time.Time) error
}

// A Copier brings flows up to date, as catchment run does, their bodies too.
type Copier interface {
	Copy(ctx context.Context, objects []string) error
}

// An Approval is somebody's word that a plan may be carried out. Without a key it is worth
// what the machine is, on which By was logged in.
type Approval struct {
	By        string    `json:"by"`
	Key       string    `json:"key,omitempty"` // fingerprint of the key that signed, as SHA256:...
	At        time.Time `json:"at"`            // as this machine's clock had it; nobody signed that
	Signature string    `json:"signature,omitempty"`
}
