package soql

import (
	"testing"
	"time"

	"catchment/internal/fakeorg/soql/literal"
)

// TestColumns is for what functions make of a value.
func TestColumns(t *testing.T) {
	berlin := Clock{Now: noon().Now, Zone: time.FixedZone("CEST", 7200)}
	for _, c := range []struct{ item, object, field, value, want string }{
		{"toLabel(Status)", "Lead", "Status", "Open", "Offen"},
		{"toLabel(Status)", "Lead", "Status", "Other", "Other"},
		{"toLabel(Status)", "Lead", "Status", "", ""},
		{"toLabel(Status)", "Lead", "Status", "Open;x;Closed", "Offen;x;Zu"},
		{"FORMAT(Amount)", "Opportunity", "Amount", "1234567.50", "USD 1,234,567.50"},
		{"FORMAT(Amount)", "Opportunity", "Amount", "-123", "USD -123"},
		{"FORMAT(Amount)", "Opportunity", "Amount", "", ""},
		{"FORMAT(Probability)", "Opportunity", "Probability", "1000", "1,000"},
		{"FORMAT(CloseDate)", "Opportunity", "CloseDate", "2026-05-02", "5/2/2026"},
		{"FORMAT(CreatedDate)", "Opportunity", "CreatedDate", "2026-05-20T22:05:06.000Z", "5/21/2026 12:05 AM"},
		{"FORMAT(CreatedDate)", "Opportunity", "CreatedDate", "", ""},
		{"FORMAT(Opens__c)", "Account", "Opens__c", "13:05:00.000Z", "1:05 PM"},
		{"FORMAT(Name)", "Account", "Name", "a,b", "a,b"},
		{"convertCurrency(Amount)", "Opportunity", "Amount", "123456789012345678.12", "123456789012345678.12"},
		{"FORMAT(convertCurrency(Amount))", "Opportunity", "Amount", "1000", "USD 1,000"},
	} {
		b := mustBind(t, "SELECT "+c.item+" FROM "+c.object)
		if got := b.Columns[0].Value(mapRecord{c.field: c.value}, berlin); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.item, c.value, got, c.want)
		}
	}
}

func TestDistance(t *testing.T) {
	angeles := mapRecord{"Place__Latitude__s": "34.0522", "Place__Longitude__s": "-118.2437"}
	for _, c := range []struct {
		where string
		want  bool
	}{
		{"DISTANCE(Place__c, GEOLOCATION(37.7749, -122.4194), 'km') < 560", true},
		{"DISTANCE(Place__c, GEOLOCATION(37.7749, -122.4194), 'km') > 558", true},
		{"DISTANCE(Place__c, GEOLOCATION(37.7749, -122.4194), 'mi') < 348", true},
		{"DISTANCE(Place__c, GEOLOCATION(37.7749, -122.4194), 'mi') > 347", true},
		{"DISTANCE(Place__c, GEOLOCATION(34.0522, -118.2437), 'mi') > 0", false},
		{"DISTANCE(Place__c, GEOLOCATION(-34.0522, 61.7563), 'km') > 20015", true}, // the other side of the earth
	} {
		b := mustBind(t, "SELECT Id FROM Account WHERE "+c.where)
		if got := b.Filter(noon())(angeles); got != c.want {
			t.Errorf("%s: %v", c.where, got)
		}
		if b.Filter(noon())(mapRecord{}) {
			t.Errorf("%s: true of nowhere", c.where)
		}
	}
	b := mustBind(t, "SELECT Id FROM Account ORDER BY DISTANCE(Place__c, GEOLOCATION(34, -118), 'mi') DESC NULLS LAST")
	tokyo := mapRecord{"Place__Latitude__s": "35.68", "Place__Longitude__s": "139.69"}
	if b.Compare(tokyo, angeles) >= 0 || b.Compare(angeles, mapRecord{}) >= 0 {
		t.Error("the farthest is not first, or nowhere not last")
	}
}

// TestDateFunctions in a comparison: what isn't a moment matches nothing.
func TestDateFunctions(t *testing.T) {
	clock := Clock{Now: noon().Now, Zone: time.FixedZone("CET", 3600)}
	for _, c := range []struct {
		where, value string
		want         bool
	}{
		{"CALENDAR_YEAR(CreatedDate) = 2026", "2025-12-31T23:30:00.000Z", false},
		{"CALENDAR_YEAR(convertTimezone(CreatedDate)) = 2026", "2025-12-31T23:30:00.000Z", true},
		{"HOUR_IN_DAY(CreatedDate) = 23", "2025-12-31T23:30:00.000Z", true},
		{"HOUR_IN_DAY(convertTimezone(CreatedDate)) = 0", "2025-12-31T23:30:00.000Z", true},
		{"CALENDAR_YEAR(CreatedDate) > 9", "", false},
		{"CALENDAR_YEAR(CreatedDate) = null", "", true},
		{"CALENDAR_YEAR(CreatedDate) != 2026", "", true},
		{"CALENDAR_QUARTER(Since__c) IN (1, 4)", "1700-10-01", true},
		{"FISCAL_QUARTER(Since__c) IN (1, 4)", "4000-09-30", false},
		{"DAY_ONLY(CreatedDate) = YESTERDAY", "2026-05-19T22:59:59.000Z", true},
		{"DAY_ONLY(convertTimezone(CreatedDate)) = TODAY", "2026-05-19T23:00:00.000Z", true},
		{"DAY_ONLY(CreatedDate) = 2026-05-20", "2026-05-20T23:59:59.000Z", true},
	} {
		field := "CreatedDate"
		if len(c.value) == len(literal.DayLayout) {
			field = "Since__c"
		}
		b := mustBind(t, "SELECT Id FROM Account WHERE "+c.where)
		if got := b.Filter(clock)(mapRecord{field: c.value}); got != c.want {
			t.Errorf("%s with %q: %v", c.where, c.value, got)
		}
	}
}
