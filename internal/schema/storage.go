package schema

import (
	"slices"
	"strings"
)

// kb is what Salesforce counts storage in.
const kb = 1024

// StorageBytes is how much of an org's data storage one record of an object takes,
// whatever is in it, and whether that can be told: an email message takes what its
// text is long. A record takes 2 KB but for a few objects, and of the standard ones
// only those take any that Salesforce lists ("Salesforce record size overview", help
// 000193871). A person account is an Account and a Contact, and takes 2 KB as each.
func StorageBytes(object string) (bytes int64, known bool) {
	standard := func(name string) bool { return strings.EqualFold(name, object) }
	name := strings.ToLower(object)
	switch {
	case name == "emailmessage":
		return 0, false
	case name == "campaign":
		return 8 * kb, true
	case name == "campaignmember":
		return 1 * kb, true
	case strings.HasSuffix(name, "__kav"): // knowledge articles, and each of their translations
		return 4 * kb, true
	case strings.HasSuffix(name, "__c"), slices.ContainsFunc(stored(), standard):
		return 2 * kb, true
	}
	return 0, true // history, shares, feeds, __mdt, __e, __x, __b, and what belongs to another record
}

// stored are the other standard objects whose records take storage: those of the list,
// and those that come with Field Service (Field Service Developer Guide).
func stored() []string {
	return []string{
		"Account", "Case", "CaseTeamMember", "Contact", "Contract", "Event", "ForecastingItem", "GoogleDoc", "Idea",
		"Lead", "ListEmail", "Note", "Opportunity", "OpportunitySplit", "Order", "Quote", "QuoteTemplateRichTextData",
		"Solution", "TagDefinition", "Task",

		"AssignedResource", "AssociatedLocation", "Location", "MaintenanceAsset", "MaintenancePlan", "OperatingHours",
		"ProductConsumed", "ProductItem", "ProductItemTransaction", "ProductRequest", "ProductRequestLineItem",
		"ProductRequired", "ProductTransfer", "ResourceAbsence", "ResourcePreference", "ReturnOrder",
		"ReturnOrderLineItem", "ServiceAppointment", "ServiceCrew", "ServiceCrewMember", "ServiceReport",
		"ServiceResource", "ServiceResourceCapacity", "ServiceResourceSkill", "ServiceTerritory",
		"ServiceTerritoryLocation", "ServiceTerritoryMember", "Shipment", "Skill", "SkillRequirement", "TimeSheet",
		"TimeSheetEntry", "TimeSlot", "WorkOrder", "WorkOrderLineItem", "WorkType",
	}
}

// Archives tells whether Salesforce archives an object's records by itself: archived
// ones take storage, and Salesforce's own count of records leaves them out.
func Archives(object string) bool {
	return strings.EqualFold(object, "Task") || strings.EqualFold(object, "Event")
}
