package appflow

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

const apiPath = "/services/data/v60.0"

// read fetches the records of a transfer, by Bulk or by REST.
func (s *Server) read(ctx context.Context, t transfer) ([][]string, error) {
	c := &orgClient{http: s.o.HTTP, profile: t.profile, pause: s.o.Pause}
	if err := c.login(ctx); err != nil {
		return nil, message("The request failed because the connector profile couldn't log in to Salesforce: %w", err)
	}
	soql := "SELECT " + strings.Join(t.fields, ", ") + " FROM " + t.object
	if len(t.where) > 0 {
		soql += " WHERE " + strings.Join(t.where, " AND ")
	}
	if t.bulk {
		return c.bulk(ctx, soql, t.deleted)
	}
	return c.rest(ctx, soql, t)
}

// An orgClient is AppFlow's own way to Salesforce.
type orgClient struct {
	http    *http.Client
	profile Profile
	pause   time.Duration
	token   string
}

func (c *orgClient) login(ctx context.Context) error {
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {c.profile.ClientID},
		"client_secret": {c.profile.ClientSecret}, "refresh_token": {c.profile.RefreshToken}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.profile.URL+"/services/oauth2/token",
		strings.NewReader(form.Encode()))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	var got struct {
		AccessToken string `json:"access_token"`
	}
	if _, err := c.send(req, &got); err != nil {
		return err
	}
	c.token = got.AccessToken
	return nil
}

// call sends a request and reads the answer into a value, or as bytes.
func (c *orgClient) call(ctx context.Context, method, path string, body, into any) (http.Header, error) {
	var b []byte
	if body != nil {
		var err error
		if b, err = json.Marshal(body); err != nil {
			return nil, err
		}
	}
	req, err := http.NewRequestWithContext(ctx, method, c.profile.URL+path, bytes.NewReader(b))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("Authorization", "Bearer "+c.token)
	return c.send(req, into)
}

func (c *orgClient) send(req *http.Request, into any) (http.Header, error) {
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode >= 300 {
		return nil, message("Salesforce answered %d: %s", resp.StatusCode, b)
	}
	switch into := into.(type) {
	case nil:
	case *[]byte:
		*into = b
	default:
		err = json.Unmarshal(b, into)
	}
	return resp.Header, err
}

// bulk reads by a Bulk API 2.0 query job, which it deletes afterwards.
func (c *orgClient) bulk(ctx context.Context, soql string, deleted bool) ([][]string, error) {
	operation := "query"
	if deleted {
		operation = "queryAll"
	}
	var job struct{ ID, State, ErrorMessage string }
	if _, err := c.call(ctx, http.MethodPost, apiPath+"/jobs/query",
		map[string]string{"operation": operation, "query": soql}, &job); err != nil {
		return nil, err
	}
	for looks := 0; job.State != "JobComplete"; looks++ {
		if job.State == "Failed" || job.State == "Aborted" || looks > 1000 {
			return nil, message("Salesforce job is %s: %s", job.State, job.ErrorMessage)
		}
		time.Sleep(c.pause)
		if _, err := c.call(ctx, http.MethodGet, apiPath+"/jobs/query/"+job.ID, nil, &job); err != nil {
			return nil, err
		}
	}
	rows, err := c.results(ctx, job.ID)
	_, gone := c.call(ctx, http.MethodDelete, apiPath+"/jobs/query/"+job.ID, nil, nil)
	return rows, errors.Join(err, gone)
}

func (c *orgClient) results(ctx context.Context, job string) ([][]string, error) {
	var rows [][]string
	for locator := ""; ; {
		var page []byte
		path := apiPath + "/jobs/query/" + job + "/results"
		if locator != "" {
			path += "?locator=" + url.QueryEscape(locator)
		}
		header, err := c.call(ctx, http.MethodGet, path, nil, &page)
		if err != nil {
			return nil, err
		}
		if all := fields(string(page)); len(all) > 0 {
			rows = append(rows, all[1:]...)
		}
		locator = header.Get("Sforce-Locator")
		if locator == "" || locator == "null" {
			return rows, nil
		}
	}
}

// rest reads by REST queries.
func (c *orgClient) rest(ctx context.Context, soql string, t transfer) ([][]string, error) {
	path := apiPath + "/query?q="
	if t.deleted {
		path = apiPath + "/queryAll?q="
	}
	path += url.QueryEscape(soql)
	var rows [][]string
	for path != "" {
		var page struct {
			Records        []map[string]any
			NextRecordsURL string `json:"nextRecordsUrl"`
		}
		var b []byte
		if _, err := c.call(ctx, http.MethodGet, path, nil, &b); err != nil {
			return nil, err
		}
		d := json.NewDecoder(bytes.NewReader(b))
		d.UseNumber() // numbers stay as they are written
		if err := d.Decode(&page); err != nil {
			return nil, err
		}
		for _, r := range page.Records {
			row := make([]string, len(t.fields))
			for i, name := range t.fields {
				if v := r[name]; v != nil {
					row[i] = fmt.Sprint(v)
				}
			}
			rows = append(rows, row)
		}
		path = page.NextRecordsURL
	}
	return rows, nil
}

// fields takes a page of CSV apart, as RFC 4180 has it. (encoding/csv makes a
// line feed of the line break that a text holds.)
func fields(page string) [][]string {
	var rows [][]string
	var row []string
	for rest := page; rest != ""; {
		var value string
		if text, quoted := strings.CutPrefix(rest, `"`); quoted {
			end := 0
			for end < len(text) {
				if text[end] != '"' {
					end++
				} else if strings.HasPrefix(text[end:], `""`) {
					end += 2
				} else {
					break
				}
			}
			value, rest = strings.ReplaceAll(text[:end], `""`, `"`), text[min(end+1, len(text)):]
		} else {
			end := strings.IndexAny(rest+"\n", ",\r\n")
			value, rest = rest[:end], rest[end:]
		}
		row = append(row, value)
		if next, more := strings.CutPrefix(rest, ","); more {
			if rest = next; rest == "" {
				rows = append(rows, append(row, ""))
			}
			continue
		}
		rows, row = append(rows, row), nil
		rest = strings.TrimPrefix(strings.TrimPrefix(rest, "\r"), "\n")
	}
	return rows
}
