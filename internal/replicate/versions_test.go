package replicate_test

import (
	"fmt"
	"testing"
	"time"

	"catchment/internal/flow"
	"catchment/internal/platform"
	"catchment/internal/rig"
)

// What an old version of the API lacks isn't asked for, and the copy is the same: more
// records than one answer of REST holds, changes, records read again by their Ids.
func TestOldVersionsAreReadOtherwise(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		version string
		without []string // kinds of requests
		with    string
	}{
		{platform.Oldest, []string{"job", "results", "result-pages", "composite", "collection", "record-count"},
			"query-more"},
		{"46.0", []string{"job", "results", "result-pages"}, "collection"},
		{"57.0", []string{"result-pages"}, "results"},
		{"58.0", nil, "result-pages"},
	} {
		t.Run(test.version, func(t *testing.T) {
			t.Parallel()
			org := rig.NewOrg(t, map[string]int{"Contact": 2100, "Account": 40}, nil)
			r := rig.New(t, org, "Contact", "Account")
			r.API = test.version
			r.Keeps("Contact", "LastName", "Email", "AccountId")
			r.Keeps("Account", "Name", "Phone")
			r.Flows[0].Sweep, r.Flows[1].Sweep = week, week
			together := func(p *rig.Process) { p.Options.Composite = flow.CompositeAuto }
			calls := r.Calls(func() {
				r.Done(together)
				for round := range uint64(3) {
					r.History(40, round)
					r.Done(together)
					r.Later(4 * 24 * time.Hour)
				}
				r.Same()
				r.Exec(fmt.Sprintf("DELETE FROM salesforce.contact WHERE id = '%s'", r.IDs("Contact")[0]))
				if found := r.Verified(r.Flows[0], rig.Values); !found.Differs() {
					t.Error("verify misses a row that isn't there")
				}
			})
			for _, kind := range test.without {
				if calls[kind] > 0 {
					t.Errorf("%d requests of a kind that the version hasn't: %s", calls[kind], kind)
				}
			}
			if calls[test.with] == 0 {
				t.Errorf("no %s: %v", test.with, calls)
			}
		})
	}
}
