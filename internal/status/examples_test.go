package status_test

import (
	"testing"
	"time"

	"catchment/internal/status"
	"catchment/internal/status/statustest"
)

func TestReports(t *testing.T) {
	for _, some := range []map[string]status.Report{
		runExamples(), planExamples(), verifyExamples(), standingExamples(),
	} {
		statustest.Golden(t, some)
	}
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func hour() *status.Seconds {
	return new(status.Seconds(time.Hour + 2*time.Minute + 1500*time.Millisecond))
}

func doubted() []status.Doubt {
	return []status.Doubt{{
		Kind: "deletes unseen", Since: noon(), Why: "what was deleted since then is not known",
		Hint: "find what is gone with: catchment verify --repair Contact",
	}}
}

func runExamples() map[string]status.Report {
	const id = "20260301T120000000-0a1b2c3d"
	return map[string]status.Report{
		"run": status.Run{
			Calls: 1019, Failed: 1, ID: id, Seconds: status.Seconds(1250 * time.Millisecond), State: "partial",
			Objects: []status.RunObject{
				{
					Calls: 5, Bytes: 504847, Deleted: 1, Extracted: 1227, From: status.Moment(noon()),
					Grade: "proven except 12", Inserted: 1223,
					Loaded: 1225, Mover: "bulk", Notes: []string{"7 rows that nobody had claimed"}, Object: "Account",
					Rejected: 2, KeptOut: 12, State: "done", To: status.Moment(noon().Add(time.Hour)), Updated: 1,
				},
				{
					Object: "Contact", State: "failed", Error: "table contact was emptied", Doubts: doubted(),
					To: status.Moment(noon()), Grade: "unproven",
					Hint: new("load it anew with: catchment run --full Contact"),
				},
				{Object: "Lead", State: "failed", Error: "read <&> page: connection reset", Hint: new("")},
			},
		},
		"status": status.Overview{
			Flows: []status.Flow{
				{
					Behind: hour(), Generation: 2, Grade: "proven", LastRun: id, Object: "Account", Paused: true,
					PinnedSince: status.Moment(noon()), Rows: 1223, State: "paused",
					StorageAsOf: status.Moment(noon()), StorageBytes: new(int64(2504704)),
					Watermark: status.Moment(noon()),
				},
				{
					Behind: new(status.Seconds(0)), Object: "Case", State: "idle",
					Grade: "lagged except 3", Rejected: 3, Outdated: 1,
					Watermark: status.Moment(noon()),
				},
				{
					Object: "Contact", State: "idle",
					Retired: []status.Retired{
						{By: "rank__c_text", Column: "rank__c", Field: "Rank__c", Since: status.Moment(noon())},
					},
				},
				{
					Behind: new(status.Seconds(0)), Doubts: doubted(), Object: "Lead", State: "idle", Grade: "unproven",
					Watermark: status.Moment(noon()),
				},
				{Object: "ContactHistory", State: "idle", StorageBytes: new(int64)},
			},
			Runs: []status.PastRun{
				{Calls: 19, By: "process 1 on host", ID: id, Objects: 3, Started: noon(), State: "running"},
				{
					Calls: 19, Error: "list objects: not allowed", Hint: new("look at its permission sets"),
					By: "process 1 on host", ID: id, Seconds: new(status.Seconds(1182111002)),
					Started: noon(), State: "failed",
				},
			},
		},
		"status-empty": status.Overview{},
	}
}

func planExamples() map[string]status.Report {
	sweep := []status.Extra{{Calls: 1, Jobs: 1, Mover: "rest", Name: "sweep", Records: 1223}}
	all := status.Cost{8, 1, 1223}
	costs := status.VerifyCosts{Counts: status.Cost{Calls: 6}, Stamps: all, Values: all}
	return map[string]status.Report{
		"plan": status.Plan{
			CallsLeft: 99843, CallsMax: 100000, JobsLeft: 9999, ReservePercent: 40,
			Objects: []status.PlannedObject{
				{
					AsOf: []status.AsOf{{
						At: status.Moment(noon()), By: "refresh", Hint: "refresh: 1d",
						Why: "Age__c changes", Text: "Age__c changes; complete as of the last refresh",
					}},
					Calls: 9, ByREST: []string{"BillingAddress"}, Extra: sweep, Due: sweep,
					From: status.Moment(noon()), Grade: "proven",
					Jobs: 2, Mover: "bulk", Object: "Account", Records: 30,
					Held:        []status.Held{{Column: "rank__c", Views: []string{"dbt.a", "dbt.b"}}},
					Retyped:     []string{"size__c"},
					Skipped:     []status.Skipped{{"Photo", "it is excluded"}},
					StorageAsOf: status.Moment(noon()), StorageBytes: new(int64(2504704)),
					To: status.Moment(noon().Add(time.Hour)), Total: 1223, Verify: costs,
					Why: "incremental",
				},
				{
					Object: "Contact", Extra: []status.Extra{}, Due: sweep, Mover: "bulk", Total: 1223, Verify: costs,
					Why: "paused",
				},
			},
		},
		"plan in part": status.Plan{
			CallsLeft: 99843, CallsMax: 100000, JobsLeft: 9999, ReservePercent: 40, Failed: []string{"Contact", "Lead"},
			Objects: []status.PlannedObject{{
				Calls: 3, Extra: []status.Extra{}, Mover: "rest", Object: "Account", Total: 1223, Verify: costs,
				Why: "incremental",
			}},
		},
		"plan of nothing": status.Plan{CallsLeft: 99843, CallsMax: 100000, JobsLeft: 9999, Failed: []string{"Contact"}},
	}
}

func lostExamples() []status.LostFile {
	return []status.LostFile{{How: "missing", Path: "file:///lake/1.parquet", Rows: 4},
		{How: "damaged", Path: "file:///lake/2.parquet", Rows: 1, Deletes: true}}
}

func verifyExamples() map[string]status.Report {
	differs := status.Verified{
		Calls: 9, AsOf: status.Moment(noon()), Cleared: 1, Compared: "values", DuplicateIDs: []string{"1"},
		Duplicates: 1,
		Extra:      1, ExtraIDs: []string{"2"}, FormulaIDs: []status.DifferingRow{{[]string{"age__c"}, "3"}},
		Formulas: new(int64(1)),
		Grade:    "proven", LeftOut: &[]status.LeftOut{{"Email", "the flow changes its values on their way"}},
		Missing: 2, MissingIDs: []string{"4", "5"}, Object: "Account", Pending: 3, Rejected: 1,
		RejectedIDs: []string{"8"}, Outdated: 1, KeptOut: "6 (Phone: not_null)",
		Remaining: new(int64(0)), Repaired: new(int64(6)), Source: 1223, Stale: 1, StaleIDs: []string{"6"},
		Unconfirmed: 7, Unjudged: 8, UnjudgedWhy: "no field tells when its records change", Warehouse: 1222,
		Wrong: new(int64(1)), WrongIDs: []status.DifferingRow{{[]string{"name", "phone"}, "7"}},
	}
	return map[string]status.Report{
		"verify": status.Verification{{
			Object: "Account", AsOf: status.Moment(noon()), Grade: "proven", Compared: "stamps", Source: 1223,
			Warehouse: 1223,
		}},
		"verify-digest": status.Verification{{
			Object: "Account", Compared: "values", Formulas: new(int64(0)), LeftOut: new([]status.LeftOut),
			Wrong: new(int64(0)),
		}},
		"verify-repair": status.Verification{differs},
		"verify-lost": status.Verification{{
			Object: "Account", AsOf: status.Moment(noon()), Grade: "unproven", Compared: "stamps", Source: 1223,
			Warehouse: 1220, Missing: 3, MissingIDs: []string{"1", "2", "3"}, Lost: lostExamples(),
		}, {
			Object: "Contact", AsOf: status.Moment(noon()), Grade: "proven", Compared: "stamps", Source: 5,
			Warehouse: 4, Missing: 1, MissingIDs: []string{"1"}, Repaired: new(int64(1)), Remaining: new(int64(0)),
			Lost: lostExamples(),
		}},
		"verify-bodies": status.Verification{{
			Object: "Attachment", AsOf: status.Moment(noon()), Grade: "proven", Compared: "stamps", Source: 9,
			Warehouse: 9,
			Bodies: &status.Bodies{
				Aside: 1, Bytes: 1234567, Changed: 1, Copied: 5, DifferingIDs: []string{"1", "2", "3", "4"}, Dropped: 1,
				Lost: 2, Nothing: 2, ReadBack: 2, Resized: 1, Waiting: 1,
			},
		}},
		"verify-quick": status.Verification{{
			Object: "Account", AsOf: status.Moment(noon()), Grade: "sample", Compared: "counts", Calls: 6, Missing: 1,
			Source: 12, Warehouse: 11,
			Sampled: &status.Sampled{
				Days: 1234, From: status.Moment(noon()), To: status.Moment(noon().Add(time.Hour)),
				Differ:  []string{"2026-03-01: 12 in the org, 11 here"},
				Skipped: []status.Span{{noon(), noon().Add(time.Minute)}},
			},
		}},
	}
}
