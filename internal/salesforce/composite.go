package salesforce

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
)

// ErrNotTogether says that the org doesn't answer such questions within
// composite requests. Asked one by one, it does.
var ErrNotTogether = errors.New("the org doesn't answer these questions together")

// together is how many requests go into one composite request, which counts as
// one call, and queriesTogether how many where they are queries (REST API guide,
// "Send Multiple Requests Using Composite").
const (
	together        = 25
	queriesTogether = 5
)

// A Described is one of the answers of DescribeEach.
type Described struct {
	Object schema.Object
	Err    error
}

// DescribeEach describes many objects, 25 with each call.
func (c *Client) DescribeEach(ctx context.Context, objects []string) ([]Described, error) {
	var parts []part
	for _, o := range objects {
		parts = append(parts, part{"describe", c.api.Path("sobjects", o, "describe")})
	}
	replies, err := askTogether(ctx, c.api, parts)
	if err != nil {
		return nil, err
	}
	out := make([]Described, len(objects))
	for i, r := range replies {
		out[i].Err = r.err
		if r.err == nil && json.Unmarshal(r.body, &out[i].Object) != nil {
			out[i].Err = plan.Failf(plan.Bug, "", "describe %s: the answer isn't the JSON of the guide", objects[i])
		}
	}
	return out, nil
}

// A Span asks for the changed Ids of an object between two moments.
type Span struct {
	Object     string
	Start, End time.Time
	Deletes    bool // for the deleted ones too
}

// Changes is one of the answers of ChangesEach.
type Changes struct {
	Updated    Updated
	UpdatedErr error
	Deleted    Deleted
	DeletedErr error
}

// ChangesEach asks getUpdated and getDeleted of many objects, 25 with each
// call.
func (c *Client) ChangesEach(ctx context.Context, spans []Span) ([]Changes, error) {
	var parts []part
	for _, s := range spans {
		for _, kind := range s.kinds() {
			path, err := c.span(s.Object, kind, s.Start, s.End)
			if err != nil {
				return nil, err
			}
			parts = append(parts, part{kind, path})
		}
	}
	replies, err := askTogether(ctx, c.api, parts)
	if err != nil {
		return nil, err
	}
	out := make([]Changes, len(spans))
	for i, s := range spans {
		out[i].Updated, out[i].UpdatedErr = decodePart(replies[0], updatedAnswer.read)
		if s.Deletes {
			out[i].Deleted, out[i].DeletedErr = decodePart(replies[1], deletedAnswer.read)
		}
		replies = replies[len(s.kinds()):]
	}
	return out, nil
}

// A Counted is one of the answers of CountEach.
type Counted struct {
	Records int64
	Err     error
}

// CountEach counts what many SELECT COUNT() find, five with each call.
func (c *Client) CountEach(ctx context.Context, soql []string, all bool) ([]Counted, error) {
	var out []Counted
	for some := range slices.Chunk(soql, queriesTogether) {
		var parts []part
		for _, q := range some {
			parts = append(parts, part{"query", c.queryPath(q, all)})
		}
		replies, err := askTogether(ctx, c.api, parts)
		if err != nil {
			return nil, err
		}
		for _, r := range replies {
			n, err := decodePart(r, countAnswer.read)
			out = append(out, Counted{n, err})
		}
	}
	return out, nil
}

type countAnswer struct {
	Total *int64 `json:"totalSize"`
}

func (a countAnswer) read() (int64, error) {
	if a.Total == nil {
		return 0, plan.Failf(plan.Bug, "", "count: the answer has no totalSize")
	}
	return *a.Total, nil
}

func (s Span) kinds() []string {
	if s.Deletes {
		return []string{"updated", "deleted"}
	}
	return []string{"updated"}
}

func decodePart[A, T any](r reply, read func(A) (T, error)) (T, error) {
	var answer A
	if r.err == nil && json.Unmarshal(r.body, &answer) != nil {
		r.err = plan.Failf(plan.Bug, "", "a part of a composite answer isn't the JSON of the guide")
	}
	if r.err != nil {
		var none T
		return none, r.err
	}
	return read(answer)
}

// A part is one GET within a composite request.
type part struct {
	kind string // what it asks of an object
	path string
}

// A reply is the answer to a part.
type reply struct {
	body json.RawMessage
	err  error
}

// askTogether sends parts in composite requests. Its error is about them all:
// ErrNotTogether where the org refuses them as such, or refuses every part of
// one kind in one request without a reason that lies in an object.
func askTogether(ctx context.Context, api wire.API, parts []part) ([]reply, error) {
	var all []reply
	for len(parts) > 0 {
		n := min(len(parts), together)
		replies, err := composite(ctx, api, parts[:n])
		if err == nil {
			err = refusedTogether(parts[:n], replies)
		}
		if err != nil {
			return nil, fmt.Errorf("composite request: %w", err)
		}
		all, parts = append(all, replies...), parts[n:]
	}
	return all, nil
}

// composite sends one composite request. Its parts only read, so it may be sent
// again.
func composite(ctx context.Context, api wire.API, parts []part) ([]reply, error) {
	type request struct {
		Method    string `json:"method"`
		URL       string `json:"url"`
		Reference string `json:"referenceId"`
	}
	asked := make([]request, len(parts))
	for i, p := range parts {
		asked[i] = request{http.MethodGet, p.path, "r" + strconv.Itoa(i)}
	}
	var answer struct {
		Parts []struct {
			Body      json.RawMessage `json:"body"`
			Status    int             `json:"httpStatusCode"`
			Reference string          `json:"referenceId"`
		} `json:"compositeResponse"`
	}
	body := map[string]any{"allOrNone": false, "compositeRequest": asked}
	if err := api.Post(ctx, api.Path("composite"), body, &answer); err != nil {
		if class := plan.ClassOf(err); class == plan.Fix || class == plan.Bug {
			return nil, fmt.Errorf("%w: %w", ErrNotTogether, err)
		}
		return nil, err
	}
	replies := make([]reply, len(parts))
	for i := range replies {
		replies[i].err = plan.Failf(plan.Bug, "", "%s: the composite answer lacks it", parts[i].path)
	}
	for _, p := range answer.Parts {
		i, err := strconv.Atoi(p.Reference[min(1, len(p.Reference)):])
		if err != nil || i < 0 || i >= len(parts) {
			return nil, plan.Failf(plan.Bug, "", "the composite answer has a part that nobody asked for")
		}
		replies[i] = reply{body: p.Body}
		if p.Status >= http.StatusBadRequest {
			text := io.NopCloser(bytes.NewReader(p.Body))
			e := fault.Decode(&http.Response{StatusCode: p.Status, Header: http.Header{}, Body: text})
			e.Resource = (&asked[i]).URL
			replies[i].err = fault.Classify(e)
		}
	}
	return replies, nil
}

// refusedTogether tells whether the org answers some kind of question not at
// all within a composite request. What lies in one object is no refusal.
func refusedTogether(parts []part, replies []reply) error {
	answered, refusal := map[string]bool{}, map[string]error{}
	for i, r := range replies {
		switch fault.CodeOf(r.err) {
		case "NOT_FOUND", "INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT", "INVALID_TYPE_FOR_OPERATION":
			continue
		}
		if r.err == nil {
			answered[parts[i].kind] = true
		} else if class := plan.ClassOf(r.err); class == plan.Fix || class == plan.Bug {
			refusal[parts[i].kind] = r.err
		}
	}
	for kind, err := range refusal {
		if !answered[kind] {
			return fmt.Errorf("%w: %s: %w", ErrNotTogether, kind, err)
		}
	}
	return nil
}
