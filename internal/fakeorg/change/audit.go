package change

import (
	"encoding/json"
	"slices"
	"strings"

	"catchment/internal/fakeorg/reply"
	"catchment/internal/fakeorg/store"
)

// What a record can be given on insert that the org itself fills otherwise, where the
// user has the permission Set Audit Fields upon Record Creation (help article
// 000176484): neither an update nor an upsert does that.

// auditable tells whether the audit fields of an object can be set at all.
func auditable(obj *store.Object) bool {
	listed := []string{
		"Account", "Attachment", "CampaignMember", "Case", "CaseComment", "Contact", "ContentVersion", "Contract",
		"EmailMessage", "Event", "Idea", "IdeaComment", "Lead", "Opportunity", "Question", "Task", "Vote",
	}
	return obj.About.Custom || slices.Contains(listed, obj.Name())
}

// isAudit tells whether a field is one of them. SystemModstamp never can be set.
func isAudit(field string) bool {
	switch field {
	case "CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById":
		return true
	}
	return false
}

// withoutIgnored leaves out what isn't honoured: when a Task was changed that is about
// somebody or something.
func withoutIgnored(obj *store.Object, given map[string]json.RawMessage) map[string]json.RawMessage {
	filled := func(field string) bool { return len(given[field]) > 0 && string(given[field]) != "null" }
	if obj.Name() != "Task" || !filled("WhoId") && !filled("WhatId") {
		return given
	}
	kept := map[string]json.RawMessage{}
	for name, value := range given {
		if !strings.HasPrefix(name, "LastModified") {
			kept[name] = value
		}
	}
	return kept
}

// activeOwner refuses an owner who isn't active, unless the user may name one.
func (in intake) activeOwner(values map[int]string) error {
	owner := values[in.obj.Sys.Own]
	if in.retire || in.obj.Sys.Own < 0 || owner == "" {
		return nil
	}
	users, ok := in.store.Catalog().Owner(owner)
	if !ok || users.Slot("IsActive") < 0 {
		return nil
	}
	if user, err := in.find(users, owner); err == nil && user.Text(users.Slot("IsActive")) == "false" {
		return reply.Bad("INACTIVE_OWNER_OR_USER", "operation performed with inactive user [%s]", owner)
	}
	return nil
}
