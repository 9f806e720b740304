package salesforce

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/printable"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
)

// A JobState is how far a Bulk query job is.
type JobState string

// The states of a query job (Bulk API 2.0 guide, "Get Information About a
// Query Job").
const (
	UploadComplete JobState = "UploadComplete" // waits for its turn
	InProgress     JobState = "InProgress"
	JobComplete    JobState = "JobComplete"
	Aborted        JobState = "Aborted"
	Failed         JobState = "Failed"
)

// A QueryJob is a Bulk API 2.0 query job.
type QueryJob struct {
	ID         string
	Version    string // of the API; results must be read with the same
	State      JobState
	Object     string
	Records    int64     // processed so far; with JobComplete all
	Error      string    // with Failed: Salesforce's own words
	ServerDate time.Time // the Date of the answer that told all this
}

// path is where the job lies, by the version that made it.
func (j QueryJob) path() string { return wire.Path(j.Version, "jobs", "query", j.ID) }

// A Result is one page on its way: the bytes of the wire.
type Result struct {
	io.ReadCloser
	Gzip    bool
	Records int64  // Sforce-NumberOfRecords, -1 where it is missing
	Next    string // the URL of the next page, "" where this was the last
}

// CreateQueryJob posts a query job. Sent twice it makes two.
func (c *Client) CreateQueryJob(ctx context.Context, soql string, all bool) (QueryJob, error) {
	order := map[string]string{
		"operation":       "query",
		"query":           soql,
		"contentType":     "CSV",
		"columnDelimiter": "COMMA",
		"lineEnding":      "LF",
	}
	if all {
		order["operation"] = "queryAll"
	}
	body, err := json.Marshal(order)
	if err != nil {
		return QueryJob{}, fmt.Errorf("create query job: %w", err)
	}
	j, err := c.job(ctx, &wire.Request{
		Method: http.MethodPost,
		Path:   c.api.Path("jobs", "query"),
		Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
		Body:   body,
	})
	if err != nil {
		return QueryJob{}, fmt.Errorf("create query job: %w", err)
	}
	if j.Version != c.api.Version { // its pages would be asked for where they aren't
		return QueryJob{}, fmt.Errorf("create query job: %w",
			plan.Strangef("it was asked for in version %s, and is of %s", c.api.Version, j.Version))
	}
	return j, nil
}

// QueryJob asks how far a job is.
func (c *Client) QueryJob(ctx context.Context, id string) (QueryJob, error) {
	j, err := c.job(ctx, &wire.Request{Method: http.MethodGet, Path: c.api.Path("jobs", "query", id)})
	if err != nil {
		return QueryJob{}, fmt.Errorf("query job %s: %w", id, err)
	}
	return j, nil
}

func (c *Client) job(ctx context.Context, r *wire.Request) (QueryJob, error) {
	var answer struct {
		ID       string      `json:"id"`
		Object   string      `json:"object"`
		State    JobState    `json:"state"`
		Version  json.Number `json:"apiVersion"`
		Records  int64       `json:"numberRecordsProcessed"`
		ErrorMsg string      `json:"errorMessage"`
	}
	h, err := c.api.Call(ctx, r, &answer)
	if err != nil {
		return QueryJob{}, err
	}
	if answer.ID == "" || answer.State == "" {
		return QueryJob{}, plan.Strangef("the answer names no job")
	}
	version := versionOf(answer.Version, c.api.Version)
	if platform.Number(version) == 0 {
		return QueryJob{}, plan.Strangef("the answer names a job of version %s", printable.Cut(version, 20))
	}
	j := QueryJob{ID: answer.ID, Version: version, State: answer.State,
		Object: answer.Object, Records: answer.Records, Error: fault.Bearable(answer.ErrorMsg)}
	j.ServerDate, err = wire.Date(h)
	return j, err
}

// versionOf writes the version, a JSON number, as paths have it.
func versionOf(n json.Number, otherwise string) string {
	text := n.String()
	switch {
	case text == "":
		return otherwise
	case !strings.Contains(text, "."):
		return text + ".0"
	}
	return text
}

