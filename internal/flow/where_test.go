package flow

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
)

func TestSilentWays(t *testing.T) {
	contact := schema.Object{Name: "Contact", Fields: []schema.Field{
		{Name: "Id"}, {Name: "Title"}, {Name: "Birthdate"}, {Name: "AccountId", RelationshipName: "Account"},
		{Name: "Score__c", Calculated: true}, {Name: "Rank__c"},
	}}
	for where, want := range map[string][]string{
		"": nil,
		"Title = 'x' AND (Birthdate > 1990-01-01 OR Rank__c >= 1.5)": nil,
		"CreatedDate > 2026-01-01T00:00:00.000Z":                     nil,
		"CreatedDate < 2026-01-01T00:00:00+01:00":                    nil,
		"Contact.Title = 'x'":                                        nil,
		"Account.Id = '001000000000001AAA'":                          nil,
		"Account.Industry = 'Energy'":                                {"goes through Account"},
		"Account.Owner.IsActive = true and Account.Owner.Id != null": {"goes through Account.Owner"},
		"Contact.Account.Industry = 'x'":                             {"goes through Account"},
		"NOT Invoice__r.Paid__c = true":                              {"goes through Invoice__r"},
		"score__c > 5":                                               {"goes by Score__c"},
		"CALENDAR_YEAR(Score__c) = 2026":                             {"goes by Score__c"},
		"RANK__C = 1 OR Score__c = 2":                                {"goes by Score__c"},
		"Birthdate = TODAY":                                          {"goes by TODAY"},
		"CreatedDate = last_n_days:30 AND Birthdate > LAST_N_DAYS:2": {
			"goes by LAST_N_DAYS:30", "goes by LAST_N_DAYS:2"},
		"Id IN (SELECT WhoId FROM Task WHERE What.Name = 'TODAY' AND (Status = ')'))": {
			"goes through records of Task"},
		"Id NOT IN(select Id from Case) AND Account.Name LIKE 'a%'": {
			"goes through records of Case", "goes through Account"},
		`Title = 'Account.Industry = TODAY (SELECT Id FROM Case)'`:         nil,
		`Title = 'it\'s Account.Name' AND Title != 'a\\' AND Score__c = 1`: {"goes by Score__c"},
		`Title IN ('Score__c', 'TODAY')`:                                   nil,
	} {
		if got := SilentWays(Flow{Where: where}, contact); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", where, got, want)
		}
	}
}

// Every relative date of Salesforce's list is one, and what only looks like it isn't.
func TestRelativeDates(t *testing.T) {
	task := schema.Object{Name: "Task", Fields: []schema.Field{{Name: "ActivityDate"}, {Name: "IsArchived"}}}
	ways := func(literal string) []string { return SilentWays(Flow{Where: "ActivityDate = " + literal}, task) }
	all := []string{"YESTERDAY", "TODAY", "TOMORROW", "LAST_90_DAYS", "NEXT_90_DAYS"}
	for _, unit := range []string{"WEEK", "MONTH", "QUARTER", "YEAR", "FISCAL_QUARTER", "FISCAL_YEAR"} {
		all = append(all, "LAST_"+unit, "THIS_"+unit, "NEXT_"+unit)
	}
	for _, unit := range []string{"DAYS", "WEEKS", "MONTHS", "QUARTERS", "YEARS", "FISCAL_QUARTERS", "FISCAL_YEARS"} {
		all = append(all, "LAST_N_"+unit+":3", "NEXT_N_"+unit+":3", "N_"+unit+"_AGO:3")
	}
	for _, literal := range all {
		for _, text := range []string{literal, strings.ToLower(literal)} {
			if got := ways(text); !slices.Equal(got, []string{"goes by " + literal}) {
				t.Errorf("%s: %q", text, got)
			}
		}
	}
	for _, literal := range []string{"LAST_N_DAYS", "THIS_DAY", "TODAY__c", "LAST_N_HOURS:2", "'TODAY'", "null"} {
		if got := ways(literal); got != nil {
			t.Errorf("%s: %q", literal, got)
		}
	}
	if got := SilentWays(Flow{Where: "IsArchived = false"}, task); !slices.Equal(got, []string{"goes by IsArchived"}) {
		t.Errorf("%q", got)
	}
}
