package mover

import (
	"context"
	"iter"
	"strconv"
	"strings"
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

	// Files are the executions since After that left files which count, once done. They are
	// noted here so that every listing is of the same ones.
	Files []Execution `json:"files,omitempty"`
}

// An Execution is one run of a flow that left files, by what its record says.
type Execution struct {
	ID      string `json:"id"`
	Records int64  `json:"records"`
	Bytes   int64  `json:"bytes,omitzero"` // 0 where it wrote none, or nobody says
}

// Again has a landing started once more. What its executions have landed
// counts together.
func (l Landing) Again() Landing {
	l.Starts, l.Started, l.Done, l.Records, l.Files = l.Starts+1, time.Time{}, false, 0, nil
	return l
}

// Settle forgets the executions so far: what they landed has been taken out of
// the landing's way. It is to be started anew.
func (l Landing) Settle() Landing {
	if l.Latest.After(l.After) {
		l.After = l.Latest
	}
	l.Starts, l.Started, l.ReadAt, l.Done, l.Records, l.Files = 0, time.Time{}, time.Time{}, false, 0, nil
	return l
}

// Renew settles a landing whose files were read, and names what its flow brings from now
// on: the pages so far are stored under the name before, and stay what they are.
func (l Landing) Renew() Landing {
	flow, times, _ := strings.Cut(l.ID, renewed)
	n, _ := strconv.Atoi(times) // of the first name there are none
	l.ID = flow + renewed + strconv.Itoa(n+1)
	return l.Settle()
}

// Flow is the name of the flow that brings what is called ID.
func (l Landing) Flow() string {
	flow, _, _ := strings.Cut(l.ID, renewed)
	return flow
}

// renewed stands before how often a landing was renewed. No flow has it in its name.
const renewed = "."

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

// A Filer is a Lander whose executions leave files instead of rows. They are read page by
// page, as what a Pager brings is. Only what an execution that succeeded has left counts: a
// file of any other may be half of one.
type Filer interface {
	Lander

	// Pages lists the files of the landing's executions, in a fixed order. A file that was
	// written anew, or taken away, after it was listed is ErrGone, and so is one whose
	// execution says that it wrote something and has left nothing.
	Pages(ctx context.Context, r LandRequest, l Landing) iter.Seq2[Page, error]
}
