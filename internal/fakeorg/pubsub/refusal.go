package pubsub

import (
	"context"
	"fmt"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// prefix stands before each code on the wire.
const prefix = "sfdc.platform.eventbus.grpc."

// statuses are the codes of "Handle Errors" (Pub/Sub API guide) that concern whoever subscribes, and the status of gRPC
// that each comes with. The guide names the status of some; the others are the ones that gRPC means for such a thing.
func statuses() map[string]codes.Code {
	return map[string]codes.Code{
		"concurrent.client.limit.exceeded":              codes.ResourceExhausted,
		"service.unavailable":                           codes.Unavailable,
		"service.auth.error":                            codes.Unauthenticated,
		"service.auth.headers.invalid":                  codes.Unauthenticated,
		"service.auth.refresh.invalid":                  codes.Unauthenticated,
		"service.protection.triggered":                  codes.ResourceExhausted,
		"service.protection.stream.limit.triggered":     codes.ResourceExhausted,
		"service.tenant.license":                        codes.PermissionDenied,
		"topic.not.found":                               codes.NotFound,
		"topic.meta.permission":                         codes.PermissionDenied,
		"topic.api.unavailable":                         codes.Unavailable,
		"topic.validation.empty":                        codes.InvalidArgument,
		"schema.meta.permission":                        codes.PermissionDenied,
		"schema.api.unavailable":                        codes.Unavailable,
		"schema.validation.failed":                      codes.InvalidArgument,
		"subscription.fetch.replayid.corrupted":         codes.InvalidArgument,
		"subscription.fetch.replayid.validation.failed": codes.InvalidArgument,
		"subscription.fetch.replay.repeated":            codes.Aborted,
		"subscription.fetch.overflow":                   codes.ResourceExhausted,
		"subscription.fetch.requested.events.invalid":   codes.InvalidArgument,
		"subscription.fetch.request.invalid":            codes.InvalidArgument,
		"subscription.fetch.topic.mismatch":             codes.InvalidArgument,
		"subscription.topic.cannot.subscribe":           codes.PermissionDenied,
		"subscription.limit.exceeded":                   codes.ResourceExhausted,
		"subscription.internal.error":                   codes.Internal,
	}
}

// A refusal is an error as the service answers it: a status of gRPC, and a code of Salesforce's own in the trailers.
type refusal struct{ code, message string }

// Error implements error.
func (r refusal) Error() string { return prefix + r.code + ": " + r.message }

func refuse(code, format string, args ...any) error {
	return refusal{strings.TrimPrefix(code, prefix), fmt.Sprintf(format, args...)}
}

// answer turns an error into what goes over the wire. What is no refusal goes there as it is.
func answer(ctx context.Context, err error, rpc string) error {
	r, ok := err.(refusal)
	if !ok {
		return err
	}
	trailer := metadata.Pairs("error-code", prefix+r.code, "rpc-id", rpc)
	if err := grpc.SetTrailer(ctx, trailer); err != nil {
		return err
	}
	return status.Errorf(statuses()[r.code], "%s. rpcId: %s", r.message, rpc)
}

// broken is what a client sees of a connection that breaks: no code of Salesforce's.
func broken() error { return status.Error(codes.Unavailable, "RST_STREAM closed stream") }
