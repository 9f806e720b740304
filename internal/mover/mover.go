// Package mover brings an object's records. A Pager hands them out in pages, by
// Bulk query jobs (bulk) or by REST queries (rest); a Lander has another service
// land them in the warehouse (appflow), or, as a Filer, leave files that become
// pages. A third kind, the Follower of events as they happen, is not there yet.
//
// What a mover can do it declares as Traits, and a Set finds the one for a
// purpose. A mover leaves to replicate where pages are kept, how they are
// loaded, and what is remembered of a job.
package mover

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"catchment/internal/schema"
)

// ErrGone says that a job, or its results, can't be read any more: it was
// deleted, it expired, or the process that held it is dead. The attempt makes
// a new job.
var ErrGone = errors.New("job is gone")

// ErrUnsupported says that this mover can't read the object; another may.
var ErrUnsupported = errors.New("object is not supported by this mover")

// ErrFailed says that Salesforce ended a job without a result, beside the
// failure's class: asking for the same job again can't help, a new one may.
var ErrFailed = errors.New("job failed")

// A Request says what to read.
type Request struct {
	Object string
	SOQL   string // read with queryAll: deleted records and archived activities are in

	// IDs are the records to read where they are few and known: SOQL then only
	// names the fields, and what isn't there any more is left out.
	IDs []string `json:",omitempty"`

	// Fields are what SOQL selects, for who writes queries of its own.
	Fields []string `json:"-"`

	// Described is the object as whoever asks has had it described, so that nobody has to
	// ask for that again. One without fields says nothing.
	Described schema.Object `json:"-"`
}

// A Job is one reading of an object. It is small and survives a crash in the
// control table, so it can be picked up by another process.
type Job struct {
	ID      string    `json:"id"`
	Version string    `json:"version"` // API version; results must be read with the same
	ReadAt  time.Time `json:"read_at"` // the server's Date when the job was created
	Done    bool      `json:"done"`
	Records int64     `json:"records"`         // what Salesforce says it holds, once done, or Uncounted
	Answer  int64     `json:"answer,omitzero"` // records of the first answer, where it is a query that has one
	Request Request   `json:"request"`
}

// A Page is one part of a job's result.
type Page struct {
	Name string // unique within the job and the same in every listing of it
	Open func(context.Context) (*Body, error)
}

// A Body is a page on its way. The reader yields the bytes of the wire.
type Body struct {
	io.ReadCloser
	Gzip    bool
	Records int64 // what the server counts in this page, -1 where it doesn't say
}

// A Pager reads objects page by page. All of its methods may be repeated.
type Pager interface {
	Mover

	// Create starts a job. A repeat makes a second job; the first is orphaned.
	Create(ctx context.Context, r Request) (Job, error)

	// Poll asks how far the job is. A failed job is ErrFailed, with its class; a
	// vanished one is ErrGone.
	Poll(ctx context.Context, j Job) (Job, error)

	// Pages lists the pages of a job that is done, in a fixed order. A page
	// may be opened while the listing goes on, and more than once.
	Pages(ctx context.Context, j Job) iter.Seq2[Page, error]

	// Drop deletes the job in Salesforce. One that is gone is no error.
	Drop(ctx context.Context, j Job) error
}
