package write

import (
	"context"
	"errors"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
	"catchment/internal/salesforce/write/refusal"
)

// CallAtMost is how many records one call may write (REST API guide, "Using sObject Collections"; SOAP API
// guide, undelete).
const CallAtMost = 200

// A Mode says what a call does with the other records where one is refused.
type Mode bool

// The modes that there are.
const (
	EachAlone Mode = false // the others are written
	AllOrNone Mode = true  // none is written
)

// A saved is what an answer says of one record, in JSON and in SOAP alike.
type saved struct {
	ID      string       `json:"id" xml:"id"`
	Success *bool        `json:"success" xml:"success"`
	Errors  []savedError `json:"errors" xml:"errors"`
}

type savedError struct {
	Code    string   `json:"statusCode" xml:"statusCode"`
	Message string   `json:"message" xml:"message"`
	Fields  []string `json:"fields" xml:"fields"`
}

// A batch is the records of one call: those that are sent, each with its place among all that were given.
type batch struct {
	verb     Verb
	object   string
	prefix   string
	outcomes []Outcome // of all that were given
	sent     []int     // places of those that go into the call
}

// batchOf takes the Ids that may be sent; the others are refused by us, and with AllOrNone all are.
func (w *Writer) batchOf(verb Verb, object string, ids []string, mode Mode) (*batch, error) {
	if len(ids) > CallAtMost {
		return nil, plan.Failf(plan.Bug, "", "%s %s: %d records in one call", verb, object, len(ids))
	}
	may, err := w.allowance(verb, object)
	if err != nil {
		return nil, err
	}
	b := &batch{verb: verb, object: object, prefix: may.Prefix}
	seen := map[string]bool{}
	for i, text := range ids {
		id, refused := ownID(text, may.Prefix)
		if refused == nil && seen[id] {
			refused = &refusal.Refusal{Code: "DUPLICATE_VALUE_IN_LIST", Reason: refusal.Twice}
		}
		seen[id] = true
		b.take(i, id, refused)
	}
	b.settleMode(mode)
	return b, nil
}

// take adds the record at place i, which is sent unless it is refused already.
func (b *batch) take(i int, id string, refused *refusal.Refusal) {
	if refused != nil {
		b.outcomes = append(b.outcomes, failed(int64(i), id, *refused))
		return
	}
	b.outcomes = append(b.outcomes, Outcome{Row: int64(i), ID: id, State: Unknown})
	b.sent = append(b.sent, i)
}

// settleMode sends none where it is all or none, and one was refused before.
func (b *batch) settleMode(mode Mode) {
	if mode == EachAlone || len(b.sent) == len(b.outcomes) {
		return
	}
	back := refusal.Refusal{Code: "ALL_OR_NONE_OPERATION_ROLLED_BACK", Reason: refusal.RolledBack}
	for _, at := range b.sent {
		b.outcomes[at] = failed(b.outcomes[at].Row, b.outcomes[at].ID, back)
	}
	b.sent = nil
}

// ids are the Ids of what is sent.
func (b *batch) ids() []string {
	ids := make([]string, len(b.sent))
	for i, at := range b.sent {
		ids[i] = b.outcomes[at].ID
	}
	return ids
}

// errNotOurs says that an answer can't be that to what was sent: nothing in it is believed.
var errNotOurs = errors.New("the answer is not one to these records")

// send makes the call, and takes its answer for the records it is about. What the answer doesn't tell, look
// finds out. Outcomes that come with an error are what is known all the same; without outcomes nothing was
// written.
func (b *batch) send(
	ctx context.Context, w *Writer, call func() ([]saved, error), look looker,
) ([]Outcome, error) {
	if len(b.sent) == 0 {
		return b.outcomes, nil
	}
	if err := w.spend(b.verb, b.object, len(b.sent)); err != nil {
		return nil, err
	}
	answers, err := call()
	if undone(err) {
		w.giveBack(b.verb, b.object, len(b.sent))
		return nil, err
	}
	if !errors.Is(err, errNotOurs) && b.fits(answers, err == nil) {
		for i, answer := range answers {
			b.outcomes[b.sent[i]] = b.outcomeOf(b.outcomes[b.sent[i]], answer)
		}
	}
	var open []*Outcome
	for _, at := range b.sent {
		if o := &b.outcomes[at]; o.State == Unknown {
			open = append(open, o)
		}
	}
	if len(open) == 0 {
		return b.outcomes, nil
	}
	return b.outcomes, look(ctx, open)
}

// undone tells whether it is certain that nothing of a request was done.
func undone(err error) bool { return fault.Undone(err) || errors.Is(err, wire.ErrUnsent) }

// fits tells whether answers can be those to what was sent, in that order; where the answer was cut, to the
// first of them.
func (b *batch) fits(answers []saved, whole bool) bool {
	if len(answers) > len(b.sent) || whole && len(answers) < len(b.sent) {
		return false
	}
	made := map[string]bool{}
	for i, a := range answers {
		if a.Success == nil || !*a.Success {
			continue
		}
		id, refused := ownID(a.ID, b.prefix)
		asked := b.outcomes[b.sent[i]].ID
		if refused != nil || asked != "" && id != asked || made[id] {
			return false
		}
		made[id] = true
	}
	return true
}

// outcomeOf reads one answer. One that says neither yes nor why not says nothing.
func (b *batch) outcomeOf(o Outcome, a saved) Outcome {
	switch {
	case a.Success == nil:
		return o
	case *a.Success:
		o.State = Done
		o.ID, _ = fullID(a.ID)
		return o
	case len(a.Errors) > 0:
		e := a.Errors[0]
		return failed(o.Row, o.ID, refusal.Of(e.Code, e.Message, e.Fields))
	}
	return o
}
