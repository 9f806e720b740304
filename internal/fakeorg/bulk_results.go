package fakeorg

import (
	"encoding/base64"
	"net/http"
	"strconv"
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
	return 0, refuse(http.StatusBadRequest, "INVALID_QUERY_LOCATOR", "invalid query locator")
}

// finished finds a job whose results can be read by this call.
func (b *jobs) finished(c *call) (*job, error) {
	j, err := b.findJob(c)
	if err != nil {
		return nil, err
	}
	if j.version != c.version {
		return nil, refuse(http.StatusConflict, "API_ERROR",
			"The API version %s of the request doesn't match the version %s that the job was created with", c.version[1:], j.version[1:])
	}
	if state := b.state(c.Context(), j); state != jobComplete {
		return nil, refuse(http.StatusBadRequest, "INVALIDJOBSTATE", "Results are not available: the job is in state %s", state)
	}
	return j, nil
}

// pageSize is how many records a page holds.
func (b *jobs) pageSize(c *call) (int, error) {
	text := c.FormValue("maxRecords")
	if text == "" {
		return b.options.PageRecords, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, refuse(http.StatusBadRequest, "INVALID_ARGUMENT_TYPE", "maxRecords must be a positive number")
	}
	return min(n, b.options.PageRecords), nil
}

// results streams one page. Rows are computed as they are sent.
func (b *jobs) results(w http.ResponseWriter, c *call) error {
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
	if c.fault != nil {
		announced += c.fault.ExtraRecords
		if c.fault.DuplicatePage {
			from = max(0, from-size)
		}
	}
	w.Header().Set("Content-Type", "text/csv; charset=UTF-8")
	w.Header().Set("Sforce-NumberOfRecords", strconv.Itoa(announced))
	w.Header().Set("Sforce-Locator", next)
	omit(c.fault, w.Header())
	b.writeCSV(w, c, j, from, count)
	return nil
}

// writeCSV writes a header row and count rows. What goes wrong from here on
// can only break the connection off: the answer has begun.
func (b *jobs) writeCSV(w http.ResponseWriter, c *call, j *job, from, count int) {
	rows := newCSVWriter(j.reading.parts[0].result, delimiters()[j.delimiter], lineEndings()[j.ending])
	dst := rows.appendHeader(make([]byte, 0, 2*flushAt))
	sent := error(nil)
	flush := func() {
		_, sent = w.Write(dst)
		b.usage.sent(len(dst))
		dst = dst[:0]
	}
	err := j.reading.each(c.Context(), from, count, func(r *row) bool {
		dst = rows.appendRow(dst, r)
		if len(dst) >= flushAt {
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
func (b *jobs) resultPages(w http.ResponseWriter, c *call) error {
	if c.versionNumber() < 58 {
		return notFound()
	}
	j, err := b.finished(c)
	if err != nil {
		return err
	}
	from, err := pageStart(c.FormValue("locator"), j.reading.total)
	if err != nil {
		return err
	}
	at := "/services/data/" + c.version + "/jobs/query/" + j.id
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
	writeJSON(w, http.StatusOK, answer)
	return nil
}
