package page

import (
	"compress/flate"
	"compress/gzip"
	"errors"
	"io"

	"catchment/internal/plan"
)

// A Checked reader hands on the bytes of the wire and scans their text on the
// way. It ends with io.EOF only where the page is whole, so a store that keeps
// whole blobs only never keeps a bad page.
type Checked struct {
	from    io.Reader
	records int64 // what the server counts, or -1
	text    io.WriteCloser
	scanned chan error
	shape   Shape
	err     error // the first one stays, io.EOF too
}

// Check reads a page from the wire. records is what the server counts, or -1;
// look says what to look for in a column. A value or a record that is larger than any of
// Salesforce ends the page at once: nothing of it is stored then. Plain text is scanned in the reader's
// own goroutine, packed text in one that unpacks it: Close ends that one.
func Check(from io.Reader, packed bool, records int64, look func(string) Look) *Checked {
	return CheckInto(from, packed, records, look, io.Discard)
}

// CheckInto is Check, and writes the text of a packed page, too. It is done with that when Read has returned io.EOF,
// or by Close.
func CheckInto(from io.Reader, packed bool, records int64, look func(string) Look, text io.Writer) *Checked {
	c := &Checked{from: from, records: records, scanned: make(chan error, 1)}
	scanner := NewScanner(look)
	scanner.wire, scanner.most = true, asSalesforce
	finish := func() (err error) {
		c.shape, err = scanner.Close()
		return err
	}
	if !packed {
		c.text = plainText{scanner, func() { c.scanned <- finish() }}
		return c
	}
	r, w := io.Pipe()
	c.text = w
	go func() {
		err := unpack(io.MultiWriter(scanner, text), r)
		_ = r.CloseWithError(err)
		if err == nil {
			err = finish()
		}
		c.scanned <- err
	}()
	return c
}

// plainText lets a scanner be closed like the pipe of packed text.
type plainText struct {
	io.Writer
	finish func()
}

func (p plainText) Close() error {
	p.finish()
	return nil
}

func unpack(w io.Writer, r io.Reader) error {
	z, err := newGunzip(r)
	if err != nil {
		return err
	}
	if _, err := io.Copy(w, z); err != nil {
		return err
	}
	return z.Close()
}

// broken classes a packed text that broke off or was damaged: the same page can be
// fetched again. No bytes at all are a text that broke off before its first.
func broken(err error) error {
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	_, corrupt := errors.AsType[flate.CorruptInputError](err)
	if corrupt || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, gzip.ErrChecksum) ||
		errors.Is(err, gzip.ErrHeader) {
		return plan.Failf(plan.Retry, cutHint, "unpack: %w", err)
	}
	return err
}

// Shape is what the page holds, once Read has returned io.EOF.
func (c *Checked) Shape() Shape { return c.shape }

func (c *Checked) Read(p []byte) (int, error) {
	if c.err != nil {
		return 0, c.err
	}
	var n int
	n, c.err = c.from.Read(p)
	if n > 0 {
		if _, err := c.text.Write(p[:n]); err != nil {
			c.err = err
		}
	}
	if c.err == io.EOF {
		c.err = c.end()
	}
	return n, c.err
}

// end waits for the scan of the whole text and judges the page.
func (c *Checked) end() error {
	_ = c.text.Close()
	c.text = nil
	if err := <-c.scanned; err != nil {
		return err
	}
	if c.records >= 0 && c.shape.Records != c.records {
		return plan.Failf(plan.Retry, cutHint, "the page holds %d records, its header Sforce-NumberOfRecords says %d",
			c.shape.Records, c.records)
	}
	return io.EOF
}

// Close ends a scan that was left in the middle.
func (c *Checked) Close() error {
	if c.text != nil {
		_ = c.text.Close()
		c.text = nil
		<-c.scanned
		c.err = io.ErrClosedPipe
	}
	return nil
}