// ResultPages lists up to five result URLs of a completed job, from next on,
// or from the start where next is "". nextURL is "" with the last ones. A job of a
// version without platform.ResultPages has none, and nobody is asked.
func (c *Client) ResultPages(
	ctx context.Context, job QueryJob, next string,
) (pages []string, nextURL string, err error) {
	path := job.path() + "/resultPages"
	if !platform.ResultPages.In(job.Version) {
		return nil, "", fault.Classify(&fault.Error{Status: http.StatusNotFound, Resource: path})
	}
	if next != "" {
		if path, err = wire.LocalPath(next); err != nil {
			return nil, "", err
		}
	}
	// The guide's table spells nextRecordUrl, its sample nextRecordsUrl.
	var answer struct {
		Pages []struct {
			URL string `json:"resultUrl"`
		} `json:"resultPages"`
		Next      string `json:"nextRecordsUrl"`
		NextTable string `json:"nextRecordUrl"`
		Done      *bool  `json:"done"`
	}
	if _, err := c.api.Get(ctx, path, &answer); err != nil {
		return nil, "", fmt.Errorf("result pages of job %s: %w", job.ID, err)
	}
	for _, p := range answer.Pages {
		pages = append(pages, p.URL)
	}
	if nextURL = answer.Next; nextURL == "" {
		nextURL = answer.NextTable
	}
	if err := lastOrNext(answer.Done, nextURL); err != nil {
		return nil, "", fmt.Errorf("result pages of job %s: %w", job.ID, err)
	}
	return pages, nextURL, nil
}

// lastOrNext says what is wrong with an answer that has to be the last, or to name the next.
func lastOrNext(done *bool, next string) error {
	switch {
	case done == nil && next == "":
		return plan.Strangef("the answer says neither that it is the last (done) nor where the next one is")
	case done == nil:
		return plan.Strangef("the answer doesn't say whether it is the last (done)")
	case *done && next != "":
		return plan.Strangef("the answer is the last (done), and names a next one all the same")
	case !*done && next == "":
		return plan.Strangef("the answer isn't the last (done), and names no next one")
	}
	return nil
}

// Results opens one page of a completed job: at the URL page, or the first where that is
// "". The same URL gives the same page as long as the job exists.
func (c *Client) Results(ctx context.Context, job QueryJob, page string) (*Result, error) {
	path := job.path() + "/results"
	first := path
	if page != "" {
		var err error
		if path, err = wire.LocalPath(page); err != nil {
			return nil, err
		}
	}
	// Asking for gzip here keeps net/http from unpacking what comes.
	resp, err := c.api.Send(ctx, &wire.Request{
		Method: http.MethodGet,
		Path:   path,
		Header: http.Header{"Accept": {"text/csv"}, "Accept-Encoding": {"gzip"}},
		Pages:  true,
	})
	if err != nil {
		return nil, fmt.Errorf("results of job %s: %w", job.ID, err)
	}
	res, err := resultOf(resp, first)
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("results of job %s: %w", job.ID, err)
	}
	return res, nil
}

// resultOf reads the headers of a page. first is the path of the job's first
// page: a locator is a parameter of it.
func resultOf(resp *http.Response, first string) (*Result, error) {
	res := &Result{ReadCloser: resp.Body, Records: -1}
	kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil || kind != "text/csv" {
		return nil, plan.Strangef("the answer isn't CSV")
	}
	switch encoding := resp.Header.Get("Content-Encoding"); encoding {
	case "gzip":
		res.Gzip = true
	case "", "identity":
	default:
		return nil, plan.Strangef("the answer has an encoding that nobody asked for")
	}
	if text := resp.Header.Get("Sforce-NumberOfRecords"); text != "" {
		if res.Records, err = strconv.ParseInt(text, 10, 64); err != nil || res.Records < 0 {
			return nil, plan.Strangef("Sforce-NumberOfRecords isn't a number")
		}
	}
	if locator := resp.Header.Get("Sforce-Locator"); locator != "" && locator != "null" {
		res.Next = first + "?locator=" + url.QueryEscape(locator)
	}
	return res, nil
}

// DeleteQueryJob deletes a job and its results. One that still runs is aborted
// first, and one that is gone is no error.
func (c *Client) DeleteQueryJob(ctx context.Context, job QueryJob) error {
	path := job.path()
	err := c.api.Delete(ctx, path)
	if e, ok := errors.AsType[*fault.Error](err); ok && e.Status == http.StatusBadRequest {
		_, abort := c.api.Call(ctx, &wire.Request{
			Method: http.MethodPatch,
			Path:   path,
			Header: http.Header{"Content-Type": {"application/json; charset=UTF-8"}},
			Body:   []byte(`{"state":"Aborted"}`),
		}, nil)
		// It may have ended by itself since; whether it can go now decides.
		if err = c.api.Delete(ctx, path); err != nil && abort != nil {
			err = errors.Join(err, abort)
		}
	}
	if err != nil {
		return fmt.Errorf("delete job %s: %w", job.ID, err)
	}
	return nil
}
