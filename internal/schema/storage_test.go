package schema

import "testing"

// Only what Salesforce lists takes storage, and not all of it 2 KB.
func TestStorageBytes(t *testing.T) {
	for object, want := range map[string]int64{
		"Account": 2048, "Contact": 2048, "Task": 2048, "event": 2048, "Opportunity": 2048, "WorkOrder": 2048,
		"Invoice__c": 2048, "npsp__Payment__c": 2048, "OpportunitySplit": 2048,
		"Campaign": 8192, "CampaignMember": 1024, "Knowledge__kav": 4096, "Faq__kav": 4096,
		"OpportunityLineItem": 0, "QuoteLineItem": 0, "OrderItem": 0, "Pricebook2": 0, "PricebookEntry": 0,
		"Product2": 0, "Asset": 0, "AccountTeamMember": 0, "OpportunityTeamMember": 0, "User": 0,
		"AccountHistory": 0, "Invoice__History": 0, "AccountShare": 0, "Invoice__Share": 0, "AccountFeed": 0,
		"Invoice__Feed": 0, "Setting__mdt": 0, "Order__e": 0, "Order__x": 0, "Audit__b": 0, "Knowledge__ka": 0,
		"AccountChangeEvent": 0, "Invoice__ChangeEvent": 0,
	} {
		if got, known := StorageBytes(object); got != want || !known {
			t.Errorf("%s: %d, want %d", object, got, want)
		}
	}
	if bytes, known := StorageBytes("EmailMessage"); known {
		t.Errorf("an email message takes %d bytes, whatever is in it", bytes)
	}
}
