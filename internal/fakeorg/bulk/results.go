package bulk

import (
	"encoding/base64"
	"net/http"
	"strconv"

	"catchment/internal/fakeorg/encode"
	"catchment/internal/fakeorg/faults"
	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
	"catchment/internal/fakeorg/web"
)

// pagesAtOnce is how many result pages one resultPages call names.
const pagesAtOnce = 5

// locator names the page that begins with a record; it means the same for as
// long as the job exists.
func locator(from int) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(from), 10))
}

// pageStart reads a locator; none means the first page.
func pageStart(text string, total int) (int, error) {
	if text == "" {
		return 0, nil
	}
	digits, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		from, err := strconv.Atoi(string(digits))
		if err == nil && from >= 0 && (from < total || from == 0) {
			return from, nil
		}
	}
	return 0, reply.Bad("INVALID_QUERY_LOCATOR", "invalid query locator")
}

// finished finds a job whose results can be read by this call.
func (b *Queries) finished(c *web.Call) (*job, error) {
	j, err := b.findJob(c)
	if err != nil {
		return nil, err
	}
	if j.version != c.Version {
		return nil, reply.Refuse(http.StatusConflict, "API_ERROR",
			"The API version %s of the request doesn't match the version %s that the job was created with",
			c.Version[1:], j.version[1:])
	}
	if state := b.state(c.Context(), j); state != jobComplete {
		return nil, reply.Bad("INVALIDJOBSTATE", "Results are not available: the job is in state %s", state)
	}
	return j, nil
}

// pageSize is how many records a page holds.
func (b *Queries) pageSize(c *web.Call) (int, error) {
	text := c.FormValue("maxRecords")
	if text == "" {
		return b.options.PageRecords, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, reply.Bad("INVALID_ARGUMENT_TYPE", "maxRecords must be a positive number")
	}
	return min(n, b.options.PageRecords), nil
}

// results streams one page. Rows are computed as they are sent.
func (b *Queries) results(w http.ResponseWriter, c *web.Call) error {
	j, err := b.finished(c)
	if err != nil {
		return err
	}
	size, err := b.pageSize(c)
	if err != nil {
		return err
	}
	from, err := pageStart(c.FormValue("locator"), j.reading.total)
	if err != nil {
		return err
	}
	count := min(size, j.reading.total-from)
	next := "null" // the text, as Salesforce has it
	if from+count < j.reading.total {
		next = locator(from + count)
	}
	announced := count
	if c.Fault != nil {
		announced += c.Fault.ExtraRecords
		if c.Fault.DuplicatePage {
			from = max(0, from-size)
		}
	}
	w.Header().Set("Content-Type", "text/csv; charset=UTF-8")
	w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(announced))
	w.Header().Set("Sforce-Locator", next)
	faults.Omit(c.Fault, w.Header())
	b.writeCSV(w, c, j, from, count)
	return nil
}

// writeCSV writes a header row and count rows. What goes wrong from here on
// can only break the connection off: the answer has begun.
func (b *Queries) writeCSV(w http.ResponseWriter, c *web.Call, j *job, from, count int) {
	rows := encode.NewCSV(j.reading.parts[0].Result, delimiters()[j.delimiter], lineEndings()[j.ending])
	if c.VersionNumber() < 50 {
		rows.ByName()
	}
	dst := rows.AppendHeader(make([]byte, 0, 2*encode.FlushAt))
	sent := error(nil)
	flush := func() {
		_, sent = w.Write(dst)
		b.usage.Sent(len(dst))
		dst = dst[:0]
	}
	err := j.reading.each(c.Context(), from, count, func(r *store.Row) bool {
		dst = rows.AppendRow(dst, r)
		if len(dst) >= encode.FlushAt {
			flush()
		}
		return sent == nil
	})
	if err != nil || sent != nil {
		panic(http.ErrAbortHandler)
	}
	flush()
}

// resultPages names the next pages, to be fetched side by side.
func (b *Queries) resultPages(w http.ResponseWriter, c *web.Call) error {
	if c.VersionNumber() < 58 {
		return reply.NotFound()
	}
	j, err := b.finished(c)
	if err != nil {
		return err
	}
	from, err := pageStart(c.FormValue("locator"), j.reading.total)
	if err != nil {
		return err
	}
	at := "/services/data/" + c.Version + "/jobs/query/" + j.id
	type resultPage struct {
		URL string `json:"resultUrl"`
	}
	answer := map[string]any{"done": true}
	pages := []resultPage{}
	for len(pages) == 0 || from < j.reading.total {
		if len(pages) == pagesAtOnce {
			answer["done"] = false
			answer["nextRecordsUrl"] = at + "/resultpages?locator=" + locator(from)
			break
		}
		pages = append(pages, resultPage{at + "/results?locator=" + locator(from)})
		from += b.options.PageRecords
	}
	answer["resultPages"] = pages
	reply.JSON(w, http.StatusOK, answer)
	return nil
}
