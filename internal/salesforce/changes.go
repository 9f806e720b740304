package salesforce

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// Updated is the answer of getUpdated.
type Updated struct {
	IDs     []string
	Covered time.Time // everything before it is committed; zero where Salesforce doesn't say
}

// A DeletedRecord is one entry of the delete log.
type DeletedRecord struct {
	ID string
	At time.Time
}

// Deleted is the answer of getDeleted.
type Deleted struct {
	Records  []DeletedRecord
	Earliest time.Time // the log begins here: a span that starts before may lack deletes
	Covered  time.Time // everything before it is committed; zero where Salesforce doesn't say
}

// Updated gives the Ids of the records that were made or changed between start
// and end. Both are cut to the minute and included; start may lie 30 days back.
func (c *Client) Updated(ctx context.Context, object string, start, end time.Time) (Updated, error) {
	var answer updatedAnswer
	var u Updated
	path, err := c.span(object, "updated", start, end)
	if err == nil {
		_, err = c.api.Read(ctx, &wire.Request{Method: http.MethodGet, Path: path}, answer.decode)
	}
	if err == nil {
		u, err = answer.read()
	}
	if err != nil {
		return Updated{}, fmt.Errorf("changed Ids of %s: %w", object, err)
	}
	return u, nil
}

type updatedAnswer struct {
	IDs     []string
	Covered string
}

func (a *updatedAnswer) decode(d *wire.Decoder) error {
	return d.Object(func(key string) error {
		switch key {
		case "ids":
			return elements(d, changesAtMost, &a.IDs)
		case "latestDateCovered":
			return d.Value(&a.Covered)
		}
		return d.Skip()
	})
}

func (a updatedAnswer) read() (Updated, error) {
	covered, err := ParseTime(a.Covered)
	return Updated{IDs: a.IDs, Covered: covered}, err
}

// Deleted gives the records that were deleted between start and end. Both are
// cut to the minute and included; start may lie 15 days back.
func (c *Client) Deleted(ctx context.Context, object string, start, end time.Time) (Deleted, error) {
	var answer deletedAnswer
	var d Deleted
	path, err := c.span(object, "deleted", start, end)
	if err == nil {
		_, err = c.api.Read(ctx, &wire.Request{Method: http.MethodGet, Path: path}, answer.decode)
	}
	if err == nil {
		d, err = answer.read()
	}
	if err != nil {
		return Deleted{}, fmt.Errorf("deleted Ids of %s: %w", object, err)
	}
	return d, nil
}

type deletedAnswer struct {
	Records  []deletedEntry
	Earliest string
	Covered  string
}

type deletedEntry struct {
	ID string `json:"id"`
	At string `json:"deletedDate"`
}

func (a *deletedAnswer) decode(d *wire.Decoder) error {
	return d.Object(func(key string) error {
		switch key {
		case "deletedRecords":
			return elements(d, changesAtMost, &a.Records)
		case "earliestDateAvailable":
			return d.Value(&a.Earliest)
		case "latestDateCovered":
			return d.Value(&a.Covered)
		}
		return d.Skip()
	})
}

func (a deletedAnswer) read() (d Deleted, err error) {
	d.Records = make([]DeletedRecord, len(a.Records))
	for i, r := range a.Records {
		d.Records[i].ID = r.ID
		if err == nil {
			d.Records[i].At, err = ParseTime(r.At)
		}
	}
	if err == nil {
		d.Earliest, err = ParseTime(a.Earliest)
	}
	if err == nil {
		d.Covered, err = ParseTime(a.Covered)
	}
	return d, err
}

// span writes the path of getUpdated or getDeleted.
func (c *Client) span(object, what string, start, end time.Time) (string, error) {
	if end.Sub(start) <= time.Minute {
		return "", plan.Failf(plan.Bug, "", "a span has to be longer than a minute, this one is %s", end.Sub(start))
	}
	v := url.Values{}
	v.Set("start", spanTime(start))
	v.Set("end", spanTime(end))
	return c.api.Path("sobjects", object, what) + "/?" + v.Encode(), nil
}

func spanTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05+00:00") }

// ParseTime reads 2026-01-02T03:04:05.000+0000 and the forms with Z or a colon
// in the offset. "" is the zero time.
func ParseTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	layout := "2006-01-02T15:04:05Z0700"
	if strings.LastIndexByte(text, ':') == len(text)-3 {
		layout = "2006-01-02T15:04:05Z07:00"
	}
	t, err := time.Parse(layout, text)
	if err != nil {
		return time.Time{}, plan.Strangef("an answer has a time in a form that the guide doesn't know")
	}
	return t.UTC(), nil
}
