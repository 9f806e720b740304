package fakeorg_test

import (
	"testing"

	"catchment/internal/fakeorg"
)

// A client asks which permission sets a user has, then what they say of each
// object.
func TestObjectsThatARestrictedUserSees(t *testing.T) {
	c := serve(t, fakeorg.Options{Restricted: true, SeesAll: []string{"Contact"}}, generated(100))
	sets := c.query(queryPath("SELECT PermissionSetId FROM PermissionSetAssignment WHERE AssigneeId = " +
		"'005Ho0000000001IAA'"))
	if len(sets) != 1 {
		t.Fatalf("%d permission sets", len(sets))
	}
	seen := c.query(queryPath("SELECT SobjectType FROM ObjectPermissions WHERE PermissionsViewAllRecords = true AND " +
		"ParentId IN ('" +
		sets[0]["PermissionSetId"].(string) + "')"))
	if len(seen) != 1 || seen[0]["SobjectType"] != "Contact" {
		t.Errorf("%v", seen)
	}
}
