package stage

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/page"
	"catchment/internal/value"
	"catchment/internal/warehouse"
)

// errLeft ends the page of rejected records of a page that came to nothing.
var errLeft = errors.New("the page was left in the middle")

// rejects stores the records that a flow's rules keep out of one page. Nothing
// is stored where there are none.
type rejects struct {
	store  blob.Store
	flow   string
	key    string
	header []string // of the page that they come from
	w      *page.Writer
	pipe   *io.PipeWriter
	stored chan error
	n      int64
}

// text is a record's value of a field, or "" where the page lacks that.
func (s *rejects) text(r *page.Record, field string) string {
	at := slices.IndexFunc(s.header, func(name string) bool { return strings.EqualFold(name, field) })
	if at < 0 {
		return ""
	}
	return string(r.Value(at))
}

// add writes one record, after its values were changed.
func (s *rejects) add(ctx context.Context, r *page.Record, broken value.Check) error {
	if s.w == nil {
		s.begin(ctx)
	}
	record, err := value.JSON(s.header, r)
	if err != nil {
		return err
	}
	s.n++
	return s.w.Write([]string{s.flow, s.text(r, "Id"), s.text(r, "SystemModstamp"), broken.Field,
		broken.String(), record})
}

// begin opens the page, which is stored while it is written.
func (s *rejects) begin(ctx context.Context) {
	var text *io.PipeReader
	text, s.pipe = io.Pipe()
	s.stored = make(chan error, 1)
	go func() {
		_, err := s.store.Put(ctx, s.key, text)
		if errors.Is(err, blob.ErrExists) { // by a process that died before it noted the page
			_, err = io.Copy(io.Discard, text)
		}
		text.CloseWithError(err)
		s.stored <- err
	}()
	s.w = page.NewWriter(s.pipe, warehouse.RejectedHeader())
}

// end waits until all is stored.
func (s *rejects) end() error {
	if s.w == nil {
		return nil
	}
	err := errors.Join(s.w.Flush(), s.pipe.Close(), <-s.stored)
	s.w = nil
	return err
}

// abort gives up what isn't stored yet.
func (s *rejects) abort() error {
	if s.w == nil {
		return nil
	}
	s.w = nil
	err := s.pipe.CloseWithError(errLeft)
	<-s.stored
	return err
}

// storedRejects counts the rejected records beside a page that is stored.
func (w Way) storedRejects(ctx context.Context, row control.PageRow) (int64, error) {
	f, err := w.Store.Open(ctx, rejectedKey(row.Key))
	if errors.Is(err, blob.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	in := page.Check(f, false, -1, nil)
	defer in.Close()
	if _, err := io.Copy(io.Discard, in); err != nil {
		return 0, err
	}
	return in.Shape().Records, nil
}

// rejectedPage shows the rejected records of a stored page to the warehouse.
func (w Way) rejectedPage(row control.PageRow) *warehouse.Page {
	if row.Rejected == 0 {
		return nil
	}
	p := &warehouse.Page{Key: rejectedKey(row.Key), Seq: row.Seq, Header: warehouse.RejectedHeader(),
		Rows: row.Rejected}
	p.Path, p.URL = w.Store.Where(p.Key)
	p.Open = func(ctx context.Context) (io.ReadCloser, error) { return w.Store.Open(ctx, p.Key) }
	return p
}
