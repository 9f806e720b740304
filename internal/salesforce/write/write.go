// Package write changes what an org holds: it deletes records, brings them back from the recycle bin, inserts
// records and files, and has lookups lead to what came back. Nothing else in catchment writes to Salesforce, and
// only the archive may import it.
//
// What it promises, whatever a server or a line does:
//
//   - It writes for a Purpose: the objects that stand there, and no more records than stand there.
//   - A write is sent once. Where its answer is lost, the records are looked up, and what can't be told is
//     Unknown; it is never sent again to find out.
//   - Each record has an Outcome of its own. One that is refused doesn't stop the others.
//   - An outcome tells code, class and our own words, never what Salesforce said: that may hold values.
//   - A record is only ever put into the recycle bin. There is no hard delete.
//
// Few records go by collections of 200 (collections.go, relink.go) and come back by SOAP (undelete.go), many go by
// jobs of Bulk API 2.0 (bulk.go), files one by one (upload.go). Start at New, then Outcome.
//
// The facts are those of the REST API, Bulk API 2.0 and SOAP API guides.
package write

import (
	"context"
	"strings"
	"sync"
	"time"

	"catchment/internal/plan"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/wire"
)

// A Verb is what is done to a record.
type Verb string

// The verbs that there are.
const (
	Insert   Verb = "insert"
	Delete   Verb = "delete"   // into the recycle bin
	Undelete Verb = "undelete" // out of it, with what was deleted along
	Relink   Verb = "relink"   // its lookups lead elsewhere; nothing else of it can be changed
)

// A Purpose says what a Writer is for. It refuses all else, before anything is sent.
type Purpose struct {
	Name  string // as it may stand in an error
	Allow []Allowance
}

// An Allowance lets records of one object be written. The same verb and object stand there once.
type Allowance struct {
	Verb   Verb
	Object string
	Prefix string   // the first three characters of its Ids, as describe has them; an Id with others is refused
	AtMost int64    // records that may be sent, over the whole life of the Writer
	Fields []string // that Relink may change; other verbs have none
}

// A Writer writes to one org, for one purpose. It may be used by many goroutines at once.
type Writer struct {
	client *salesforce.Client
	api    wire.API
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error
	name   string

	mu   sync.Mutex
	left map[deed]*Allowance // AtMost is what is left
}

// A deed is what is done to which objects.
type deed struct {
	verb   Verb
	object string // in lower case
}

// New makes a Writer. It sends nothing.
func New(client *salesforce.Client, purpose Purpose) (*Writer, error) {
	way := client.Writing()
	w := &Writer{client: client, api: way.API, now: way.Now, sleep: way.Sleep, name: purpose.Name,
		left: map[deed]*Allowance{}}
	for _, a := range purpose.Allow {
		at := deed{a.Verb, strings.ToLower(a.Object)}
		if w.left[at] != nil {
			return nil, plan.Failf(plan.Bug, "", "%s: it may %s %s twice", purpose.Name, a.Verb, a.Object)
		}
		if len(a.Prefix) != prefixLength {
			return nil, plan.Failf(plan.Bug, "", "%s: Ids of %s without a prefix", purpose.Name, a.Object)
		}
		w.left[at] = &a
	}
	return w, nil
}

// allowance is what the purpose says of a deed.
func (w *Writer) allowance(verb Verb, object string) (Allowance, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if a := w.left[deed{verb, strings.ToLower(object)}]; a != nil {
		return *a, nil
	}
	return Allowance{}, plan.Failf(plan.Bug, "", "%s has no leave to %s %s", w.name, verb, object)
}

// spend takes n records out of what may be written.
func (w *Writer) spend(verb Verb, object string, n int) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	a := w.left[deed{verb, strings.ToLower(object)}]
	if a == nil || a.AtMost < int64(n) {
		return plan.Failf(plan.Bug, "", "%s would %s more records of %s than it has leave to", w.name, verb, object)
	}
	a.AtMost -= int64(n)
	return nil
}

// giveBack undoes spend, for records of which none was written for certain.
func (w *Writer) giveBack(verb Verb, object string, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left[deed{verb, strings.ToLower(object)}].AtMost += int64(n)
}
