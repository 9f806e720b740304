package main

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"catchment/internal/deployment"
	"catchment/internal/fakeaws/ministack"
)

// A right is an action on a resource that a role of the template has.
type right struct {
	Role     string // the logical ID
	Sid      string
	Action   string
	Resource string
}

func (r right) String() string {
	return fmt.Sprintf("%s: %s on %s (%s)", r.Role, r.Action, r.Resource, r.Sid)
}

func byName(a, b right) int { return strings.Compare(a.String(), b.String()) }

// made are the parts of names that AWS chooses, and that differ between accounts.
var made = regexp.MustCompile(`-[0-9A-Fa-f]{6,}$`)

// logical is a role of the template, or a secret, without what AWS adds.
func logical(name string) string {
	return strings.TrimPrefix(made.ReplaceAllString(name, ""), "catchment-")
}

// A ledger is what the roles of one account may do, and what they asked for.
type ledger struct {
	policies []ministack.Policy
	calls    []ministack.Call
}

// ledgers are those of the accounts that the tests before had.
var ledgers []ledger

// ledger reads it from the account as it stands.
func (a *account) ledger() ledger {
	a.t.Helper()
	policies, err := a.aws.Policies()
	a.check(err)
	calls, err := a.aws.Calls()
	a.check(err)
	return ledger{policies, calls}
}

// rights lists them, each with its place.
func (l ledger) rights() map[right]place {
	all := map[right]place{}
	for i, p := range l.policies {
		for j, s := range p.Statement {
			for _, action := range s.Action {
				for _, resource := range s.Resource {
					all[right{logical(p.Role), s.Sid, action, resource}] = place{i, j}
				}
			}
		}
	}
	return all
}

// A place is where a right stands: a policy, and a statement of it.
type place struct{ policy, statement int }

// needed finds the rights that a call needed which no other right of its role
// allows: without them it would have been denied.
func (l ledger) needed() map[right]ministack.Call {
	type known struct {
		right
		action, resource *regexp.Regexp
	}
	of := map[string][]known{}
	for r := range l.rights() {
		of[r.Role] = append(of[r.Role], known{r, pattern(strings.ToLower(r.Action)), pattern(r.Resource)})
	}
	calls, all := map[ministack.Call]bool{}, map[right]ministack.Call{}
	for _, c := range l.calls {
		calls[c] = c.Allowed
	}
	for c, allowed := range calls {
		if !allowed {
			continue
		}
		var by []right
		for _, k := range of[logical(c.Role())] {
			if k.action.MatchString(strings.ToLower(c.Action)) && k.resource.MatchString(c.Resource) {
				by = append(by, k.right)
			}
		}
		if len(by) == 1 {
			all[by[0]] = c
		}
	}
	return all
}

// pattern is a text of a policy, with * and ?.
func pattern(text string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.NewReplacer(`\*`, ".*", `\?`, ".").Replace(regexp.QuoteMeta(text)) + "$")
}

// everywhere is a right by which accounts can be compared.
func (r right) everywhere() right {
	r.Resource = made.ReplaceAllString(r.Resource, "-*")
	return r
}

// TestAWSRights holds every right of every role against what the tests before have
// seen: a call that only this right allows, or a reason why nobody sees one. make
// aws calls it, last.
func TestAWSRights(t *testing.T) {
	byMakeAWS(t)
	if len(ledgers) < 2 {
		t.Fatal("run the other tests of make aws with it: it looks at the calls that they made")
	}
	have, seen := map[right]bool{}, map[right]ministack.Call{}
	for _, l := range ledgers {
		for r := range l.rights() {
			have[r.everywhere()] = true
		}
		for r, c := range l.needed() {
			seen[r.everywhere()] = c
		}
	}
	reasons := 0
	for _, r := range slices.SortedFunc(maps.Keys(have), byName) {
		if _, ok := seen[r]; ok {
			continue
		}
		if why := deployment.Unseen(r.Role, r.Action); why != "" {
			reasons++
			t.Logf("no call needs %s: %s", r, why)
			continue
		}
		t.Errorf("no call needs %s, and the template doesn't say why it is there", r)
	}
	t.Logf("%d rights: %d needed by a call, %d for a reason", len(have), len(seen), reasons)
}
