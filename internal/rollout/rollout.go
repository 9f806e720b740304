// Package rollout brings a rendered deployment into an account of AWS, and takes
// it away again: the program of the functions under its hash, the configuration,
// and one CloudFormation stack, which is made, changed, or made anew where the
// last try left a ruin.
//
// What it asks of the account are the interfaces of this file; cmd/internal/account
// is the one that talks to AWS, and cli is who calls Deploy and Destroy. Whatever
// breaks off here can be done again: what is uploaded is named by its hash, and a
// stack gets on, or rolls back, without us.
//
// Start at Deploy; decide.go says what becomes of a stack in which state.
package rollout

import (
	"context"
	"errors"
	"time"

	"catchment/internal/blob"
)

// Stacks are the CloudFormation stacks of an account.
type Stacks interface {
	// Stack looks at a stack, by its name or ID. A name that no stack has gives
	// one without a status.
	Stack(ctx context.Context, name string) (Stack, error)
	// Create begins to make a stack, and tells its ID.
	Create(ctx context.Context, c Change) (id string, err error)
	// Update begins to change a stack, or fails with ErrUnchanged.
	Update(ctx context.Context, c Change) error
	// Delete begins to delete a stack. Its events carry the token.
	Delete(ctx context.Context, id, token string) error
	// Events are those of the newest operation of a stack, oldest first.
	Events(ctx context.Context, id string) ([]Event, error)
}

// ErrUnchanged says that a stack is already what it should become.
var ErrUnchanged = errors.New("nothing to change")

// A Stack is a stack as it is now.
type Stack struct {
	ID, Name   string
	Status     string // "" where there is none
	Reason     string // of the status
	Parameters map[string]string
	Outputs    map[string]string
}

// A Change is what a stack shall become.
type Change struct {
	Stack      string
	Template   string            // its text, or
	URL        string            // where it lies, if it is long
	Parameters map[string]string // that are given anew
	Kept       []string          // the names of those that stay
	Token      string            // is carried by every event of the change
}

// An Event is a step of a stack, or of one of its resources.
type Event struct {
	Token    string
	Resource string // its name in the template; that of the stack for itself
	Physical string // its name in AWS
	Type     string
	Status   string
	Reason   string
	Stack    bool // it is of the stack itself
}

// A Bucket keeps what is deployed.
type Bucket struct {
	Name  string
	Store blob.Store
	URL   func(key string) string // by which CloudFormation reads a template
}

// Buckets opens the bucket for what is deployed. The name "" is that of the
// account's own, which is made where it isn't there yet: encrypted, not public,
// by TLS only. Another one has to be there.
type Buckets interface {
	Bucket(ctx context.Context, name string) (Bucket, error)
}

// Flows are what the runs of a deployment have in AWS beside its stack.
type Flows interface {
	// Running are the executions of a machine that haven't ended.
	Running(ctx context.Context, machine string) ([]string, error)
	// Left names the stacks and flows of AppFlow that runs of the deployment made.
	// A stack and its flow have one name.
	Left(ctx context.Context, deployment string) ([]string, error)
	// Remove deletes both. That they are gone already is no error.
	Remove(ctx context.Context, name string) error
}

// An Account is all of it.
type Account interface {
	Stacks
	Buckets
	Flows
}

// A Work is what Deploy and Destroy work with.
type Work struct {
	Account Account
	Token   func() string  // makes a new one
	Tell    func(Progress) // is told how it gets on
	Pace
}

// A Pace is how often a stack is looked at; every 5 seconds where it is 0.
type Pace struct{ Every time.Duration }

// Progress is a line about how it gets on.
type Progress struct {
	Text  string // what is done now; "" where it is an event
	Event Event
}
