package sql

import (
	"context"
	"fmt"
	"time"

	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
)

// A registrar is a bodies.Register.
type registrar struct{ *store }

// all writes the statements about the register as a whole.
func (w *registrar) all() *statements.Files { return &statements.Files{Tables: *w.of(shape.Table{})} }

// Waiting lists files whose bodies are to be read.
func (w *registrar) Waiting(ctx context.Context, q bodies.Query, after string, most int) ([]bodies.File, error) {
	var all []bodies.File
	err := w.driver.View(ctx, func(tx Tx) error {
		all = nil
		s := statements.Files{Tables: *w.of(q.Table), Of: q}
		ask := s.Waiting(after, most)
		return tx.Query(ctx, func(scan Scan) error {
			f, err := readFile(scan)
			all = append(all, f)
			return err
		}, ask.SQL, ask.Args...)
	})
	if err != nil {
		return nil, fmt.Errorf("files of %s that wait: %w", q.Table.Name, err)
	}
	return all, nil
}

// readFile reads one line of the answer to Files.Waiting.
func readFile(scan Scan) (bodies.File, error) {
	var f bodies.File
	var checksum, location *string
	var stamp *time.Time
	var size *int64
	var line lineRow
	if err := scan(append([]any{&f.ID, &checksum, &stamp, &size, &location}, line.places()...)...); err != nil {
		return f, err
	}
	f.Version = bodies.Version{Checksum: orEmpty(checksum), Stamp: dialect.FromNull(stamp)}
	f.Size, f.Location = -1, orEmpty(location)
	if size != nil {
		f.Size = *size
	}
	if line.id != nil {
		known := line.line()
		f.Line = &known
	}
	return f, nil
}

// A lineRow is a line of the register as the warehouse gives it: all of it null where a
// file has none.
type lineRow struct {
	id, state, sha256, md5, kind, reason, checksum *string
	size, tries                                    *int64
	readAt, again, stamp                           *time.Time
}

// places are where its columns go, in the order of statements.LineColumns.
func (r *lineRow) places() []any {
	return []any{&r.id, &r.state, &r.sha256, &r.md5, &r.size, &r.kind, &r.readAt, &r.reason, &r.tries, &r.again,
		&r.checksum, &r.stamp}
}

func (r *lineRow) line() bodies.Line {
	return bodies.Line{
		ID: orEmpty(r.id), State: bodies.State(orEmpty(r.state)),
		Version: bodies.Version{Checksum: orEmpty(r.checksum), Stamp: dialect.FromNull(r.stamp)},
		SHA256:  orEmpty(r.sha256), MD5: orEmpty(r.md5), Size: orZero(r.size), Type: orEmpty(r.kind),
		ReadAt: dialect.FromNull(r.readAt), Reason: orEmpty(r.reason), Tries: int(orZero(r.tries)),
		Again: dialect.FromNull(r.again),
	}
}

// values are those of a line of an object, in the order of the register's columns.
func values(object string, l bodies.Line) []any {
	return []any{object, l.ID, string(l.State), orNull(l.SHA256), orNull(l.MD5), l.Size, orNull(l.Type),
		dialect.Stamp(l.ReadAt), orNull(l.Reason), int64(l.Tries), dialect.Stamp(l.Again),
		orNull(l.Version.Checksum), dialect.Stamp(l.Version.Stamp)}
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func orZero(n *int64) int64 {
	if n == nil {
		return 0
	}
	return *n
}

func orNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

// Write puts lines into the register.
func (w *registrar) Write(ctx context.Context, f warehouse.Fence, object string, lines []bodies.Line) error {
	if len(lines) == 0 {
		return nil
	}
	s := w.all()
	return w.fenced(ctx, f, "write down what is known of bodies of "+object, func(tx Tx) error {
		for rest := lines; len(rest) > 0; {
			n := min(len(rest), keysAtOnce)
			ids, rows := make([]string, n), make([][]any, n)
			for i, l := range rest[:n] {
				ids[i], rows[i] = l.ID, values(object, l)
			}
			if err := do(ctx, tx, s.Unregister(object, ids)); err != nil {
				return err
			}
			if err := insert(ctx, tx, s.Register(), rows); err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
}

// Tally counts what is known of the bodies of a table's live rows.
func (w *registrar) Tally(ctx context.Context, q bodies.Query) (bodies.Tally, error) {
	var t bodies.Tally
	err := w.driver.View(ctx, func(tx Tx) error {
		t = bodies.Tally{}
		s := statements.Files{Tables: *w.of(q.Table), Of: q}
		ask := s.Tally()
		var bytes *int64
		_, err := queryRow(ctx, tx, []any{&t.Copied, &bytes, &t.Nothing, &t.Aside, &t.Waiting}, ask.SQL, ask.Args...)
		t.Bytes = orZero(bytes)
		return err
	})
	if err != nil {
		return t, fmt.Errorf("count the bodies of %s: %w", q.Table.Name, err)
	}
	return t, nil
}

// Lines lists lines of an object.
func (w *registrar) Lines(ctx context.Context, object, after string, most int) ([]bodies.Line, error) {
	return w.lines(ctx, w.all().Lines(object, after, most))
}

// Lookup finds the lines of files by their Ids.
func (w *registrar) Lookup(ctx context.Context, object string, ids []string) ([]bodies.Line, error) {
	var all []bodies.Line
	for len(ids) > 0 {
		n := min(len(ids), keysAtOnce)
		some, err := w.lines(ctx, w.all().Lookup(object, ids[:n]))
		if err != nil {
			return nil, err
		}
		all, ids = append(all, some...), ids[n:]
	}
	return all, nil
}

func (w *registrar) lines(ctx context.Context, ask dialect.Statement) ([]bodies.Line, error) {
	var all []bodies.Line
	err := w.driver.View(ctx, func(tx Tx) (err error) {
		all, err = readLines(ctx, tx, ask)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read the register of files: %w", err)
	}
	return all, nil
}

func readLines(ctx context.Context, tx Tx, ask dialect.Statement) ([]bodies.Line, error) {
	var all []bodies.Line
	err := tx.Query(ctx, func(scan Scan) error {
		var row lineRow
		err := scan(row.places()...)
		all = append(all, row.line())
		return err
	}, ask.SQL, ask.Args...)
	return all, err
}

// Named tells which of some bodies a line names.
func (w *registrar) Named(ctx context.Context, digests []string) (map[string]bool, error) {
	named := map[string]bool{}
	err := w.driver.View(ctx, func(tx Tx) error {
		clear(named)
		for rest := digests; len(rest) > 0; {
			n := min(len(rest), keysAtOnce)
			ask := w.all().Named(rest[:n])
			err := eachKey(ctx, tx, func(sha256 string) { named[sha256] = true }, ask.SQL, ask.Args...)
			if err != nil {
				return err
			}
			rest = rest[n:]
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("ask which bodies are named: %w", err)
	}
	return named, nil
}

// Forget takes the lines of files out of the register.
func (w *registrar) Forget(
	ctx context.Context, f warehouse.Fence, object string, ids []string,
) ([]bodies.Line, error) {
	var gone []bodies.Line
	s := w.all()
	err := w.fenced(ctx, f, "forget files of "+object, func(tx Tx) error {
		gone = nil
		for rest := ids; len(rest) > 0; {
			n := min(len(rest), keysAtOnce)
			some, err := readLines(ctx, tx, s.Lookup(object, rest[:n]))
			if err != nil {
				return err
			}
			if err := do(ctx, tx, s.Unregister(object, rest[:n])); err != nil {
				return err
			}
			gone, rest = append(gone, some...), rest[n:]
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return gone, nil
}
