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
	"strings"
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
	out := make([]Described, len(objects))
	var parts []part
	for i, o := range objects {
		parts = append(parts, part{"describe", c.api.Path("sobjects", o, "describe"), &out[i].Err,
			func(d *wire.Decoder) error { return readDescribe(d, &out[i].Object) }})
	}
	if err := askTogether(ctx, c.api, parts); err != nil {
		return nil, err
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
	out := make([]Changes, len(spans))
	var parts []part
	for i, s := range spans {
		path, err := c.span(s.Object, "updated", s.Start, s.End)
		if err != nil {
			return nil, err
		}
		u := &out[i]
		parts = append(parts, part{"updated", path, &u.UpdatedErr, func(d *wire.Decoder) error {
			var answer updatedAnswer
			return answered(d, &answer, &u.Updated)
		}})
		if !s.Deletes {
			continue
		}
		if path, err = c.span(s.Object, "deleted", s.Start, s.End); err != nil {
			return nil, err
		}
		parts = append(parts, part{"deleted", path, &u.DeletedErr, func(d *wire.Decoder) error {
			var answer deletedAnswer
			return answered(d, &answer, &u.Deleted)
		}})
	}
	if err := askTogether(ctx, c.api, parts); err != nil {
		return nil, err
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
		counted := make([]Counted, len(some))
		var parts []part
		for i, q := range some {
			parts = append(parts, part{"query", queryPath(c.api, q, all), &counted[i].Err, func(d *wire.Decoder) error {
				var answer countAnswer
				return answered(d, &answer, &counted[i].Records)
			}})
		}
		if err := askTogether(ctx, c.api, parts); err != nil {
			return nil, err
		}
		out = append(out, counted...)
	}
	return out, nil
}

type countAnswer struct {
	Total *int64 `json:"totalSize"`
}

func (a countAnswer) read() (int64, error) {
	if a.Total == nil {
		return 0, plan.Strangef("count: the answer has no totalSize")
	}
	return *a.Total, nil
}

func (a *countAnswer) decode(d *wire.Decoder) error { return d.Value(a) }

// An answer is decoded first, and then read as what it means.
type answer[T any] interface {
	decode(d *wire.Decoder) error
	read() (T, error)
}

// answered reads the answer to one question.
func answered[T any](d *wire.Decoder, a answer[T], into *T) error {
	if err := a.decode(d); err != nil {
		return err
	}
	var err error
	*into, err = a.read()
	return err
}

// A part is one GET within a composite request.
type part struct {
	kind string // what it asks of an object
	path string
	err  *error // what became of it
	read func(d *wire.Decoder) error
}

// failed notes what became of a part.
func (p part) failed(err error) { *p.err = err }

// askTogether sends parts in composite requests. Its error is about them all:
// ErrNotTogether where the org refuses them as such, or refuses every part of
// one kind in one request without a reason that lies in an object.
func askTogether(ctx context.Context, api wire.API, parts []part) error {
	for some := range slices.Chunk(parts, together) {
		err := composite(ctx, api, some)
		if err == nil {
			err = refusedTogether(some)
		}
		if err != nil {
			return fmt.Errorf("composite request: %w", err)
		}
	}
	return nil
}

// composite sends one composite request. Its parts only read, so it may be sent
// again. Each is taken out of the answer as it comes: together they are large.
func composite(ctx context.Context, api wire.API, parts []part) error {
	type request struct {
		Method    string `json:"method"`
		URL       string `json:"url"`
		Reference string `json:"referenceId"`
	}
	asked := make([]request, len(parts))
	for i, p := range parts {
		asked[i] = request{http.MethodGet, p.path, reference(i)}
		p.failed(plan.Strangef("%s: the composite answer lacks it", p.path))
	}
	text, err := json.Marshal(map[string]any{"allOrNone": false, "compositeRequest": asked})
	if err != nil {
		return fmt.Errorf("write a request: %w", err)
	}
	r := &wire.Request{Method: http.MethodPost, Path: api.Path("composite"), Body: text,
		Header: http.Header{"Content-Type": {"application/json"}}}
	_, err = api.Read(ctx, r, func(d *wire.Decoder) error {
		return d.Object(func(key string) error {
			if key != "compositeResponse" {
				return d.Skip()
			}
			answers := 0
			return d.Array(func() error {
				if answers++; answers > len(parts) {
					return errUnasked
				}
				return readPart(d, api.Bounds, parts)
			})
		})
	})
	class := plan.ClassOf(err)
	if err != nil && !errors.Is(err, errUnasked) && (class == plan.Fix || class == plan.Bug) {
		return fmt.Errorf("%w: %w", ErrNotTogether, err)
	}
	return err
}

// errUnasked says that answers and questions can't be told apart.
var errUnasked = errors.New("the composite answer has a part that nobody asked for")

// reference names a part within a request.
func reference(i int) string { return "r" + strconv.Itoa(i) }

// readPart reads the answer to one part, and notes what became of it.
func readPart(d *wire.Decoder, bounds wire.Bounds, parts []part) error {
	var answer struct {
		Body      json.RawMessage `json:"body"`
		Status    int             `json:"httpStatusCode"`
		Reference string          `json:"referenceId"`
	}
	if err := d.Value(&answer); err != nil {
		return err
	}
	i := 0
	for i < len(parts) && reference(i) != answer.Reference {
		i++
	}
	if i == len(parts) {
		return errUnasked
	}
	p := parts[i]
	if answer.Status >= http.StatusBadRequest {
		text := io.NopCloser(bytes.NewReader(answer.Body))
		e := fault.Decode(&http.Response{StatusCode: answer.Status, Header: http.Header{}, Body: text})
		e.Resource, _, _ = strings.Cut(p.path, "?")
		p.failed(fault.Classify(e))
		return nil
	}
	err := p.read(wire.NewDecoder(bytes.NewReader(answer.Body), bounds))
	if _, classed := errors.AsType[*plan.Failure](err); err != nil && !classed {
		err = plan.Strangef("a part of a composite answer isn't the JSON of the guide: %w",
			wire.Unquoted(err))
	}
	p.failed(err)
	return nil
}

// refusedTogether tells whether the org answers some kind of question not at
// all within a composite request. What lies in one object is no refusal.
func refusedTogether(parts []part) error {
	answered, refusal := map[string]bool{}, map[string]error{}
	for _, p := range parts {
		err := *p.err
		switch fault.CodeOf(err) {
		case "NOT_FOUND", "INVALID_REPLICATION_DATE", "EXCEEDED_ID_LIMIT", "INVALID_TYPE_FOR_OPERATION":
			continue
		}
		if err == nil {
			answered[p.kind] = true
		} else if class := plan.ClassOf(err); class == plan.Fix || class == plan.Bug {
			refusal[p.kind] = err
		}
	}
	for kind, err := range refusal {
		if !answered[kind] {
			return fmt.Errorf("%w: %s: %w", ErrNotTogether, kind, err)
		}
	}
	return nil
}
