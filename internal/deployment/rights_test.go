package deployment

import (
	"slices"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/replicate"
	"catchment/internal/warehouse/reach"
)

// everything is a configuration that has a part for every use.
func everything() *settings {
	return &settings{
		Table: "t", Stage: place{"stage", "p/"}, Rows: true, Secrets: readings{{Name: "s"}},
		AppFlow: &flow.AppFlow{Bucket: "b"},
		Warehouse: reach.Way{Files: true, Job: map[string]string{}, Secret: "arn:s-Ab12Cd", Rights: []reach.Right{
			{Action: "x:Send", On: "arn:x", Why: "sends"}, {Action: "x:Ask", Why: "asks"}}},
	}
}

// Each action has a reason, and stands once in a statement.
func TestEachRightHasAReason(t *testing.T) {
	for _, u := range uses(everything()) {
		for _, g := range u.Grants {
			var seen []string
			for _, r := range g.Rights {
				if r.Why == "" || slices.Contains(seen, r.Action) {
					t.Errorf("%s, %s: %s for %q", u.Name, g.Sid, r.Action, r.Why)
				}
				seen = append(seen, r.Action)
			}
			if len(g.On) == 0 || len(g.Rights) == 0 {
				t.Errorf("%s, %s allows nothing", u.Name, g.Sid)
			}
		}
	}
}

// The two tables name the same uses: none is without rights, and none without a
// function, but what is for the warehouse's own role.
func TestTablesNameTheSameUses(t *testing.T) {
	made := []useName{warehouseReads}
	for _, f := range functions() {
		made = append(made, f.uses...)
	}
	var known []useName
	for _, u := range uses(everything()) {
		known = append(known, u.Name)
		if !slices.Contains(made, u.Name) {
			t.Errorf("no function makes the use %s", u.Name)
		}
	}
	for _, name := range made {
		if !slices.Contains(known, name) {
			t.Errorf("no right says what the use %s takes", name)
		}
	}
}

// What a function opens it may use, and it uses nothing that it doesn't open.
func TestUsesFollowNeeds(t *testing.T) {
	for _, f := range functions() {
		needs := replicate.NeedsOf(f.Step)
		for use, needed := range map[useName]bool{logins: needs.Org, theCopy: needs.Warehouse} {
			if slices.Contains(f.uses, use) != needed {
				t.Errorf("%s needs %s: %t", f.Step, use, needed)
			}
		}
		flows := []useName{makeFlows, runFlows, clearFlows}
		lands := slices.ContainsFunc(f.uses, func(u useName) bool { return slices.Contains(flows, u) })
		if lands && !needs.Landers {
			t.Errorf("%s uses flows of AppFlow, and opens no lander", f.Step)
		}
		if pages := slices.Contains(f.uses, newPages) || slices.Contains(f.uses, oldPages); pages && !needs.Stage {
			t.Errorf("%s uses the stage, and doesn't open it", f.Step)
		}
	}
}
