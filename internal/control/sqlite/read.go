package sqlite

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite"
	code "modernc.org/sqlite/lib"

	"catchment/internal/control/versioned"
	"catchment/internal/plan"
	"catchment/internal/printable"
)

// Read opens the control table in the file at path for who only looks: nothing is made,
// and nothing is opened for writing, so that it takes no more than the right to read. It
// keeps no run waiting, and waits for none. Where there is no file, it is versioned.None().
func Read(path string) (versioned.Table, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("read control table %s: %w", path, err)
	}
	t := &Table{path: abs}
	db, err := t.look()
	if err != nil {
		return nil, err
	}
	if db == nil {
		return versioned.None(), nil
	}
	db.SetMaxOpenConns(1)
	t.db = db
	var have int
	err = db.QueryRowContext(context.Background(), "PRAGMA user_version").Scan(&have)
	if err == nil {
		err = known(have, migrations())
	}
	if err == nil && have > 0 {
		err = t.prepare()
	}
	if err != nil || have == 0 { // one that is just being made has nothing to say
		_ = db.Close() // the error before it is the one that matters
	}
	switch {
	case err != nil:
		return nil, t.cantRead(err)
	case have == 0:
		return versioned.None(), nil
	}
	return versioned.ReadOnly{Table: t}, nil
}

// look opens the file, or finds that it isn't there: nil. A file without a journal was
// left by a version that took it away, or came from a backup: SQLite can open that only by
// making one, so its bytes are read instead.
func (t *Table) look() (*sql.DB, error) {
	if _, err := os.Stat(t.path); errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Dir(t.path)); err != nil {
			return nil, t.cantRead(err)
		}
		return nil, nil
	}
	if _, err := os.Stat(t.path + journalSuffix); !errors.Is(err, fs.ErrNotExist) {
		return sql.OpenDB(reader(t.path)), nil
	}
	image, journal, err := t.image()
	switch {
	case err != nil:
		return nil, t.cantRead(err)
	case journal:
		return sql.OpenDB(reader(t.path)), nil
	case len(image) == 0:
		return nil, nil
	}
	return sql.OpenDB(snapshot(image)), nil
}

// journalAt is where the header of a SQLite file says that it has a journal, twice, and
// what it says there of a file that has none.
const journalAt, noJournal = 18, 1

// image reads the bytes of a file that has no journal, or finds that there is one now:
// then somebody writes, and what was read may be half of it.
func (t *Table) image() (image []byte, journal bool, err error) {
	image, err = os.ReadFile(t.path) // #nosec G304 -- catchment.yaml names it
	if err != nil {
		return nil, false, err
	}
	if _, err := os.Stat(t.path + journalSuffix); !errors.Is(err, fs.ErrNotExist) {
		return nil, true, nil
	}
	again, err := os.ReadFile(t.path) // #nosec G304 -- catchment.yaml names it
	if err != nil || !bytes.Equal(image, again) {
		return nil, true, err
	}
	if len(image) > journalAt+1 {
		image[journalAt], image[journalAt+1] = noJournal, noJournal
	}
	return image, false, nil
}

// cantRead says what the user can do who may not even read.
func (t *Table) cantRead(err error) error {
	doing := "read control table " + printable.Line(t.path)
	if _, missing := os.Stat(filepath.Dir(t.path)); missing != nil {
		return plan.Fixf(t.cantOpen(), "%s: %w", doing, printable.Error(err))
	}
	refused := errors.Is(err, fs.ErrPermission)
	if e, ok := errors.AsType[*driver.Error](err); ok {
		switch e.Code() & 0xff {
		case code.SQLITE_CANTOPEN, code.SQLITE_READONLY, code.SQLITE_PERM, code.SQLITE_AUTH:
			refused = true
		}
	}
	if !refused {
		return t.fail(doing, err)
	}
	path := printable.Line(t.path)
	return plan.Fixf("give this user the right to read "+path+", "+path+journalSuffix+" and "+path+indexSuffix+
		" (files.group in catchment.yaml does), or look as the user whose files these are", "%s: %w", doing,
		printable.Error(err))
}
