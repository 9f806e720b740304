package evidence

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"catchment/internal/archive/manifest"
	"catchment/internal/blob"
)

// Broken is evidence that isn't as it was written, and where.
type Broken struct {
	Key  string // of the sheet
	Line int    // in it, from 1; 0 for the sheet as a whole
	What string
}

func (b *Broken) Error() string {
	if b.Line == 0 {
		return fmt.Sprintf("%s: %s", b.Key, b.What)
	}
	return fmt.Sprintf("%s, line %d: %s", b.Key, b.Line, b.What)
}

// A visit is told of a line between the first and the last of a sheet. raw is the line
// itself, which is another one's soon after.
type visit func(f frame, s said) error

// A walk is a way through the lines of one sheet.
type walk struct {
	plan  string
	sheet sheet
	at    link // of the line before
	free  bool // at isn't known yet: the first line says it
	told  int64
	ended bool
	each  visit
}

// read reads a sheet that follows a link, and gives the link after its last line.
func (w *walk) read(ctx context.Context, store blob.Store) (link, error) {
	in, err := store.Open(ctx, w.sheet.key)
	if errors.Is(err, blob.ErrNotFound) {
		return link{}, &Broken{Key: w.sheet.key, What: "it is gone"}
	}
	if err != nil {
		return link{}, err
	}
	defer func() { _ = in.Close() }() // what was read was checked
	lines := bufio.NewReaderSize(in, 64<<10)
	for n := 1; ; n++ {
		text, err := line(lines)
		if errors.Is(err, io.EOF) {
			break
		}
		var wrong *wrongLine
		if err == nil {
			err = w.line(n, text)
		}
		if errors.As(err, &wrong) {
			return link{}, &Broken{Key: w.sheet.key, Line: n, What: wrong.what}
		}
		if err != nil {
			return link{}, fmt.Errorf("read %s: %w", w.sheet.key, err)
		}
	}
	if !w.ended {
		return link{}, &Broken{Key: w.sheet.key, What: "it is cut off"}
	}
	return w.at, nil
}

// A wrongLine is a line that isn't as it was written.
type wrongLine struct{ what string }

func (e *wrongLine) Error() string { return e.what }

// line reads a line without its end, and io.EOF after the last.
func line(r *bufio.Reader) ([]byte, error) {
	text, err := manifest.NextLine(r)
	switch {
	case errors.Is(err, manifest.ErrCutOff):
		return nil, &wrongLine{"it is cut off"}
	case errors.Is(err, manifest.ErrLong):
		return nil, &wrongLine{"it is longer than any line of evidence"}
	}
	return text, err
}

// line takes one line.
func (w *walk) line(n int, text []byte) error {
	f, s, err := unframed(text)
	if err != nil {
		return &wrongLine{err.Error()}
	}
	if w.free && n == 1 {
		if w.at, err = parseLink(f.After); err != nil {
			return &wrongLine{err.Error()}
		}
	}
	if w.at, err = f.next(w.at); err != nil {
		return &wrongLine{err.Error()}
	}
	switch {
	case w.ended:
		return &wrongLine{"it stands behind the seal of its sheet"}
	case (n == 1) != (s.Type == typeSheet):
		return &wrongLine{"a sheet has one first line, which says what sheet it is"}
	case n == 1 && (s.Plan != w.plan || s.Number != w.sheet.number || s.Kind != w.sheet.kind || s.Part != w.sheet.part):
		return &wrongLine{"it is of another sheet than its name says"}
	case n == 1:
		return nil
	case s.Type == typeSeal && s.Lines != w.told:
		return &wrongLine{fmt.Sprintf("it seals %d records, and %d stand before it", s.Lines, w.told)}
	case s.Type == typeSeal:
		w.ended = true
		return nil
	case (s.Type == typeReturned) != (w.sheet.kind == kindReturned):
		return &wrongLine{"its sheet has no such lines"}
	case s.Type == typeIntent, s.Type == typeEnd, s.Type == typeBack, s.Type == typeReturned:
		w.told++
	case s.Type == typeHead && w.sheet.kind == kindHead && s.Head != nil:
	case s.Type == typeTotal && w.sheet.kind == kindEnd && s.Total != nil:
	default:
		return &wrongLine{"its sheet has no such lines"}
	}
	if w.each == nil {
		return nil
	}
	return w.each(f, s)
}
