package tables

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"github.com/apache/iceberg-go/table"

	"catchment/internal/plan"
)

// An Unlisted table is one of which what lists its files, or what describes it, is missing or damaged: none of it can
// be read.
type Unlisted struct {
	Name string
	Err  error
}

func (u *Unlisted) Error() string {
	return fmt.Sprintf("nobody can tell which files table %s has: %v", u.Name, u.Err)
}

func (u *Unlisted) Unwrap() error { return u.Err }

// Listing is the error of who reads the lists of a table's files. It isn't the table that is in the way where a storage
// is away, or somebody has no right.
func Listing(name table.Identifier, err error) error {
	if err == nil || !broken(err) {
		return err
	}
	u := &Unlisted{Name: strings.Join(name, "."), Err: err}
	hint := "put the file back as it was, from a backup or an older version of the object; if there is none, " +
		"drop table " + u.Name + " in the lake's catalog"
	if Own(u.Name) {
		return plan.Fixf(hint+": the next run makes a new one", "%w", u)
	}
	return plan.Fixf(hint+", and read the object anew with catchment run --full", "%w", u)
}

// Own tells of the name of a table, to people, that it is one of Catchment's own and holds no records.
func Own(name string) bool { return strings.Contains(name, "._catchment_") }

// broken tells of errors over what a file holds, or that there is none.
func broken(err error) bool {
	if errors.Is(err, fs.ErrNotExist) {
		return true
	}
	_, classed := errors.AsType[*plan.Failure](err)
	_, system := errors.AsType[syscall.Errno](err)
	_, network := errors.AsType[net.Error](err)
	return !classed && !system && !network && !errors.Is(err, context.Canceled) &&
		!errors.Is(err, context.DeadlineExceeded)
}
