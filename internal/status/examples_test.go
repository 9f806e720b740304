package status

import (
	"maps"
	"time"
)

// examples are all reports: filled, and where something may be missing, without
// it.
func examples() map[string]Report {
	all := map[string]Report{}
	for _, some := range []map[string]Report{
		runExamples(), planExamples(), verifyExamples(), tableExamples(), flowExamples(), programExamples(),
	} {
		maps.Copy(all, some)
	}
	return all
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func hour() *Seconds { return new(Seconds(time.Hour + 2*time.Minute + 1500*time.Millisecond)) }

func runExamples() map[string]Report {
	const id = "20260301T120000000-0a1b2c3d"
	return map[string]Report{
		"run": Run{
			Calls: 1019, Failed: 1, ID: id, Seconds: Seconds(1250 * time.Millisecond), State: "partial",
			Objects: []RunObject{
				{
					Calls: 5, Bytes: 504847, Deleted: 1, Extracted: 1227, From: Moment(noon()), Grade: "proven", Inserted: 1223,
					Loaded: 1225, Mover: "bulk", Notes: []string{"7 rows that nobody had claimed"}, Object: "Account",
					Rejected: 2, State: "done", To: Moment(noon().Add(time.Hour)), Updated: 1,
				},
				{
					Object: "Contact", State: "failed", Error: "table contact was emptied",
					Hint: new("load it anew with: catchment run --full Contact"),
				},
				{Object: "Lead", State: "failed", Error: "read <&> page: connection reset", Hint: new("")},
			},
		},
		"status": Overview{
			Flows: []Flow{
				{
					Behind: hour(), Generation: 2, Grade: "proven", LastRun: id, Object: "Account", Paused: true,
					PinnedSince: Moment(noon()), Rows: 1223, State: "paused", StorageBytes: 2504704, Watermark: Moment(noon()),
				},
				{Behind: new(Seconds(0)), Object: "Case", State: "idle", Grade: "lagged", Watermark: Moment(noon())},
				{Object: "Contact", State: "idle"},
			},
			Runs: []PastRun{
				{Calls: 19, Holder: "process 1 on host", ID: id, Objects: 3, Started: noon(), State: "running"},
				{
					Calls: 19, Error: "list objects: not allowed", Hint: new("look at its permission sets"),
					Holder: "process 1 on host", ID: id, Seconds: new(Seconds(1182111002)),
					Started: noon(), State: "failed",
				},
			},
		},
		"status-empty": Overview{},
	}
}

func planExamples() map[string]Report {
	sweep := []Extra{{Calls: 1, Jobs: 1, Mover: "rest", Name: "sweep", Records: 1223}}
	costs := VerifyCosts{Counts: Cost{Calls: 6}, Stamps: Cost{8, 1, 1223}, Values: Cost{8, 1, 1223}}
	return map[string]Report{
		"plan": Plan{
			CallsLeft: 99843, CallsMax: 100000, JobsLeft: 9999, ReservePercent: 40,
			Objects: []PlannedObject{
				{
					Calls: 9, ByREST: []string{"BillingAddress"}, Extra: sweep, Due: sweep, From: Moment(noon()), Grade: "proven",
					Jobs: 2, Mover: "bulk", Object: "Account", Records: 30, Skipped: []Skipped{{"Photo", "it is excluded"}},
					StorageBytes: 2504704, To: Moment(noon().Add(time.Hour)), Total: 1223, Verify: costs, Why: "incremental",
				},
				{Object: "Contact", Extra: []Extra{}, Due: sweep, Mover: "bulk", Total: 1223, Verify: costs, Why: "paused"},
			},
		},
		"check": Finding{Detail: "67 fields", State: OK, What: "object Account"},
		"check-hint": Finding{
			Detail: "the user lacks View All Data", Hint: "give it a permission set", State: Warn, What: "sight",
		},
		"check-setup": Setup{Steps: []string{"Setup > Permission Sets", "assign it to the integration user"}, What: "sight"},
		"check-total": CheckTotal{Failed: 1, Warnings: 2},
	}
}

func verifyExamples() map[string]Report {
	differs := Verified{
		Calls: 9, AsOf: Moment(noon()), Cleared: 1, Compared: "values", DuplicateIDs: []string{"1"}, Duplicates: 1,
		Extra: 1, ExtraIDs: []string{"2"}, FormulaIDs: []DifferingRow{{[]string{"age__c"}, "3"}}, Formulas: new(int64(1)),
		Grade: "proven", LeftOut: &[]LeftOut{{"Email", "the flow changes its values on their way"}},
		Missing: 2, MissingIDs: []string{"4", "5"}, Object: "Account", Pending: 3, Rejected: 1, RejectedIDs: []string{"8"},
		Remaining: new(int64(0)), Repaired: new(int64(6)), Source: 1223, Stale: 1, StaleIDs: []string{"6"},
		Unconfirmed: 7, Unjudged: 8, UnjudgedWhy: "no field tells when its records change", Warehouse: 1222,
		Wrong: new(int64(1)), WrongIDs: []DifferingRow{{[]string{"name", "phone"}, "7"}},
	}
	return map[string]Report{
		"verify": Verification{{
			Object: "Account", AsOf: Moment(noon()), Grade: "proven", Compared: "stamps", Source: 1223, Warehouse: 1223,
		}},
		"verify-digest": Verification{{
			Object: "Account", Compared: "values", Formulas: new(int64(0)), LeftOut: new([]LeftOut), Wrong: new(int64(0)),
		}},
		"verify-repair": Verification{differs},
		"verify-quick": Verification{{
			Object: "Account", AsOf: Moment(noon()), Grade: "sample", Compared: "counts", Calls: 6, Missing: 1,
			Source: 12, Warehouse: 11,
			Sampled: &Sampled{
				Days: 1234, From: Moment(noon()), To: Moment(noon().Add(time.Hour)),
				Differ: []string{"2026-03-01: 12 in the org, 11 here"}, Skipped: []Span{{noon(), noon().Add(time.Minute)}},
			},
		}},
	}
}

func tableExamples() map[string]Report {
	sources := []AdoptedTable{
		{Name: "crm.contact", Kept: "crm.contact_before_catchment", Rows: 2, Unknown: []string{"mine", "other"}},
		{Name: "crm.contact_2", Kept: "crm.contact_2_before_catchment", Rows: 1},
	}
	erased := Erased{Object: "Contact", Pages: 1, Rows: 1000, Staged: 2}
	return map[string]Report{
		"sql":       SQL{Dialect: "duckdb", Object: "Campaign", SQL: "CREATE TABLE \"a\" (\n\t\"id\" VARCHAR\n);\n"},
		"installed": Installed{Call: `CALL "staging"."consolidated_of_tables"()`, Dialect: "postgres", Procedures: 14},
		"adopt":     Adopted{Object: "Contact", Records: 1, Rows: 3, ShortIDs: 1, Sources: sources},
		"adopt-done": Adopted{
			Done: true, Object: "Contact", Records: 1, Rows: 3, RowsAfter: 1, ShortIDs: 1, Sources: sources,
		},
		"adopt-empty": Adopted{Object: "Contact"},
		"erase":       Erasure{Object: "Contact", IDs: 1, Erased: []Erased{{Object: "ContactHistory", Rows: 3}, erased}},
		"erase-part":  Erasure{Object: "Contact", IDs: 1, Erased: []Erased{{Object: "ContactHistory", Rows: 3}}},
	}
}

func flowExamples() map[string]Report {
	return map[string]Report{
		"flows-import": Import{
			File: "flows.yaml", YAML: "flows:\n  - object: Contact\n",
			Notes: []ImportNote{{
				File: "flows.yaml", Flow: "contacts", Line: 12, Text: "a Merge task", Said: "flows.yaml:12: contacts: a Merge task",
			}},
			Flows: []ImportedFlow{{Line: 6, Name: "contacts", Object: "Contact"}},
		},
		"flows-push":      Pushed{Mover: "appflow", Object: "Account", Template: "templates/account-fd130c445cdb.json"},
		"flows-push-bare": Pushed{Object: "Account"},
		"flows-list": ControlRow{
			Generation: 1, LastRun: "r", Object: "Account", Paused: true, Rows: 1223, Watermark: noon(), Behind: hour(),
		},
		"flows-list-new": ControlRow{Object: "Account"},
		"flows-template": Template{Bytes: 31100, Key: "templates/account-fd130c445cdb.json", Written: noon()},
		"pause":          PauseState{Object: "Account", Paused: true},
		"resume":         PauseState{Object: "Account"},
	}
}

func programExamples() map[string]Report {
	return map[string]Report{
		"version": Version{APIVersion: "66.0", Version: "v1"},
		"error": Failure{
			Class: "fix", Error: "catchment.yaml exists already", Hint: "remove it, or name another with: --config FILE",
		},
		"error-bare": Failure{Class: "bug", Error: "a < b"},
		"init":       Init{Objects: 18, Path: "catchment.yaml"},
		"aws":        AWS{Dir: "deploy/aws", Machine: "machine.json", Template: "template.yaml"},
		"org": Org{
			AccessToken: "token", ClientID: "id", ClientSecret: "secret", OrgID: "00DHo00000NVnTCMA1", Password: "password",
			RefreshToken: "refresh", URL: "http://127.0.0.1:1", Username: "integration@example.com",
		},
		"org-tls": Org{URL: "https://127.0.0.1:1", Certificate: "-----BEGIN CERTIFICATE-----\n"},
		"demo": Demo{
			Duplicates: 1, Extra: 2, Missing: 3, Objects: 7, Path: "catchment-demo/catchment.duckdb", Runs: 2, Source: 20164,
			Stale: 4, Warehouse: "duckdb", WarehouseRows: 20163,
		},
	}
}
