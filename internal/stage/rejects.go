package stage

import (
	"context"
	"errors"
	"io"

	"catchment/internal/blob"
	"catchment/internal/control"
	"catchment/internal/page"
	"catchment/internal/value"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/shape"
)

// errLeft ends the page of rejected records of a page that came to nothing.
var errLeft = errors.New("the page was left in the middle")

// rejects stores the records that a flow's rules keep out of one page. Nothing
// is stored where there are none.
type rejects struct {
	store  blob.Store
	key    string
	sieve  *sieve // of the page that they come from
	w      *page.Writer
	pipe   *io.PipeWriter
	stored chan error
	n      int64
}

// add writes one record, after its values were changed.
func (s *rejects) add(ctx context.Context, r *page.Record, broken value.Check) error {
	if s.w == nil {
		s.begin(ctx)
	}
	line, err := s.sieve.line(r, misfit{broken.Field, broken.String()})
	if err != nil {
		return err
	}
	s.n++
	return s.w.Write(line)
}

// line is a record that is kept out, under warehouse.RejectedHeader.
func (s *sieve) line(r *page.Record, why misfit) ([]string, error) {
	record, err := value.JSON(s.header, r)
	if err != nil {
		return nil, err
	}
	stamp := ""
	for _, c := range s.columns { // the column of rejected stamps takes no more than this one
		if s.header[c.at] == shape.FieldStamp {
			if _, takes := c.look.Takes(r.Value(c.at)); takes {
				stamp = string(r.Value(c.at))
			}
		}
	}
	return []string{s.way.Source.Flow.Object, s.keyOf(r), stamp, why.field, why.why, record}, nil
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
		_ = text.CloseWithError(err)
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
	in := page.NewScanner(nil) // a record that is kept out is one value here, and may be larger than any other
	if _, err := io.Copy(in, f); err != nil {
		return 0, err
	}
	found, err := in.Close()
	return found.Records, err
}

// rejectedPage shows the records that are kept out of a stored page to the warehouse:
// those that lie beside it, and those that are still in it.
func (w Way) rejectedPage(row control.PageRow) *warehouse.Page {
	if row.Rejected == 0 {
		return nil
	}
	p := &warehouse.Page{Key: rejectedKey(row.Key), Seq: row.Seq, Header: warehouse.RejectedHeader(),
		Rows: row.Rejected}
	beside := func(ctx context.Context) (io.ReadCloser, error) { return w.Store.Open(ctx, p.Key) }
	switch row.Misfits {
	case 0:
		p.Path, p.URL = w.Store.Where(p.Key)
		p.Open = beside
	case row.Rejected:
		p.Open = func(ctx context.Context) (io.ReadCloser, error) { return w.misfits(ctx, row, nil) }
	default:
		p.Open = func(ctx context.Context) (io.ReadCloser, error) {
			first, err := beside(ctx)
			if err != nil {
				return nil, err
			}
			return w.misfits(ctx, row, first)
		}
	}
	return p
}

// misfits is the page of the records that hold a value which no column takes, behind
// another page of rejected records where there is one.
func (w Way) misfits(ctx context.Context, row control.PageRow, behind io.ReadCloser) (io.ReadCloser, error) {
	stored, err := w.Store.Open(ctx, row.Key)
	if err != nil {
		if behind != nil {
			err = errors.Join(err, behind.Close())
		}
		return nil, err
	}
	text, into := io.Pipe()
	m := &misfitsPage{PipeReader: text, stored: stored, behind: behind, written: make(chan struct{})}
	go func() {
		defer close(m.written)
		into.CloseWithError(w.writeMisfits(into, row, stored, behind))
	}()
	return m, nil
}

// A misfitsPage is written while it is read.
type misfitsPage struct {
	*io.PipeReader
	stored, behind io.ReadCloser
	written        chan struct{}
}

func (m *misfitsPage) Close() error {
	err := m.PipeReader.Close()
	<-m.written
	err = errors.Join(err, m.stored.Close())
	if m.behind != nil {
		err = errors.Join(err, m.behind.Close())
	}
	return err
}

func (w Way) writeMisfits(into io.Writer, row control.PageRow, stored, behind io.Reader) error {
	var out *page.Writer
	if behind == nil {
		out = page.NewWriter(into, warehouse.RejectedHeader())
	} else if _, err := io.Copy(into, behind); err != nil {
		return err
	} else {
		out = page.MoreWriter(into, len(warehouse.RejectedHeader()))
	}
	read := page.Rewrite(unpacked(stored, row.Gzip), func(header []string) (page.Edit, error) {
		s := w.newSieve(row, header)
		return func(r *page.Record) (bool, error) {
			why, found := s.first(r)
			if !found || s.isDeleted(r) {
				return false, nil
			}
			line, err := s.line(r, why)
			if err != nil {
				return false, err
			}
			return false, out.Write(line)
		}, nil
	})
	if _, err := io.Copy(io.Discard, read); err != nil {
		return err
	}
	return out.Flush()
}
