package fakeorg

import "slices"

// orgName is what the org calls itself.
const orgName = "Catchment Test Org"

// setupObjects are the objects that say what the org is and what the user may
// see. They are there before any record is.
func (o *Org) setupObjects() []*object {
	return []*object{o.organization(), o.userPermissions(), o.permissionSetAssignment(), o.objectPermissions(o.catalog())}
}

func (o *Org) organization() *object {
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
	born := stamp(o.birth)
	return setup("Organization", "00D", fields, [][]string{{
		o.id, orgName, "Enterprise Edition", text(o.options.Sandbox), "CS00", "", "", "en_US", "UTC",
		born, o.runningUser(), born, o.runningUser(), born,
	}})
}

// userPermissions is one record: what the running user may.
func (o *Org) userPermissions() *object {
	fields := []*fieldDescribe{newID("UserPermissionAccess")}
	row := []string{makeID("0up", 1)}
	for _, name := range []string{
		"PermissionsApiEnabled", "PermissionsViewAllData", "PermissionsViewAllUsers",
		"PermissionsQueryAllFiles", "PermissionsModifyAllData",
	} {
		fields = append(fields, newField(name, "boolean", 0))
		row = append(row, text(!o.options.Restricted || name == "PermissionsApiEnabled"))
	}
	fields = append(fields, newField("PermissionsBulkApiHardDelete", "boolean", 0), newField("LastCacheUpdate", "datetime", 0))
	row = append(row, text(o.options.HardDelete))
	return setup("UserPermissionAccess", "0up", fields, [][]string{append(row, stamp(o.birth))})
}

// permissionSetAssignment is one record too: all that the running user may,
// it may by one permission set.
func (o *Org) permissionSetAssignment() *object {
	fields := []*fieldDescribe{
		newID("PermissionSetAssignment"), newLookup("PermissionSetId", "PermissionSet"),
		newLookup("AssigneeId", "User"), newField("SystemModstamp", "datetime", 0),
	}
	return setup("PermissionSetAssignment", "0Pa", fields, [][]string{
		{makeID("0Pa", 1), makeID("0PS", 1), o.runningUser(), stamp(o.birth)},
	})
}

// objectPermissions says of each object whether all of its records are seen.
// It is made anew whenever the org gets an object.
func (o *Org) objectPermissions(c *catalog) *object {
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
	for i, obj := range c.shown() {
		writes := text(obj.about.Createable)
		all := text(!o.options.Restricted || slices.Contains(o.options.SeesAll, obj.name()))
		rows = append(rows, []string{
			makeID("110", i+1), makeID("0PS", 1), obj.name(), "true", writes, writes, writes, all, all,
			stamp(o.birth), o.runningUser(), stamp(o.birth), o.runningUser(), stamp(o.birth),
		})
	}
	return setup("ObjectPermissions", "110", append(fields, stampFields()...), rows)
}

// setup makes an object of the setup with the values of its fields in order.
func setup(name, prefix string, fields []*fieldDescribe, rows [][]string) *object {
	about := newReadOnly(name, prefix, fields)
	var columns []string
	for _, f := range fields {
		columns = append(columns, f.Name)
	}
	return newObject(about, newTable(about, columns, rows))
}

func text(b bool) string {
	if b {
		return "true"
	}
	return "false"
}
