package notice

import (
	"testing"
	"time"

	"catchment/internal/status"
	"catchment/internal/status/statustest"
)

func TestReports(t *testing.T) {
	for _, some := range []map[string]status.Report{
		checkExamples(), tableExamples(), flowExamples(), programExamples(), awsExamples(), queryExamples(),
	} {
		statustest.Golden(t, some)
	}
}

func noon() time.Time { return time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC) }

func hour() *status.Seconds {
	return new(status.Seconds(time.Hour + 2*time.Minute + 1500*time.Millisecond))
}

func checkExamples() map[string]status.Report {
	return map[string]status.Report{
		"check": Finding{Detail: "67 fields", State: OK, What: "object Account"},
		"check-hint": Finding{
			Detail: "the user lacks View All Data", Hint: "give it a permission set", State: Warn, What: "sight",
		},
		"check-setup": Setup{
			Steps: []string{"Setup > Permission Sets", "assign it to the integration user"}, What: "sight",
		},
		"check-total": CheckTotal{Failed: 1, Warnings: 2},
	}
}

func tableExamples() map[string]status.Report {
	sources := []AdoptedTable{
		{Name: "crm.contact", Kept: "crm.contact_before_catchment", Rows: 2, Unknown: []string{"mine", "other"},
			Stamp: "systemmodstamp", Unread: []Unread{{"systemmodstamp", 2}, {"birthdate", 1}}},
		{Name: "crm.contact_2", Kept: "crm.contact_2_before_catchment", Rows: 1},
	}
	history := Erased{Object: "ContactHistory", Rows: 3}
	erased := Erased{Object: "Contact", Pages: 1, Rows: 1000, Staged: 2}
	file := Erased{Object: "Attachment", Rows: 3, Bodies: 1, Shared: 2}
	return map[string]status.Report{
		"sql":       SQL{Dialect: "duckdb", Object: "Campaign", SQL: "CREATE TABLE \"a\" (\n\t\"id\" VARCHAR\n);\n"},
		"installed": Installed{Call: `CALL "staging"."consolidated_of_tables"()`, Dialect: "postgres", Procedures: 14},
		"adopt":     Adopted{Object: "Contact", Records: 1, Rows: 3, ShortIDs: 1, Sources: sources},
		"adopt-done": Adopted{
			Done: true, Object: "Contact", Records: 1, Rows: 3, RowsAfter: 1, ShortIDs: 1, Sources: sources,
		},
		"adopt-empty": Adopted{Object: "Contact"},
		"replaced": Replaced{
			Left: []string{"Case", "Task"}, New: NamedOrg{ID: "00DHo00000skPlnMAE", Kind: "sandbox", Name: "Acme"},
			Old: []NamedOrg{
				{ID: "00DHo00000NVnTCMA1", Kind: "scratch org", Name: "Acme"}, {ID: "00DHo00000000001AA"},
			},
		},
		"replaced-dropped": Replaced{
			Dropped: true, New: NamedOrg{ID: "00DHo00000skPlnMAE", Kind: "sandbox", Name: "Acme"},
			Old: []NamedOrg{{ID: "00DHo00000NVnTCMA1"}},
		},
		"replaced-nothing": Replaced{New: NamedOrg{ID: "00DHo00000skPlnMAE", Kind: "sandbox", Name: "Acme"}},
		"erase":            Erasure{Object: "Contact", IDs: 1, Erased: []Erased{history, erased}},
		"erase-part":       Erasure{Object: "Contact", IDs: 1, Erased: []Erased{history}},
		"erase-file":       Erasure{Object: "Attachment", IDs: 3, Erased: []Erased{file}},
	}
}

