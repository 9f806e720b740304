package rest

import (
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/query"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/tooling"
	"catchment/internal/fakeorg/web"
)

// The records on one page of a REST query.
const (
	smallestBatch = 200
	largestBatch  = 2000
)

// Queries answers statements.
type Queries struct {
	store   *store.Store
	clock   *orgtime.Clock
	asker   *query.Asker
	cursors *query.Cursors
}

// NewQueries makes Queries of what an asker understands.
func NewQueries(s *store.Store, clock *orgtime.Clock, a *query.Asker, cursors *query.Cursors) *Queries {
	return &Queries{store: s, clock: clock, asker: a, cursors: cursors}
}

// Routes are the ways to the answers of statements.
func (a *Queries) Routes() map[string]web.Resource {
	return map[string]web.Resource{
		"/query":              {Kind: "query", Methods: web.Get(a.query)},
		"/queryAll":           {Kind: "query", Methods: web.Get(a.queryAll)},
		"/query/{locator}":    {Kind: "query-more", Methods: web.Get(a.queryMore)},
		"/queryAll/{locator}": {Kind: "query-more", Methods: web.Get(a.queryMore)},
	}
}

func (a *Queries) query(w http.ResponseWriter, c *web.Call) error    { return a.firstPage(w, c, false) }
func (a *Queries) queryAll(w http.ResponseWriter, c *web.Call) error { return a.firstPage(w, c, true) }

func (a *Queries) firstPage(w http.ResponseWriter, c *web.Call, all bool) error {
	text := c.FormValue("q")
	if plan := c.FormValue("explain"); plan != "" && text == "" {
		return a.explain(w, c, plan)
	}
	if text == "" {
		return reply.Bad("MALFORMED_QUERY", "A query string has to be specified")
	}
	batch, err := batchSize(c.Header)
	if err != nil {
		return err
	}
	if _, ok := tooling.Describes(text); ok {
		return NewTooling(a.store, a.clock).answer(w, c, text, "/sobjects")
	}
	q, err := a.asker.In(c.VersionNumber()).Ask(text, all)
	if err != nil {
		return err
	}
	if c.Fault != nil {
		q.Twice = c.Fault.Twice
	}
	if c.Fault.TooComplex(len(q.Bound.Columns)) {
		return faults.Named()["too-complicated"]
	}
	if c.FormValue("columns") == "true" {
		writeColumns(w, q)
		return nil
	}
	r, err := query.Answer(c.Context(), a.store.Now(), q, query.At(a.clock.Now()))
	if err != nil {
		return err
	}
	if c.Fault != nil && c.Fault.TimeOutOver > 0 && r.Total > c.Fault.TimeOutOver {
		return faults.Named()["query-timeout"]
	}
	if q.Bound.Count {
		reply.JSON(w, http.StatusOK, map[string]any{"totalSize": r.Total, "done": true, "records": []any{}})
		return nil
	}
	if q.Bound.Grouped {
		writeGroups(w, r)
		return nil
	}
	locator := ""
	if r.Total > batch {
		locator = a.cursors.Add(r, a.clock.Now())
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
		return 0, reply.Bad("INVALID_QUERY_OPTIONS",
			"Sforce-Query-Options: batchSize must be between %d and %d", smallestBatch, largestBatch)
	}
	return n, nil
}

func (a *Queries) queryMore(w http.ResponseWriter, c *web.Call) error {
	batch, err := batchSize(c.Header)
	if err != nil {
		return err
	}
	at, err := a.cursors.Find(c.PathValue("locator"), a.clock.Now())
	if err != nil {
		return err
	}
	return writePage(w, c, page{at.Result, at.Name, at.From, batch})
}

// A page is a part of a result.
type page struct {
	*query.Result
	locator     string
	from, count int
}

// writeGroups answers a grouped statement; it has no pages.
func writeGroups(w http.ResponseWriter, r *query.Result) {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	dst := strconv.AppendInt([]byte(`{"totalSize":`), int64(r.Total), 10)
	dst = append(dst, `,"done":true,"records":[`...)
	rows := &encode.JSON{}
	for i, g := range r.Groups {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = rows.AppendGroup(dst, r, g)
	}
	_, _ = w.Write(append(dst, `]}`...))
}

func writePage(w http.ResponseWriter, c *web.Call, p page) error {
	w.Header().Set("Content-Type", "application/json;charset=UTF-8")
	next := p.from + p.count
	dst := append(make([]byte, 0, 2*encode.FlushAt), `{"totalSize":`...)
	dst = strconv.AppendInt(dst, int64(p.Total), 10)
	dst = append(dst, `,"done":`...)
	dst = strconv.AppendBool(dst, next >= p.Total)
	if next < p.Total {
		dst = append(dst, `,"nextRecordsUrl":"/services/data/`+c.Version+`/query/`...)
		dst = append(dst, query.Locator(p.locator, next)+`"`...)
	}
	dst = append(dst, `,"records":[`...)
	rows, first := encode.NewJSON(c.Version, p.Result), true
	sent := error(nil)
	err := p.Each(c.Context(), p.from, p.count, func(r *store.Row) bool {
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = rows.AppendRow(dst, r)
		if len(dst) >= encode.FlushAt {
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
