// Package schedule says when something is due: a Sweep and a Refresh after a
// length of time or at the times of a Cron, and a Window begins some days back.
//
// Where a schedule names no time zone its times are the org's own, which the
// caller knows: this package asks nobody, and looks at no clock.
package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Never is the Every of what is never due.
const Never time.Duration = -1

// The patterns of texts that this package reads, in what regular expressions of Go and
// of JavaScript have in common. What they let through may still be refused: a length out
// of bounds, a time that never comes.
const (
	clockPattern   = `([0-9]+\.?[0-9]*|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)`
	LengthPattern  = `[0-9]+d(` + clockPattern + `)*|(` + clockPattern + `)+`
	cronPattern    = `\s*((CRON_)?TZ=\S+\s+)?[0-9A-Za-z*/,?#-]+(\s+[0-9A-Za-z*/,?#-]+){4}\s*`
	RefreshPattern = `off|sample|` + LengthPattern + `|` + cronPattern
	SweepPattern   = `off|` + LengthPattern + `|` + cronPattern
)

var lengthRE = regexp.MustCompile(`^(?:` + LengthPattern + `)$`)

// ParseDuration reads 7d, 36h, 15m or 1d12h.
func ParseDuration(s string) (time.Duration, error) {
	wrong := fmt.Errorf("%q is not a length of time, as in 7d, 36h or 15m", s)
	if !lengthRE.MatchString(s) {
		return 0, wrong
	}
	var total time.Duration
	rest := s
	if days, after, ok := strings.Cut(s, "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		if err != nil || n > 36500 {
			return 0, wrong
		}
		total, rest = time.Duration(n)*24*time.Hour, after
	}
	if rest != "" {
		d, err := time.ParseDuration(rest)
		if err != nil || d < 0 || d > 36500*24*time.Hour || strings.ContainsAny(rest, "+-") {
			return 0, wrong
		}
		total += d
	}
	if total == 0 {
		return 0, wrong
	}
	return total, nil
}
