package pubsub

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	"catchment/internal/eventbus"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/salesforce/login"
	"catchment/internal/salesforce/pubsub/change"
)

// schemasAtMost are kept: an object has a new one each time that its fields change.
const schemasAtMost = 200

// schemaWait is how long a schema is waited for.
const schemaWait = time.Minute

// idAtMost bounds what is taken for the Id of a schema: Salesforce's is a digest of 22 characters.
const idAtMost = 200

// schemas are those that were asked for. An Id always means the same one.
type schemas struct {
	mu    sync.Mutex
	known map[string]*change.Schema
	order []string // the oldest first
}

func (s *schemas) get(id string) *change.Schema {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.known[id]
}

func (s *schemas) put(id string, schema *change.Schema) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.known == nil {
		s.known = map[string]*change.Schema{}
	}
	if s.known[id] == nil {
		s.order = append(s.order, id)
	}
	s.known[id] = schema
	if len(s.order) > schemasAtMost {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
}

// schema gives the schema of an Id. An error of which verdict.event is set is that event's alone.
func (c *Client) schema(ctx context.Context, id string, as login.Session) (*change.Schema, error) {
	if id == "" || len(id) > idAtMost {
		return nil, unreadable("an event doesn't say by which schema it was written")
	}
	if known := c.schemas.get(id); known != nil {
		return known, nil
	}
	conn, err := c.conns.take()
	if err != nil {
		return nil, err
	}
	defer c.conns.give(conn, false)
	ctx, cancel := context.WithTimeout(ctx, schemaWait)
	defer cancel()
	var trailer metadata.MD
	info, err := eventbus.NewPubSubClient(conn).GetSchema(signed(ctx, as), &eventbus.SchemaRequest{SchemaId: id},
		grpc.Trailer(&trailer))
	if err != nil {
		return nil, refused("read the schema "+printable.Line(id), err, trailer, as.Token)
	}
	if info.GetSchemaId() != id {
		return nil, unreadable("another schema was answered than was asked for")
	}
	parsed, err := change.ParseSchema(info.GetSchemaJson())
	if err != nil {
		return nil, unreadable(err.Error())
	}
	c.schemas.put(id, parsed)
	return parsed, nil
}

// unreadable is the error of an event whose schema can't be had, ever.
func unreadable(why string) error {
	r := &refusal{what: "read the schema of an event", message: why, verdict: verdict{class: plan.Bug, event: true}}
	return &plan.Failure{Class: plan.Bug, Hint: readHint, Err: r}
}

// signed makes the calls of ctx those of a session. Its token goes to the endpoint alone.
func signed(ctx context.Context, s login.Session) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "accesstoken", s.Token, "instanceurl", s.InstanceURL,
		"tenantid", s.OrgID)
}
