package main

import (
	"flag"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	sfntypes "github.com/aws/aws-sdk-go-v2/service/sfn/types"

	"catchment/internal/fakeaws/ministack"
)

var (
	missingSeed   = flag.Uint64("aws.seed", 0, "which rights are taken away; 0 draws a seed")
	missingRights = flag.Int("aws.missing", 10, "how many rights are taken away, one after the other")
)

// TestAWSMissing takes rights away from deployed roles, one at a time, of those
// that an execution needs: a check of the tests beside it fails each time, and
// with the right given back the next execution goes on. make aws calls it.
func TestAWSMissing(t *testing.T) {
	byMakeAWS(t)
	seed := *missingSeed
	if seed == 0 {
		seed = uint64(time.Now().UnixNano())
	}
	t.Logf("-aws.seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	glued := random.IntN(4) == 0 // not each time: its jobs take long
	a := newAccount(t, variant{name: "missing", more: byBoth, flows: oneEach, data: true, glue: glued})
	a.deploy()
	if glued {
		a.install()
	}
	a.run()
	a.changes(1)
	first := len(a.ledger().calls)
	a.run()
	l := a.ledger()
	l.calls = l.calls[first:] // those of an execution like those that follow
	needed := slices.SortedFunc(maps.Keys(l.needed()), byName)
	random.Shuffle(len(needed), func(i, j int) { needed[i], needed[j] = needed[j], needed[i] })
	if len(needed) < *missingRights {
		t.Fatalf("an execution needs only %d rights", len(needed))
	}
	for i, r := range needed[:*missingRights] {
		a.changes(uint64(i + 2))
		a.without(l, r)
	}
	a.changes(uint64(*missingRights + 2))
	a.run()
	a.agrees()
	a.nothingLeft()
}

// without runs an execution whose roles lack a right.
func (a *account) without(l ledger, r right) {
	a.t.Helper()
	at := l.rights()[r]
	back, err := a.aws.Swap(l.policies[at.policy], lacking(l.policies[at.policy], at.statement, r))
	a.check(err)
	began := time.Now()
	status, _ := a.execute()
	took := time.Since(began).Round(100 * time.Millisecond)
	a.check(back())
	calls, err := a.aws.Calls()
	a.check(err)
	denied := 0
	for _, c := range calls[a.judged:] {
		if !c.Allowed && logical(c.Role()) == r.Role && c.Action == r.Action {
			denied++
		}
	}
	a.judged = len(calls)
	if denied == 0 {
		a.t.Errorf("nobody missed %s", r)
	}
	a.t.Logf("without %s: %d calls denied, the execution %s after %s", r, denied, status, took)
	if status != sfntypes.ExecutionStatusSucceeded {
		a.run() // takes up what was left
	}
}

// lacking is a policy without one action on one resource.
func lacking(p ministack.Policy, statement int, r right) ministack.Document {
	s := p.Statement[statement]
	others, elsewhere := s, s
	others.Action = slices.DeleteFunc(slices.Clone(s.Action), func(x string) bool { return x == r.Action })
	elsewhere.Action = ministack.Texts{r.Action}
	elsewhere.Resource = slices.DeleteFunc(slices.Clone(s.Resource), func(x string) bool { return x == r.Resource })
	elsewhere.Sid += "Elsewhere"
	var rest []ministack.Statement
	for _, left := range []ministack.Statement{others, elsewhere} {
		if len(left.Action) > 0 && len(left.Resource) > 0 {
			rest = append(rest, left)
		}
	}
	d := p.Document
	d.Statement = slices.Replace(slices.Clone(d.Statement), statement, statement+1, rest...)
	return d
}

// changes lets an hour with changes go by in the org.
func (a *account) changes(seed uint64) {
	a.t.Helper()
	a.org.Clock().Advance(time.Hour)
	_, err := a.org.History(60, seed)
	a.check(err)
	a.org.Clock().Advance(time.Hour)
}
