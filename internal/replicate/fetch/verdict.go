package fetch

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"catchment/internal/body"
	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/warehouse/bodies"
)

// The reasons why a file has no body here.
const (
	External = "external" // it only points to a place outside of Salesforce
	Link     = "link"     // it is an address, or nothing at all
)

// bodiless says why a file has no body, or "".
func bodiless(of body.Fields, f bodies.File) string {
	switch {
	case f.Location != "" && f.Location != "S":
		return External
	case of.Checksum != "" && f.Version.Checksum == "" && f.Size <= 0:
		return Link
	}
	return ""
}

// A mismatch says that a body isn't what the file's row says.
type mismatch string

func (m mismatch) Error() string { return string(m) }

// differs says how a body that has come whole differs from what the row says, or nil.
func differs(f bodies.File, size int64, md5 string) error {
	switch {
	case f.Size >= 0 && size < f.Size:
		return mismatch(fmt.Sprintf("shorter: %d of %d bytes", size, f.Size))
	case f.Size >= 0 && size > f.Size:
		return mismatch(fmt.Sprintf("longer than %d bytes", f.Size))
	case f.Version.Checksum != "" && f.Version.Checksum != md5:
		return mismatch("another checksum")
	}
	return nil
}

// stops tells of a failure whether it is no file's own: the next file would fare as this one
// did.
func stops(err error) bool {
	if _, ofDisk := errors.AsType[errSpool](err); ofDisk {
		return true
	}
	class := plan.ClassOf(err)
	return errors.Is(err, context.Canceled) || errors.Is(err, plan.ErrStopped) || class == plan.Wait ||
		class == plan.Full || fault.StatusOf(err) == http.StatusUnauthorized || errors.Is(err, errStore)
}

// code is how Salesforce writes the code of an error.
var code = regexp.MustCompile(`^[A-Z][A-Z0-9_]{1,60}$`)

// reasonOf says why a file is kept aside, in a few words: none of them is a value of the
// record.
func reasonOf(err error) string {
	if m, ok := errors.AsType[mismatch](err); ok {
		return string(m)
	}
	status := fault.StatusOf(err)
	reason := "unread"
	switch {
	case status == http.StatusNotFound || status == http.StatusGone:
		reason = "gone"
	case status == http.StatusForbidden:
		reason = "refused"
	case plan.ClassOf(err) == plan.Retry && status == 0:
		return "cut: the line breaks"
	}
	if status > 0 {
		reason += fmt.Sprintf(": HTTP %d", status)
	}
	if c := fault.CodeOf(err); code.MatchString(c) {
		reason += " " + c
	}
	return reason
}

// The pauses between two tries of a file that is kept aside.
const (
	firstPause   = time.Hour
	longestPause = 7 * 24 * time.Hour
)

// pause is how long a file is left alone after so many tries.
func pause(tries int) time.Duration {
	d := firstPause
	for range tries - 1 {
		if d *= 4; d >= longestPause {
			return longestPause
		}
	}
	return d
}

// aside is the line of a file whose body couldn't be read. What is known of an older body of
// it stays: that is still the file's newest one here.
func aside(f bodies.File, why error, now time.Time) bodies.Line {
	line := bodies.Line{Tries: 1}
	if f.Line != nil {
		line = *f.Line
		line.Tries++
		if line.State != bodies.Aside {
			line.Tries = 1
		}
	}
	line.ID, line.State, line.Version, line.Reason = f.ID, bodies.Aside, f.Version, reasonOf(why)
	line.Again = now.Add(pause(line.Tries))
	return line
}
