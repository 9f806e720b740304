package forecast

import (
	"testing"

	"catchment/internal/policy"
)

// What records take, worked out by hand from "Salesforce record size overview" (help 000193871): 2 KB for most,
// and so 10 x 2048 = 20480; Campaign 8 KB, CampaignMember 1 KB, an article 4 KB, an email what it says; histories,
// shares, feeds, and products of an opportunity nothing.
func TestBytes(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]int64{
		"Account": 20480, "Case": 20480, "Task": 20480, "Invoice__c": 20480, "Campaign": 81920, "CampaignMember": 10240,
		"FAQ__kav": 40960, "EmailMessage": 777, "AccountHistory": 0, "CaseShare": 0, "CaseFeed": 0,
		"OpportunityLineItem": 0, "ContentVersion": 0, "Attachment": 0,
	} {
		if got := Bytes(object, 10, 777); got != want {
			t.Errorf("10 of %s take %d bytes, not %d", object, got, want)
		}
	}
}

// 2 GB of data at 250 and 10 GB of files at 5 a month are 550; half a GB of data is 125.
func TestMoney(t *testing.T) {
	t.Parallel()
	price := policy.Price{DataGBMonth: 250, FileGBMonth: 5, Currency: "USD"}
	if got := Money(2147483648, 10737418240, price); got != 550 {
		t.Error(got)
	}
	if got := Money(536870912, 0, price); got != 125 {
		t.Error(got)
	}
	if got := Money(1, 1, price); got != 0 {
		t.Error(got)
	}
}

func TestDays(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		records, perDay int64
		want            int
	}{{0, 10, 0}, {1, 0, 1}, {50_000, 20_000, 3}, {40_000, 20_000, 2}, {1 << 62, 1, 1<<31 - 1}} {
		if got := Days(tt.records, tt.perDay); got != tt.want {
			t.Errorf("%d records at %d a day take %d days, not %d", tt.records, tt.perDay, got, tt.want)
		}
	}
}

// The bin keeps 15 days: of 100,000 records at 1,000 a day it never has more than 15,000. With 10,240 MB it holds
// 256,000.
func TestBin(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ now, records, perDay, want int64 }{
		{7, 100_000, 1000, 15_007}, {7, 100_000, 0, 100_007}, {0, 1000, 1000, 1000}, {0, 16, 1, 15}, {0, 29, 2, 29},
	} {
		if got := Bin(tt.now, tt.records, tt.perDay); got != tt.want {
			t.Errorf("%+v: %d", tt, got)
		}
	}
	if got := BinRoom(10_240); got != 256_000 {
		t.Error(got)
	}
}

// 4,000 records: 2 x 2 reads of 2,000, 23 looks into the bin at 180 each, and two jobs of 9 calls are 45; ten
// versions, which go along: 2 reads, 1 look, and each body twice are 23.
func TestCalls(t *testing.T) {
	t.Parallel()
	if got := Calls([]Group{{Records: 4000}, {Records: 10, Bodies: 10, Along: true}}); got != 68 {
		t.Error(got)
	}
	if got := Calls(nil); got != 0 {
		t.Error(got)
	}
}
