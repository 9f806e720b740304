package cli

import (
	"fmt"
	"time"

	"catchment/internal/status"
)

// printer prints reports in the form that was asked for.
func (s *session) printer() status.Printer {
	return status.Printer{Results: s.Stdout, Talk: s.Stderr, JSON: s.json}
}

// print says something.
func (s *session) print(r status.Report) error { return s.printer().Print(r) }

// say talks to the user on stderr, also where JSON was asked for.
func (s *session) say(format string, args ...any) {
	fmt.Fprintf(s.Stderr, format+"\n", args...)
}

// behind is how far a watermark is behind, nil where there is none. The
// watermark is the org's time and now is this machine's, which may be earlier.
func (s *session) behind(watermark time.Time) *status.Seconds {
	if watermark.IsZero() {
		return nil
	}
	return new(status.Seconds(max(s.Now().Sub(watermark), 0)))
}

// hintFor is what to do about a failure, nil where there is none.
func hintFor(failure, hint string) *string {
	if failure == "" {
		return nil
	}
	return &hint
}
