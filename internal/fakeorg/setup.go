package fakeorg

import (
	"slices"
	"strconv"
	"time"
)

// Setup is what an org says of itself and of its user.
type Setup struct {
	ID, Name   string
	Birth      time.Time
	Sandbox    bool
	Restricted bool     // the user may not see everything
	SeesAll    []string // objects whose records a restricted user sees all the same
	HardDelete bool     // the user may delete for good by Bulk
}

// objects are the objects that say what the org is and what the user may see.
// They are there before any record is.
func (s Setup) objects() []*object {
	return []*object{s.organization(), s.userPermissions(), s.permissionSetAssignment(), s.objectPermissions(nil)}
}

func (s Setup) organization() *object {
	fields := append([]*fieldDescribe{
		newID("Organization"),
		newField("Name", "string", 80),
		newField("OrganizationType", "picklist", 40),
		newField("IsSandbox", "boolean", 0),
		newField("InstanceName", "string", 5),
		newField("NamespacePrefix", "string", 15),
		newField("TrialExpirationDate", "datetime", 0),
		newField("LanguageLocaleKey", "picklist", 40),
		newField("TimeZoneSidKey", "picklist", 40),
	}, stampFields()...)
	born := stamp(s.Birth)
	return fixed("Organization", "00D", fields, [][]string{{
		s.ID, s.Name, "Enterprise Edition", strconv.FormatBool(s.Sandbox), "CS00", "", "", "en_US", "UTC",
		born, runningUser(), born, runningUser(), born,
	}})
}

// userPermissions is one record: what the running user may.
func (s Setup) userPermissions() *object {
	fields := []*fieldDescribe{newID("UserPermissionAccess")}
	row := []string{makeID("0up", 1)}
	for _, name := range []string{
		"PermissionsApiEnabled", "PermissionsViewAllData", "PermissionsViewAllUsers",
		"PermissionsQueryAllFiles", "PermissionsModifyAllData",
	} {
		fields = append(fields, newField(name, "boolean", 0))
		row = append(row, strconv.FormatBool(!s.Restricted || name == "PermissionsApiEnabled"))
	}
	fields = append(fields, newField("PermissionsBulkApiHardDelete", "boolean", 0), newField("LastCacheUpdate", "datetime", 0))
	row = append(row, strconv.FormatBool(s.HardDelete))
	return fixed("UserPermissionAccess", "0up", fields, [][]string{append(row, stamp(s.Birth))})
}

// permissionSetAssignment is one record too: all that the running user may,
// it may by one permission set.
func (s Setup) permissionSetAssignment() *object {
	fields := []*fieldDescribe{
		newID("PermissionSetAssignment"), newLookup("PermissionSetId", "PermissionSet"),
		newLookup("AssigneeId", "User"), newField("SystemModstamp", "datetime", 0),
	}
	return fixed("PermissionSetAssignment", "0Pa", fields, [][]string{
		{makeID("0Pa", 1), makeID("0PS", 1), runningUser(), stamp(s.Birth)},
	})
}

// objectPermissions says of each object whether all of its records are seen.
// It is made anew whenever the schema changes.
func (s Setup) objectPermissions(seen []*object) *object {
	fields := []*fieldDescribe{
		newID("ObjectPermissions"), newLookup("ParentId", "PermissionSet"), newField("SobjectType", "picklist", 40),
	}
	flags := []string{
		"PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete",
		"PermissionsViewAllRecords", "PermissionsModifyAllRecords",
	}
	for _, flag := range flags {
		fields = append(fields, newField(flag, "boolean", 0))
	}
	var rows [][]string
	for i, obj := range seen {
		writes := strconv.FormatBool(obj.about.Createable)
		all := strconv.FormatBool(!s.Restricted || slices.Contains(s.SeesAll, obj.name()))
		rows = append(rows, []string{
			makeID("110", i+1), makeID("0PS", 1), obj.name(), "true", writes, writes, writes, all, all,
			stamp(s.Birth), runningUser(), stamp(s.Birth), runningUser(), stamp(s.Birth),
		})
	}
	return fixed("ObjectPermissions", "110", append(fields, stampFields()...), rows)
}

// fixed makes an object of the setup with the values of its fields in order.
func fixed(name, prefix string, fields []*fieldDescribe, rows [][]string) *object {
	about := newReadOnly(name, prefix, fields)
	var columns []string
	for _, f := range fields {
		columns = append(columns, f.Name)
	}
	return newObject(about, newTable(about, columns, rows))
}
