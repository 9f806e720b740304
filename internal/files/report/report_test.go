package report

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/status"
	"catchment/internal/status/statustest"
)

func TestReports(t *testing.T) {
	digest := strings.Repeat("0123456789abcdef", 4)
	statustest.Golden(t, map[string]status.Report{
		"list": List{
			{ID: "068000000000001AAA", Object: "ContentVersion", Name: "Offer.pdf", Size: 12345, SHA256: digest,
				Parent: "069000000000001AAA", State: "copied", ContentType: "application/pdf"},
			{ID: "068000000000002AAA", Object: "ContentVersion", Name: "\x1b[2J\n..", Parent: "069000000000002AAA",
				State: "nothing", Reason: "it is stored outside of Salesforce"},
			{ID: "00P000000000001AAA", Object: "Attachment", Name: "a.txt", Size: 3, Parent: "001000000000001AAA",
				State: "copied", SHA256: digest, Deleted: true},
			{ID: "00P000000000002AAA", Object: "Attachment", Name: "b.txt", Size: 4, Parent: "001000000000001AAA",
				State: "waiting"},
			{ID: "00P000000000003AAA", Object: "Attachment", Name: "c.txt", Size: 4, Parent: "001000000000001AAA",
				State: "aside", Reason: "gone: HTTP 404", Tries: 2,
				Again: new(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))},
		},
		"list-none": List{},
		"total":     Total{Files: 1, Bytes: 12345},
		"written":   Written{ID: "068000000000001AAA", Path: "out/Offer.pdf", SHA256: digest, Size: 12345},
		"written-renamed": Written{ID: "068000000000001AAA", Path: "out/_._x", SHA256: digest, Renamed: true,
			Already: true},
		"refused": Refused{ID: "068000000000001AAA", Class: "fix",
			Error: "068000000000001AAA: a file of its name is there", Hint: "move it away"},
		"got":       Got{Files: 3, Bytes: 100, Already: 1, Renamed: 2, Failed: 1, Without: 1},
		"got-plain": Got{Files: 1, Bytes: 1},
		"unnamed": Unnamed{SHA256: digest, Size: 7,
			Written: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)},
		"gc":         Tidied{Bodies: 1, Bytes: 7, Young: 2},
		"gc-removed": Tidied{Bodies: 2, Bytes: 14, Removed: true},
		"retry":      Retried{Files: 1},
		"gc-nothing": Tidied{},
	})
}
