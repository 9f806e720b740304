package standard

import (
	"slices"
	"strconv"
	"time"

	"catchment/internal/fakeorg/describe"
	"catchment/internal/fakeorg/orgtime"
	"catchment/internal/fakeorg/recordid"
	"catchment/internal/fakeorg/store"
)

// Setup is what an org says of itself and of its user.
type Setup struct {
	ID, Name   string
	Birth      time.Time
	Sandbox    bool
	Restricted bool     // the user may not see everything
	SeesAll    []string // objects whose records a restricted user sees all the same
	HardDelete bool     // the user may delete for good by Bulk
	AllFiles   bool     // the user has Query All Files

	SetAuditFields bool // the user may set CreatedDate and its like on create
	InactiveOwners bool // the user may give records to owners who aren't active
}

// Objects are the objects that say what the org is and what the user may see.
// They are there before any record is.
func (s Setup) Objects() []*store.Object {
	return []*store.Object{s.organization(), s.userPermissions(), s.permissionSetAssignment(), s.ObjectPermissions(nil)}
}

func (s Setup) organization() *store.Object {
	fields := append([]*describe.Field{
		describe.NewID("Organization"),
		describe.NewField("Name", "string", 80),
		describe.NewField("OrganizationType", "picklist", 40),
		describe.NewField("IsSandbox", "boolean", 0),
		describe.NewField("InstanceName", "string", 5),
		describe.NewField("NamespacePrefix", "string", 15),
		describe.NewField("TrialExpirationDate", "datetime", 0),
		describe.NewField("LanguageLocaleKey", "picklist", 40),
		describe.NewField("TimeZoneSidKey", "picklist", 40),
	}, describe.Stamps()...)
	born := orgtime.Stamp(s.Birth)
	return Fixed("Organization", "00D", fields, [][]string{{
		s.ID, s.Name, "Enterprise Edition", strconv.FormatBool(s.Sandbox), "CS00", "", "", "en_US", "UTC",
		born, recordid.RunningUser(), born, recordid.RunningUser(), born,
	}})
}

// userPermissions is one record: what the running user may.
func (s Setup) userPermissions() *store.Object {
	fields := []*describe.Field{describe.NewID("UserPermissionAccess")}
	row := []string{recordid.New("0up", 1)}
	for _, name := range []string{
		"PermissionsApiEnabled", "PermissionsViewAllData", "PermissionsViewAllUsers",
		"PermissionsQueryAllFiles", "PermissionsModifyAllData",
	} {
		may := !s.Restricted || name == "PermissionsApiEnabled"
		if name == "PermissionsQueryAllFiles" {
			may = s.AllFiles
		}
		fields = append(fields, describe.NewField(name, "boolean", 0))
		row = append(row, strconv.FormatBool(may))
	}
	fields = append(fields, describe.NewField("PermissionsBulkApiHardDelete", "boolean", 0),
		describe.NewField("PermissionsCreateAuditFields", "boolean", 0),
		describe.NewField("PermissionsUpdateWithInactiveOwners", "boolean", 0),
		describe.NewField("LastCacheUpdate", "datetime", 0))
	row = append(row, strconv.FormatBool(s.HardDelete), strconv.FormatBool(s.SetAuditFields),
		strconv.FormatBool(s.InactiveOwners))
	return Fixed("UserPermissionAccess", "0up", fields, [][]string{append(row, orgtime.Stamp(s.Birth))})
}

// permissionSetAssignment is one record too: all that the running user may,
// it may by one permission set.
func (s Setup) permissionSetAssignment() *store.Object {
	fields := []*describe.Field{
		describe.NewID("PermissionSetAssignment"), describe.NewLookup("PermissionSetId", "PermissionSet"),
		describe.NewLookup("AssigneeId", "User"), describe.NewField("SystemModstamp", "datetime", 0),
	}
	return Fixed("PermissionSetAssignment", "0Pa", fields, [][]string{
		{recordid.New("0Pa", 1), recordid.New("0PS", 1), recordid.RunningUser(), orgtime.Stamp(s.Birth)},
	})
}

// ObjectPermissions says of each object whether all of its records are seen.
// It is made anew whenever the schema changes.
func (s Setup) ObjectPermissions(seen []*store.Object) *store.Object {
	fields := []*describe.Field{
		describe.NewID("ObjectPermissions"), describe.NewLookup("ParentId", "PermissionSet"),
		describe.NewField("SobjectType", "picklist", 40),
	}
	flags := []string{
		"PermissionsRead", "PermissionsCreate", "PermissionsEdit", "PermissionsDelete",
		"PermissionsViewAllRecords", "PermissionsModifyAllRecords",
	}
	for _, flag := range flags {
		fields = append(fields, describe.NewField(flag, "boolean", 0))
	}
	var rows [][]string
	for i, obj := range seen {
		writes := strconv.FormatBool(obj.About.Createable)
		all := strconv.FormatBool(!s.Restricted || slices.Contains(s.SeesAll, obj.Name()))
		rows = append(rows, []string{
			recordid.New("110", i+1), recordid.New("0PS", 1), obj.Name(), "true", writes, writes, writes, all, all,
			orgtime.Stamp(s.Birth), recordid.RunningUser(), orgtime.Stamp(s.Birth), recordid.RunningUser(),
			orgtime.Stamp(s.Birth),
		})
	}
	return Fixed("ObjectPermissions", "110", append(fields, describe.Stamps()...), rows)
}

// Fixed makes an object of the setup with the values of its fields in order.
func Fixed(name, prefix string, fields []*describe.Field, rows [][]string) *store.Object {
	about := describe.NewReadOnly(name, prefix, fields)
	var columns []string
	for _, f := range fields {
		columns = append(columns, f.Name)
	}
	return store.NewObject(about, store.NewTable(about, columns, rows))
}
