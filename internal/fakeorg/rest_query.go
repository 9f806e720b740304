package fakeorg

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The records on one page of a REST query.
const (
	smallestBatch = 200
	largestBatch  = 2000
)

// cursorLife is how long a query locator works.
const cursorLife = 48 * time.Hour

// cursors are the queries that clients may still read on from.
type cursors struct {
	mu   sync.Mutex
	made int
	open map[string]*cursor
}

type cursor struct {
	result *result
	until  time.Time
}

// queryAPI answers statements.
type queryAPI struct {
	store   *store
	clock   *Clock
	asker   *asker
	cursors cursors
}

func newQueryAPI(s *store, clock *Clock, a *asker) *queryAPI {
	return &queryAPI{store: s, clock: clock, asker: a}
}

// routes are the ways to the answers of statements.
func (a *queryAPI) routes() map[string]resource {
	return map[string]resource{
		"/query":              {"query", false, get(a.query)},
		"/queryAll":           {"query", false, get(a.queryAll)},
		"/query/{locator}":    {"query-more", false, get(a.queryMore)},
		"/queryAll/{locator}": {"query-more", false, get(a.queryMore)},
	}
}

func (a *queryAPI) query(w http.ResponseWriter, c *call) error    { return a.firstPage(w, c, false) }
func (a *queryAPI) queryAll(w http.ResponseWriter, c *call) error { return a.firstPage(w, c, true) }

func (a *queryAPI) firstPage(w http.ResponseWriter, c *call, all bool) error {
	text := c.FormValue("q")
	if plan := c.FormValue("explain"); plan != "" && text == "" {
		return a.explain(w, c, plan)
	}
	if text == "" {
		return refuse(http.StatusBadRequest, "MALFORMED_QUERY", "A query string has to be specified")
	}
	batch, err := batchSize(c.Header)
	if err != nil {
		return err
	}
	q, err := a.asker.ask(text, all)
	if err != nil {
		return err
	}
	if c.fault.tooComplex(len(q.bound.Columns)) {
		return namedAnswers()["too-complicated"]
	}
	if c.FormValue("columns") == "true" {
		writeColumns(w, q)
		return nil
	}
	r, err := answer(c.Context(), a.store.now(), q, soqlAt(a.clock.Now()))
	if err != nil {
		return err
	}
	if c.fault != nil && c.fault.TimeOutOver > 0 && r.total > c.fault.TimeOutOver {
		return namedAnswers()["query-timeout"]
	}
	if q.bound.Count {
		writeJSON(w, http.StatusOK, map[string]any{"totalSize": r.total, "done": true, "records": []any{}})
		return nil
	}
	if q.bound.Grouped {
		writeGroups(w, r)
		return nil
	}
	locator := ""
	if r.total > batch {
		locator = a.cursors.add(r, a.clock.Now())
	}
	return writePage(w, c, page{r, locator, 0, batch})
}

// batchSize reads Sforce-Query-Options; the size is a hint, and stays within
// its bounds.
func batchSize(h http.Header) (int, error) {
	option := strings.TrimSpace(h.Get("Sforce-Query-Options"))
	if option == "" {
		return largestBatch, nil
	}
	name, value, _ := strings.Cut(option, "=")
	n, err := strconv.Atoi(strings.TrimSpace(value))
	if !strings.EqualFold(strings.TrimSpace(name), "batchSize") || err != nil || n < smallestBatch || n > largestBatch {
		return 0, refuse(http.StatusBadRequest, "INVALID_QUERY_OPTIONS",
			"Sforce-Query-Options: batchSize must be between %d and %d", smallestBatch, largestBatch)
	}
	return n, nil
}

func (cs *cursors) add(r *result, now time.Time) string {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if cs.open == nil {
		cs.open = map[string]*cursor{}
	}
	for name, old := range cs.open {
		if now.After(old.until) {
			delete(cs.open, name)
		}
	}
	cs.made++
	name := makeID("01g", cs.made)
	cs.open[name] = &cursor{r, now.Add(cursorLife)}
	return name
}

func (cs *cursors) find(name string, now time.Time) (*result, bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	c, ok := cs.open[name]
	if !ok || now.After(c.until) {
		return nil, false
	}
	return c.result, true
}

var locatorForm = regexp.MustCompile(`^(01g\w{15})-(\d{1,9})$`)

func (a *queryAPI) queryMore(w http.ResponseWriter, c *call) error {
	batch, err := batchSize(c.Header)
	if err != nil {
		return err
	}
	m := locatorForm.FindStringSubmatch(c.PathValue("locator"))
	if m == nil {
		return refuse(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
	}
	r, ok := a.cursors.find(m[1], a.clock.Now())
	from, _ := strconv.Atoi(m[2]) // nine digits at most
	if !ok || from > r.total {
		return refuse(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
	}
	return writePage(w, c, page{r, m[1], from, batch})
}

// A page is a part of a result.
type page struct {
	*result
	locator     string
	from, count int
}

// flushAt is how much of an answer is put together before it is sent.
const flushAt = 64 << 10

// writeGroups answers a grouped statement; it has no pages.
func writeGroups(w http.ResponseWriter, r *result) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	dst := strconv.AppendInt([]byte(`{"totalSize":`), int64(r.total), 10)
	dst = append(dst, `,"done":true,"records":[`...)
	rows := &jsonWriter{}
	for i, g := range r.groups {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rows.appendGroup(dst, r, g)
	}
	_, _ = w.Write(append(dst, `]}`...))
}

func writePage(w http.ResponseWriter, c *call, p page) error {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	next := p.from + p.count
	dst := append(make([]byte, 0, 2*flushAt), `{"totalSize":`...)
	dst = strconv.AppendInt(dst, int64(p.total), 10)
	dst = append(dst, `,"done":`...)
	dst = strconv.AppendBool(dst, next >= p.total)
	if next < p.total {
		dst = append(dst, `,"nextRecordsUrl":"/services/data/`+c.version+`/query/`+p.locator+`-`...)
		dst = append(strconv.AppendInt(dst, int64(next), 10), '"')
	}
	dst = append(dst, `,"records":[`...)
	rows, first := newJSONWriter(c.version, p.result), true
	sent := error(nil)
	err := p.each(c.Context(), p.from, p.count, func(r *row) bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = rows.appendRow(dst, r)
		if len(dst) >= flushAt {
			_, sent = w.Write(dst)
			dst = dst[:0]
		}
		return sent == nil
	})
	if err != nil || sent != nil {
		panic(http.ErrAbortHandler) // the answer has begun: all that is left is to break it off
	}
	_, _ = w.Write(append(dst, `]}`...))
	return nil
}