func flowExamples() map[string]status.Report {
	return map[string]status.Report{
		"flows-import": Import{
			Files: []string{"flows.yaml"}, YAML: "flows:\n  - object: Contact\n",
			Notes: []ImportNote{{
				File: "flows.yaml", Flow: "contacts", Line: 12, Text: "a Merge task",
				Said: "flows.yaml:12: contacts: a Merge task",
			}},
			Flows: []ImportedFlow{{File: "flows.yaml", Line: 6, Name: "contacts", Object: "Contact"}},
		},
		"flows-push": Pushed{Mover: "bulk", Object: "Account", Template: "templates/account-fd130c445cdb.yaml"},
		"flows-push-landing": Pushed{
			Mover: "appflow", Object: "Account", Landing: "templates/account-fd130c445cdb.json",
		},
		"flows-push-bare": Pushed{Object: "Account"},
		"flows-list": ControlRow{
			Generation: 1, LastRun: "r", Object: "Account", Paused: true, Rows: 1223, Watermark: noon(), Behind: hour(),
		},
		"flows-list-new": ControlRow{Object: "Account"},
		"flows-list-wanted": ControlRow{
			Object: "Account", Template: "templates/account-fd130c445cdb.yaml", Wanted: true,
			Window: "1d Europe/Berlin",
		},
		"flows-list-bare":  ControlRow{Object: "Account", Wanted: true},
		"flows-list-wrong": ControlRow{Object: "Account", Wanted: true, Wrong: "control row Account: no JSON"},
		"flows-pull":       Pulled{Flows: 1, YAML: "  - object: Account\n    paused: true\n"},
		"flows-pull-none":  Pulled{},
		"flows-remove":     Removed{Object: "Account"},
		"flows-template":   Template{Bytes: 31100, Key: "templates/account-fd130c445cdb.json", Written: noon()},
		"pause":            PauseState{Object: "Account", Paused: true},
		"resume":           PauseState{Object: "Account"},
	}
}

func programExamples() map[string]status.Report {
	return map[string]status.Report{
		"version": Version{APIVersion: "68.0", Version: "v1"},
		"schema":  Schema{Schema: []byte("{\n  \"type\": \"object\"\n}\n")},
		"warning": Warning{
			Detail: "ends on 20 February 2027, in 83 days", Hint: "use another", What: "login flow password",
		},
		"error": Failure{
			Class: "fix", Error: "catchment.yaml exists already",
			Hint: "remove it, or name another with: --config FILE",
		},
		"error-then": Failure{Class: "full", Error: "the disk is full", Hint: "make room", Then: "catchment run"},
		"error-bare": Failure{Class: "bug", Error: "a < b"},
		"init":       Init{Objects: 18, Path: "catchment.yaml"},
		"aws":        AWS{Dir: "deploy/aws", Machine: "machine.json", Template: "template.yaml"},
		"org": Org{
			AccessToken: "token", ClientID: "id", ClientSecret: "secret", OrgID: "00DHo00000NVnTCMA1",
			Password:     "password",
			RefreshToken: "refresh", URL: "http://127.0.0.1:1", Username: "integration@example.com",
		},
		"org-guarded": Org{URL: "http://0.0.0.0:1", AdminToken: "admin"},
		"org-tls":     Org{URL: "https://127.0.0.1:1", Certificate: "-----BEGIN CERTIFICATE-----\n"},
		"demo": Demo{
			Duplicates: 1, Extra: 2, Missing: 3, Objects: 7, Path: "catchment-demo/catchment.duckdb", Runs: 2,
			Source: 20164,
			Stale:  4, Warehouse: "duckdb", WarehouseRows: 20163,
		},
	}
}

func awsExamples() map[string]status.Report {
	next := []AWSStep{
		{What: `put {"client_id": "..."} into secret catchment/salesforce:`,
			Command: "aws secretsmanager put-secret-value"},
		{What: "start one run:", Command: "aws stepfunctions start-execution --state-machine-arn arn:1"},
	}
	kept := []AWSResource{
		{Command: "aws dynamodb delete-table --table-name control", Name: "control", Type: "AWS::DynamoDB::Table"},
		{Name: "key", Type: "AWS::KMS::Key"},
	}
	return map[string]status.Report{
		"deployed": Deployed{Bucket: "code", Next: next, Outputs: map[string]string{"Machine": "arn:1"},
			Stack: "catchment", State: "made"},
		"deployed-again": Deployed{Bucket: "code", Stack: "catchment", State: "unchanged"},
		"destroy":        Destroyed{Flows: []string{"catchment-account-1", "catchment-contact-1"}, Stack: "catchment"},
		"destroyed": Destroyed{Again: []string{"ControlTable=existing", "StageBucket=existing"}, Done: true,
			Flows: []string{"catchment-account-1"}, Kept: kept, Stack: "catchment"},
		"destroy-nothing": Destroyed{Done: true},
	}
}
