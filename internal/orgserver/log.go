package orgserver

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Logged is an org that writes a line to a log for each request: when, what, and what came
// of it. What is asked is shown, since its data is made up; what opens the org is not.
func Logged(org http.Handler, to io.Writer, now func() time.Time) http.Handler {
	return &requestLog{of: org, to: to, now: now}
}

type requestLog struct {
	of  http.Handler
	now func() time.Time

	mu sync.Mutex // lines come whole
	to io.Writer
}

// ServeHTTP implements http.Handler.
func (l *requestLog) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	began, answer, outcome := l.now(), &countedAnswer{ResponseWriter: w}, "broken off"
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		_, _ = fmt.Fprintf(l.to, "%s %s %s %d bytes %s\n", began.UTC().Format("2006-01-02T15:04:05.000Z"), asked(r),
			outcome, answer.bytes, l.now().Sub(began).Round(time.Millisecond/10))
	}()
	l.of.ServeHTTP(answer, r)
	outcome = strconv.Itoa(cmp.Or(answer.status, http.StatusOK))
}

// asked is a request as a line has it. Only the values of parameters that are known to
// say what is wanted are shown: others may be tokens and passwords.
func asked(r *http.Request) string {
	var line strings.Builder
	line.WriteString(r.Method + " " + r.URL.EscapedPath())
	parameters := r.URL.Query()
	for _, name := range slices.Sorted(maps.Keys(parameters)) {
		switch name {
		case "q", "explain", "columns", "start", "end", "ids", "fields", "sObjects", "locator", "maxRecords", "jobType",
			"queryLocator", "allOrNone", "_HttpMethod":
			fmt.Fprintf(&line, " %s=%q", name, parameters.Get(name))
		default:
			fmt.Fprintf(&line, " %q=...", name)
		}
	}
	return line.String()
}

// A countedAnswer remembers what was answered.
type countedAnswer struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// WriteHeader implements http.ResponseWriter.
func (a *countedAnswer) WriteHeader(status int) {
	a.status = cmp.Or(a.status, status)
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a *countedAnswer) Write(p []byte) (int, error) {
	n, err := a.ResponseWriter.Write(p)
	a.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *countedAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }
