// Package stage is the way of a page from the wire to the warehouse: it is
// checked, treated where the flow wants that, stored in the blob store, and shown
// to the warehouse. A run and a comparison take the same way, so that both judge
// a page alike.
//
// A page is stored byte for byte as it came; only a flow that masks, cuts or
// checks values has its records decoded, and then before the page is stored: no
// clear text gets into the blob store. When a page comes, what is loaded and what
// becomes of a refused page is left to the verbs.
//
// One bad value never stops the others: its record stays in the stored page, and the
// warehouse is shown that without it, and it apart.
//
// Start at Way.Put, and at Way.Page in show.go. treat.go does what flows ask for,
// sieve.go finds the records with a value that no column takes, rejects.go writes down
// who is kept out and why. refused.go names the record that a warehouse has refused,
// and refit.go has its page kept out of what is shown from then on. keys.go names the
// blobs. texts.go keeps the texts of packed pages until they are loaded.
package stage

import (
	"context"
	"errors"
	"io"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/plan"
	"catchment/internal/source"
	"catchment/internal/warehouse/room"
)

// ErrUnfit says that a record can't be copied as it is: it has to be mended in
// Salesforce, and then read by another job.
var ErrUnfit = errors.New("the record can't be copied as it is")

// A Way is how the pages of one source are staged.
type Way struct {
	Store  blob.Store
	Source *source.Source
	Room   room.Limits // of the warehouse's columns
	AsIs   bool        // the pages are only compared: nothing is masked, and no rule is held against them
	Texts  *Texts      // of packed pages on their way to the warehouse; nil where none are kept
}

// An Incoming is a page on its way.
type Incoming struct {
	io.Reader
	Records int64 // what the server counts in it, or -1

	// Patch is the fields that it brings of records that are there; nil where it
	// brings whole ones. A patch is judged by what it brings.
	Patch []string
}

// Put stores a page as it comes off the wire. row says what it is called; what
// comes back also says what the page holds, and the size is that of the blob. A
// page that a crashed process stored is looked at instead.
func (w Way) Put(ctx context.Context, row control.PageRow, in Incoming) (control.PageRow, int64, error) {
	size, found, rejected, err := w.put(ctx, row, in)
	if err != nil {
		return row, 0, err
	}
	if row.NULs, row.NULAt, err = w.flaw(found.NUL, "a NUL character"); err != nil {
		return row, size, err
	}
	if row.NoTexts, row.NoTextAt, err = w.flaw(found.NoText, "a character that is no text"); err != nil {
		return row, size, err
	}
	row.Header, row.Bytes, row.Digest, row.Digits = found.Header, found.Bytes, found.Digest, digitsOf(found)
	row.Misfits, row.Blanks = found.Misfits, found.Blanks
	if w.AsIs { // every record stays, and loses what isn't taken
		row.Misfits, row.Blanks = 0, found.Misfits+found.Blanks
	}
	row.Records, row.Rejected = found.Records-row.Misfits, rejected+row.Misfits
	return row, size, nil
}

// flaw tells how many characters of a kind that not every warehouse can store a
// page holds, and the Id and the field of the first one. What is only compared is
// never refused for them.
func (w Way) flaw(f *page.Flaw, what string) (count int64, at string, err error) {
	switch {
	case f == nil:
		return 0, "", nil
	case w.AsIs:
		return f.Count, "", nil
	case w.Source.Flow.NUL == flow.Fail:
		return 0, "", plan.Fixf("mend the record in Salesforce, or set nul: replace for this flow",
			"%w: field %s of record %s holds %s", ErrUnfit, f.Field, f.ID, what)
	}
	return f.Count, f.ID + "." + f.Field, nil
}

// put brings a page into the blob store, and tells what is stored: the page, and
// how many records the flow's rules kept out of it.
func (w Way) put(
	ctx context.Context, row control.PageRow, from Incoming,
) (size int64, found page.Shape, rejected int64, err error) {
	var info blob.Info
	if !w.treats() {
		info, found, err = w.putAsIs(ctx, row, from)
	} else {
		in := w.treat(ctx, row, from)
		defer in.Close()
		info, err = w.Store.Put(ctx, row.Key, in)
		if err == nil { // else somebody may still write into it
			found, rejected = in.Shape(), in.rejects.n
		}
	}
	if !errors.Is(err, blob.ErrExists) {
		return info.Size, found, rejected, err
	}
	if size, found, err = w.scan(ctx, row); err == nil && w.treats() {
		rejected, err = w.storedRejects(ctx, row)
	}
	return size, found, rejected, err
}

// putAsIs stores a page byte for byte. The text of a packed one is kept, where that is wanted, until it is loaded.
func (w Way) putAsIs(ctx context.Context, row control.PageRow, from Incoming) (blob.Info, page.Shape, error) {
	text := &writing{}
	if row.Gzip {
		text = w.Texts.begin()
	}
	in := page.CheckInto(from, row.Gzip, from.Records, w.look, text)
	info, err := w.Store.Put(ctx, row.Key, in)
	_ = in.Close() // from then on nobody writes into the text
	w.Texts.keep(row.Key, text, err == nil)
	return info, in.Shape(), err
}

// scan looks at a page that is stored already.
func (w Way) scan(ctx context.Context, row control.PageRow) (int64, page.Shape, error) {
	f, err := w.Store.Open(ctx, row.Key)
	if err != nil {
		return 0, page.Shape{}, err
	}
	defer f.Close()
	in := page.Check(f, row.Gzip, -1, w.look)
	defer in.Close()
	size, err := io.Copy(io.Discard, in)
	return size, in.Shape(), err
}

// treats tells whether records are decoded on this way.
func (w Way) treats() bool { return !w.AsIs && w.Source.Treated() }
