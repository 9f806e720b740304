package salesforce

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// A Body is the bytes of a file on their way. It ends with an error where it is cut, and
// never as a short one, as far as the answer said how long it is.
type Body struct {
	io.ReadCloser
	From int64  // the place in the body where the answer begins; 0 where no part was given
	Size int64  // of the body as a whole, as the answer says it; -1 where it doesn't
	Type string // its content type, without parameters
}

// Body asks for the body of a record, which stands in a field, from a place in it on. That
// takes one call (REST API guide, "sObject Blob Get"). The guide promises no parts: a server
// that doesn't know them gives the body from its start, and From tells.
func (c *Client) Body(ctx context.Context, object, id, field string, from int64) (*Body, error) {
	header := http.Header{"Accept-Encoding": {"identity"}}
	if from > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", from))
	}
	resp, err := c.api.Send(ctx, &wire.Request{
		Method: http.MethodGet, Path: c.api.Path("sobjects", object, id, field), Header: header, Raw: true,
	})
	if err != nil {
		return nil, fmt.Errorf("body of %s %s: %w", object, id, err)
	}
	b, err := bodyOf(resp, from)
	if err != nil {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("body of %s %s: %w", object, id, err)
	}
	return b, nil
}

// bodyOf reads the headers of a body.
func bodyOf(resp *http.Response, from int64) (*Body, error) {
	b := &Body{ReadCloser: resp.Body, Size: resp.ContentLength}
	if kind, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type")); err == nil {
		b.Type = kind
	}
	if encoding := resp.Header.Get("Content-Encoding"); encoding != "" && encoding != "identity" {
		return nil, plan.Strangef("the answer has an encoding that nobody asked for")
	}
	if resp.StatusCode != http.StatusPartialContent {
		return b, nil
	}
	var err error
	if b.From, b.Size, err = partOf(resp.Header.Get("Content-Range")); err != nil || b.From != from || from == 0 {
		return nil, plan.Strangef("the answer is a part of the body that nobody asked for")
	}
	return b, nil
}

// partOf reads "bytes 100-199/200", where the size may be "*": from where, and of how many.
func partOf(text string) (from, size int64, err error) {
	rest, _ := strings.CutPrefix(text, "bytes ")
	span, whole, _ := strings.Cut(rest, "/")
	first, _, _ := strings.Cut(span, "-")
	if from, err = strconv.ParseInt(first, 10, 64); err != nil {
		return 0, 0, err
	}
	if whole == "*" {
		return from, -1, nil
	}
	size, err = strconv.ParseInt(whole, 10, 64)
	return from, size, err
}
