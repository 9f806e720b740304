package status_test

import (
	"time"

	"catchment/internal/status"
)

// standingExamples are the morning after: what has failed, waits, died, or never began.
func standingExamples() map[string]status.Report {
	const id = "20260301T120000000-0a1b2c3d"
	last := status.PastRun{
		By: "process 1 on host", Calls: 1019, Failed: 1, ID: id, Jobs: 3, Objects: 4,
		Seconds: new(status.Seconds(1182111002)), Started: noon(), State: "partial",
	}
	waits := status.PastRun{
		By: "process 2 on host", Error: "97 of the org's 100 API calls are used", Hint: new("nothing to do"), ID: id,
		Started: noon(), State: "waiting", WaitingUntil: new(noon().Add(time.Hour)),
	}
	return map[string]status.Report{
		"status-failed": status.Overview{
			Flows: []status.Flow{
				{
					Behind: hour(), Grade: "proven", LastRun: id, Object: "Account", Rows: 1223, State: "idle",
					Late: true, Watermark: status.Moment(noon()),
					LastVerify: &status.Compared{
						At: status.Moment(noon()), AsOf: status.Moment(noon()), Compared: "stamps", Grade: "proven",
						Differences: 3, Missing: 2, Extra: 1, Source: 1224, Warehouse: 1223, State: "differs",
					},
				},
				{
					Behind: hour(), Class: "fix", Error: "table contact was emptied", Grade: "proven",
					FailedAt: new(status.Moment(noon())), Hint: "load it anew with: catchment run --full Contact",
					LastRun: id, Object: "Contact", State: "failed", Watermark: status.Moment(noon()),
					LastVerify: &status.Compared{
						Class: "fix", Error: "Contact was never copied", FailedAt: new(status.Moment(noon())),
						Hint: "copy it first with: catchment run Contact", State: "failed",
					},
				},
				{
					Class: "wait", Error: "97 of the org's 100 API calls are used", Hint: "nothing to do",
					LastRun: id, Object: "Lead", State: "waiting", Step: "planned",
					WaitingUntil: new(noon().Add(time.Hour)), Late: true,
					LastVerify: &status.Compared{
						At: status.Moment(noon()), Compared: "counts", Grade: "sample", State: "same",
					},
				},
				{
					Error: "the process of run " + id + " is gone", Hint: "the next run goes on from where it was",
					LastRun: id, Object: "Task", State: "interrupted", Step: "loaded",
					LastVerify: &status.Compared{
						At: status.Moment(noon()), Compared: "values", Grade: "proven", State: "same",
					},
				},
			},
			Runs: []status.PastRun{waits, last},
		},
		"status-files": status.Overview{Flows: []status.Flow{
			{
				Object: "Attachment", State: "idle",
				Files: &status.Files{Copied: 1, Bytes: 10, AsOf: status.Moment(noon())},
			},
			{Object: "ContentVersion", State: "idle", Files: &status.Files{
				Copied: 1200, Bytes: 12345678, Nothing: 3, Aside: 1, Waiting: 2, AsOf: status.Moment(noon()),
				Why: "limits.bodies allows 1,200 calls a day",
			}},
		}},
		"status-tables": status.Overview{Flows: []status.Flow{
			{Object: "Account", State: "idle", Tables: []status.Made{
				{Bytes: 12345678, Deletes: 2, Files: 7, Snapshots: 40, Table: "salesforce.account"},
				{Bytes: 123456, Files: 12, Snapshots: 50, Table: "salesforce_incremental.account"},
			}},
			{Object: "Contact", State: "idle"},
		}},
		"status-not-copied": status.Overview{Flows: []status.Flow{
			{Object: "Account", State: status.NotCopied}, {Object: "Contact", State: status.NotCopied},
		}},
		"status-false-start": status.Overview{FalseStart: &status.FalseStart{
			At: noon().Add(time.Hour), By: "process 1 on host", Class: "fix",
			Error: "the variable SF_CLIENT_ID is not set", Hint: "set it", Since: noon(), Times: 3,
		}},
		"runs":       status.Runs{waits, last},
		"runs-empty": status.Runs(nil),
		"status-run": status.OneRun{Run: last, Objects: []status.RunObject{
			{
				Calls: 5, Jobs: 1, Loaded: 1225, Extracted: 1225, Mover: "bulk", Object: "Account", State: "done",
				To: status.Moment(noon()), Grade: "proven", Steps: []status.Step{
					{At: noon(), Step: "planned"}, {At: noon().Add(1250 * time.Millisecond), Step: "created"},
					{At: noon().Add(time.Minute), Step: "consolidated"},
				},
			},
			{
				Object: "Contact", State: "failed", Error: "table contact was emptied",
				Hint:  new("load it anew with: catchment run --full Contact"),
				Notes: []string{"it was read in two halves"},
			},
		}},
	}
}
