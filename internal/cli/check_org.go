package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/flow"
	"catchment/internal/parents"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/plural"
	"catchment/internal/project"
	"catchment/internal/salesforce/fault"
)

func (c *checkup) checkLogin(ctx context.Context) bool {
	if err := c.OpenOrg(ctx); err != nil {
		c.found("login", "", err)
		return false
	}
	org, err := c.Org.Org(ctx)
	var served []string
	if err == nil {
		served, err = c.Org.Versions(ctx)
	}
	var unserved error
	if err == nil {
		unserved = c.Org.Unserved(served)
	}
	if err == nil && unserved == nil { // a token that somebody else got shows only in use whether it works
		c.Objects, err = c.Org.Objects(ctx)
	}
	c.org = org
	c.found("login", fmt.Sprintf("org %s at %s", org, c.File.Org.URL), err)
	if c.stop.asked() {
		return false
	}
	if err != nil {
		c.setup("login", fault.LoginSetup(c.File.Org.Login.Flow, err))
		return false
	}
	c.found("api version", c.whichVersion(served), unserved)
	if unserved != nil {
		return false
	}
	c.checkEndings(ctx)
	return true
}

// whichVersion says what version of the API is spoken, and why.
func (c *checkup) whichVersion(served []string) string {
	why := "the newest that both sides know"
	if c.File.Org.APIVersion != "" {
		why = "as org.api_version says"
	}
	return fmt.Sprintf("%s, %s; the org serves %s", c.Org.Version(), why, platform.Span(served))
}

// checkEndings warns of what Salesforce ends, and of what an old version lacks.
func (c *checkup) checkEndings(ctx context.Context) {
	all, err := c.Endings(ctx)
	if err != nil {
		c.found("login", "", err)
	}
	for _, e := range all {
		c.warn(e.What, e.Text, e.Hint)
	}
	for _, lack := range platform.Lacks(c.Org.Version()) {
		c.warn("api version", c.Org.Version()+" has "+lack, platform.Pin(platform.Newest))
	}
}

// A permission lets the user see all records of some kind.
type permission struct {
	field, label string
	objects      []string // that it opens; nil for all that no other one does
}

func sightPermissions() []permission {
	return []permission{
		{"PermissionsViewAllData", "View All Data", nil},
		{"PermissionsViewAllUsers", "View All Users", []string{"User"}},
		{"PermissionsQueryAllFiles", "Query All Files",
			[]string{"ContentDocument", "ContentVersion", "ContentDocumentLink"}},
	}
}

// opener is the label of the permission that opens all records of an object.
func opener(object string) string {
	all := sightPermissions()
	for _, p := range all[1:] {
		if slices.Contains(p.objects, object) {
			return p.label
		}
	}
	return all[0].label
}

// checkSight asks whether the user sees every record: a copy of what somebody
// happens to see is not a copy of the org. It asks about single objects only
// where the user lacks what would open them all.
func (c *checkup) checkSight(ctx context.Context) {
	missing, err := c.missingSight(ctx)
	var unseen []string
	if err == nil && len(missing) > 0 {
		unseen, err = c.unseen(ctx, missing)
	}
	lacks := "the user lacks " + strings.Join(missing, ", ")
	switch {
	case errors.Is(err, plan.ErrStopped):
	case err != nil:
		c.warn("sight", "could not find out whether the user sees all records: "+err.Error(),
			"look at its permission sets in Setup")
		c.setup("sight", []string{fault.SightSetup})
	case len(unseen) > 0:
		c.warn("sight", lacks+": records that it can't see will be missing, or look deleted, of: "+
			strings.Join(unseen, ", "),
			"give the integration user a permission set with these, or with View All Records on each of these objects")
		c.setup("sight", []string{fault.SightSetup})
	case len(missing) > 0:
		c.found("sight", lacks+", but has View All Records on every object of the flows", nil)
	default:
		c.found("sight", "the user has View All Data, View All Users and Query All Files", nil)
	}
}

// missingSight lists the permissions that the user lacks.
func (c *checkup) missingSight(ctx context.Context) ([]string, error) {
	all := sightPermissions()
	fields := make([]string, len(all))
	for i, p := range all {
		fields[i] = p.field
	}
	var missing []string
	for r, err := range c.Org.Query(ctx, "SELECT "+strings.Join(fields, ", ")+" FROM UserPermissionAccess", false) {
		if err != nil {
			return nil, err
		}
		for _, p := range all {
			has, err := r.Text(p.field)
			if err != nil {
				return nil, err
			}
			if has != "true" {
				missing = append(missing, p.label)
			}
		}
		return missing, nil
	}
	return nil, plan.Strangef("UserPermissionAccess has no row")
}

// unseen lists the objects of the flows of which the user may not see every
// record.
func (c *checkup) unseen(ctx context.Context, missing []string) ([]string, error) {
	flows, err := c.Flows(ctx, nil)
	if err != nil {
		return nil, err
	}
	user, err := c.Org.User(ctx)
	if err != nil {
		return nil, err
	}
	sets, err := c.texts(ctx, "PermissionSetId", "PermissionSetAssignment WHERE AssigneeId = '"+user+"'")
	if err != nil || len(sets) == 0 {
		return project.FlowNames(flows), err
	}
	seen, err := c.texts(ctx, "SobjectType",
		"ObjectPermissions WHERE PermissionsViewAllRecords = true AND ParentId IN ('"+
			strings.Join(sets, "', '")+"')")
	return unseenOf(flows, missing, seen), err
}

// unseenOf decides: what lacks the permission that opens it can still be open
// by View All Records of its own.
func unseenOf(flows []flow.Flow, missing, seen []string) []string {
	var names []string
	for _, name := range project.FlowNames(flows) {
		if slices.Contains(missing, opener(name)) && !slices.Contains(seen, name) {
			names = append(names, name)
		}
	}
	return names
}

// texts reads one field of every record that a query finds.
func (c *checkup) texts(ctx context.Context, field, from string) ([]string, error) {
	var all []string
	for r, err := range c.Org.Query(ctx, "SELECT "+field+" FROM "+from, false) {
		if err != nil {
			return nil, err
		}
		text, err := r.Text(field)
		if err != nil {
			return nil, err
		}
		all = append(all, text)
	}
	return all, nil
}

// checkLimits tells what is left of the two limits of the org that a run takes from.
func (c *checkup) checkLimits(ctx context.Context) {
	limits, err := c.Org.Limits(ctx)
	if err != nil {
		c.found("limits", "", err)
		return
	}
	for _, name := range []string{"DailyApiRequests", "DailyBulkV2QueryJobs"} {
		l, told := limits[name]
		if !told {
			c.found("limit "+name, "the org tells none", nil)
			continue
		}
		detail := fmt.Sprintf("%s of %s left", plural.Count(l.Remaining), plural.Count(l.Max))
		if reserve := l.Max * int64(c.File.Org.Reserve) / 100; l.Remaining < reserve {
			c.warn("limit "+name, detail,
				fmt.Sprintf("%s are set aside for people by org.reserve", plural.Count(reserve)))
			continue
		}
		c.found("limit "+name, detail, nil)
	}
}

// copiesParents tells why a flow can't be read by its parents, where none of them is copied.
func (c *checkup) copiesParents(ctx context.Context) error {
	flows, err := c.Flows(ctx, nil)
	if err != nil {
		return err
	}
	return parents.Known(ctx, c.Warehouse, project.FlowNames(flows))
}
