package mover

import (
	"context"
	"time"

	"catchment/internal/schema"
)

// A LandRequest says what another service is to land, and where. It is made
// anew from the attempt whenever it is needed, and so is never stored.
type LandRequest struct {
	Org     string // 18-character Id
	Attempt string
	Run     string // that began the attempt
	Object  string
	Table   string // that takes the rows, with its schema
	Fields  []schema.Field
	Columns []string // of Table, one for each field
	Where   string   // SOQL, "" for every record
	Cursor  string   // the field that From bounds, "" where the object has none
	From    time.Time
}

// A Landing is one reading of an object whose rows land in the warehouse
// without us. It is small and survives a crash in the control table.
type Landing struct {
	ID      string    `json:"id"` // of the flow that lands it
	Made    bool      `json:"made,omitzero"`
	Makes   int       `json:"makes,omitzero"`   // how often the flow came to nothing while it was made
	Changed time.Time `json:"changed,omitzero"` // when a lasting flow was changed; it rests before it is started
	ReadAt  time.Time `json:"read_at,omitzero"` // the org's Date before the first start
	Starts  int       `json:"starts,omitzero"`  // how many executions are to be there since After
	Started time.Time `json:"started,omitzero"` // the last of them, by our clock
	After   time.Time `json:"after,omitzero"`   // executions that began up to then are settled
	Latest  time.Time `json:"latest,omitzero"`  // when the newest one began
	Done    bool      `json:"done"`
	Records int64     `json:"records"` // that all executions since After have landed, once done
}

// Again has a landing started once more. What its executions have landed
// counts together.
func (l Landing) Again() Landing {
	l.Starts, l.Started, l.Done, l.Records = l.Starts+1, time.Time{}, false, 0
	return l
}

// Settle forgets the executions so far: what they landed has been taken out of
// the landing's way. It is to be started anew.
func (l Landing) Settle() Landing {
	if l.Latest.After(l.After) {
		l.After = l.Latest
	}
	l.Starts, l.Started, l.ReadAt, l.Done, l.Records = 0, time.Time{}, time.Time{}, false, 0
	return l
}

// A Lander has another service land an object's records in a table, where they
// are claimed afterwards. It never learns which rows are whose: that is a
// matter of counting. All of its methods may be repeated.
type Lander interface {
	Mover

	// Plan names the landing, before anything exists. It asks nobody.
	Plan(r LandRequest) Landing

	// Make gets on with making the flow of a landing, and is called again until
	// it is Made; done twice, one flow counts. The Landing is to be kept also
	// where Make fails.
	Make(ctx context.Context, r LandRequest, l Landing) (Landing, error)

	// Start sets the flow off. Whatever an earlier process started counts as
	// the start that was asked for.
	Start(ctx context.Context, l Landing) (Landing, error)

	// Poll asks how far the executions are. Once none of them runs and one has
	// succeeded, the landing is done, and Records is what all of them together
	// have landed. ErrFailed says that the last one failed, or hung and was
	// cancelled; ErrGone that the flow is gone.
	Poll(ctx context.Context, l Landing) (Landing, error)

	// Drop takes the flow away, unless it is to last. One that is gone is no
	// error.
	Drop(ctx context.Context, l Landing) error
}

// A Templater keeps flows written down, for people to read and to make by hand.
type Templater interface {
	// Keep stores the flow that would land r, and tells the key of the blob.
	Keep(ctx context.Context, r LandRequest) (key string, err error)
}
