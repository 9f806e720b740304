package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Whoever deletes and undeletes records, by whichever API, leaves the same behind: what
// went along, what stood against it, which lookups are empty.

// A family is an Account and records that point to it, each by its role.
type family map[string]string

func kinChecks() []check {
	return []check{
		{"sf", "data delete bulk takes children along", sameEnd((*org).sfDeleteBulk)},
		{"sf", "data delete record takes children along", sameEnd((*org).sfDeleteRecord)},
		{"sf", "data delete bulk of what a Case stands against", sfHeld},
		{"sf", "data import tree, then data delete bulk, then data query --all-rows", sfTreeGoes},
		{"jsforce", "SOAP delete takes children along", sameEnd(func(o *org, id string) error {
			return o.jsforce("SOAP delete", id)
		})},
		{"pyforce", "delete takes children along", sameEnd(func(o *org, id string) error {
			return o.python("pyforce", "delete", id)
		})},
		{"sf", "data delete bulk, undone by a SOAP undelete of jsforce", undone((*org).sfDeleteBulk)},
		{"jsforce", "SOAP undelete with an access token brings all back", undone(plainDelete)},
		{"jsforce", "SOAP emptyRecycleBin, and undelete of what has left the bin", jsforceEmpty},
	}
}

// emptied is what state says of the record that stays when its Account goes.
const emptied = "Invoice__c there, points to nothing"

// sameEnd holds what a client's delete of a family leaves behind against what a plain
// request to REST leaves.
func sameEnd(remove func(o *org, id string) error) func(*org) error {
	return func(o *org) error {
		plain, err := o.plant()
		if err != nil {
			return err
		}
		if err := plainDelete(o, plain["Account"]); err != nil {
			return err
		}
		by, err := o.plant()
		if err != nil {
			return err
		}
		if err := remove(o, by["Account"]); err != nil {
			return err
		}
		wanted, err := o.state(plain)
		if err != nil {
			return err
		}
		got, err := o.state(by)
		if err != nil {
			return err
		}
		if !strings.Contains(wanted, "Contact deleted") || !strings.Contains(wanted, emptied) {
			return fmt.Errorf("a plain delete leaves %s", wanted)
		}
		return want("end state", got, wanted)
	}
}

// kinLookups are the objects of a family and the lookup by which each points to the
// Account.
func kinLookups() [][2]string {
	return [][2]string{{"Contact", "AccountId"}, {"Opportunity", "AccountId"}, {"Task", "WhatId"},
		{"Invoice__c", "Account__c"}}
}

// plant creates a family.
func (o *org) plant() (family, error) {
	made := family{}
	create := func(object string, values map[string]string) error {
		var answer struct{ ID string }
		err := o.rest(http.MethodPost, "/sobjects/"+object, values, &answer)
		made[object] = answer.ID
		return err
	}
	if err := create("Account", map[string]string{"Name": "Root"}); err != nil {
		return nil, err
	}
	values := map[string]map[string]string{
		"Contact":     {"LastName": "Child"},
		"Opportunity": {"Name": "Child", "StageName": "Prospecting", "CloseDate": "2030-01-01"},
		"Task":        {"Status": "Completed", "Priority": "Low"},
		"Invoice__c":  {},
	}
	for _, pair := range kinLookups() {
		values[pair[0]][pair[1]] = made["Account"]
		if err := create(pair[0], values[pair[0]]); err != nil {
			return nil, err
		}
	}
	return made, nil
}

// state says of each record of a family whether it is there and what it points to.
func (o *org) state(f family) (string, error) {
	var lines []string
	for _, pair := range append([][2]string{{"Account", "ParentId"}}, kinLookups()...) {
		var answer struct{ Records []map[string]any }
		q := "SELECT IsDeleted, " + pair[1] + " FROM " + pair[0] + " WHERE Id = '" + f[pair[0]] + "'"
		if err := o.rest(http.MethodGet, "/queryAll?q="+url.QueryEscape(q), nil, &answer); err != nil {
			return "", err
		}
		where, to := "gone", "nothing"
		for _, r := range answer.Records {
			where = map[any]string{true: "deleted", false: "there"}[r["IsDeleted"]]
			if r[pair[1]] == f["Account"] {
				to = "the root"
			}
		}
		lines = append(lines, pair[0]+" "+where+", points to "+to)
	}
	slices.Sort(lines)
	return strings.Join(lines, "; "), nil
}

// rest asks the org without any client.
func (o *org) rest(method, path string, body, into any) error {
	text, err := json.Marshal(body)
	if err != nil {
		return err
	}
	r, err := http.NewRequest(method, o.URL+"/services/data/v66.0"+path, bytes.NewReader(text))
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+o.AccessToken)
	r.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		return errors.Join(err, fmt.Errorf("%s %s: %d %s", method, path, resp.StatusCode, answer))
	}
	if into == nil {
		return nil
	}
	return json.Unmarshal(answer, into)
}

// sfBulkFile writes the Ids that a bulk delete reads.
func (o *org) sfBulkFile(ids ...string) (string, error) {
	file := filepath.Join(o.dir, "delete.csv")
	return file, os.WriteFile(file, []byte("Id\n"+strings.Join(ids, "\n")+"\n"), 0o600)
}

func (o *org) sfDeleteBulk(id string) error {
	file, err := o.sfBulkFile(id)
	if err != nil {
		return err
	}
	_, err = o.sf("data", "delete", "bulk", "--target-org", "t", "--sobject", "Account", "--file", file, "--wait", "2")
	return err
}

func (o *org) sfDeleteRecord(id string) error {
	_, err := o.sf("data", "delete", "record", "--target-org", "t", "--sobject", "Account", "--record-id", id)
	return err
}

// sfHeld lets it delete an Account that has a Case, which Salesforce refuses.
func sfHeld(o *org) error {
	made, err := o.plant()
	if err != nil {
		return err
	}
	if err := o.rest(http.MethodPost, "/sobjects/Case",
		map[string]string{"AccountId": made["Account"], "Status": "New"}, nil); err != nil {
		return err
	}
	const words = "Your attempt to delete Root could not be completed because it is associated with the following " +
		"cases."
	out, err := o.sf("data", "delete", "record", "--target-org", "t", "--sobject", "Account", "--record-id",
		made["Account"])
	if err := refused(out, err, words); err != nil {
		return err
	}
	file, err := o.sfBulkFile(made["Account"])
	if err != nil {
		return err
	}
	out, err = o.sf("data", "delete", "bulk", "--target-org", "t", "--sobject", "Account", "--file", file,
		"--wait", "2", "--json")
	if err := refused(out, err, "failed to process 1 record"); err != nil {
		return err
	}
	failed, err := o.sfFailed(out)
	if err == nil && (len(failed) != 1 || failed[0] != "DELETE_FAILED") {
		err = fmt.Errorf("failed with %v", failed)
	}
	return err
}

// sfFailed reads the codes of the records that a bulk job has failed on, of which the
// CLI has told.
func (o *org) sfFailed(out string) ([]string, error) {
	var said struct{ Data struct{ JobID string } }
	_, text, _ := strings.Cut(out, "{\n")
	if err := json.NewDecoder(strings.NewReader("{" + text)).Decode(&said); err != nil {
		return nil, fmt.Errorf("%w in %s", err, out)
	}
	var got struct{ FailedFilePath string }
	if err := o.sfJSON(&got, "data", "bulk", "results", "--job-id", said.Data.JobID); err != nil {
		return nil, err
	}
	file, err := os.Open(filepath.Join(o.dir, got.FailedFilePath))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	var codes []string
	for _, row := range rows[min(1, len(rows)):] {
		code, _, _ := strings.Cut(row[1], ":")
		codes = append(codes, code)
	}
	return codes, err
}

// sfTreeGoes lets it create an Account with Contacts, delete the Account and look.
func sfTreeGoes(o *org) error {
	file := filepath.Join(o.dir, "kin.json")
	text := `{"records":[{"attributes":{"type":"Account","referenceId":"a"},"Name":"Tree","Contacts":{"records":[
		{"attributes":{"type":"Contact","referenceId":"b"},"LastName":"Kin one"},
		{"attributes":{"type":"Contact","referenceId":"c"},"LastName":"Kin two"}]}}]}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return err
	}
	var made []struct{ Type, ID string }
	if err := o.sfJSON(&made, "data", "import", "tree", "--files", file); err != nil {
		return err
	}
	at := slices.IndexFunc(made, func(r struct{ Type, ID string }) bool { return r.Type == "Account" })
	if len(made) != 3 || at < 0 {
		return fmt.Errorf("imported %+v", made)
	}
	if err := o.sfDeleteBulk(made[at].ID); err != nil {
		return err
	}
	var got struct {
		Records []struct {
			IsDeleted bool
			AccountID string `json:"AccountId"`
		}
	}
	if err := o.sfJSON(&got, "data", "query", "--all-rows", "--query",
		"SELECT IsDeleted, AccountId FROM Contact WHERE LastName LIKE 'Kin %'"); err != nil {
		return err
	}
	for _, r := range got.Records {
		if !r.IsDeleted || r.AccountID != made[at].ID {
			return fmt.Errorf("a child is left as %+v", r)
		}
	}
	return want("children in the bin", len(got.Records), 2)
}

// undone brings back what a client has deleted, by jsforce's SOAP.
func undone(remove func(o *org, id string) error) func(*org) error {
	return func(o *org) error {
		made, err := o.plant()
		if err != nil {
			return err
		}
		before, err := o.state(made)
		if err != nil {
			return err
		}
		if err := remove(o, made["Account"]); err != nil {
			return err
		}
		if err := o.jsforce("SOAP undelete", made["Account"]); err != nil {
			return err
		}
		after, err := o.state(made)
		if err != nil {
			return err
		}
		return want("end state", after, before)
	}
}

// plainDelete deletes an Account without any client.
func plainDelete(o *org, id string) error {
	return o.rest(http.MethodDelete, "/sobjects/Account/"+id, nil, nil)
}

// jsforceEmpty removes a family for good. The children go with their parent.
func jsforceEmpty(o *org) error {
	made, err := o.plant()
	if err != nil {
		return err
	}
	if err := plainDelete(o, made["Account"]); err != nil {
		return err
	}
	if err := o.jsforce("SOAP emptyRecycleBin", made["Account"], made["Contact"]); err != nil {
		return err
	}
	end, err := o.state(made)
	if err == nil && (!strings.Contains(end, "Account gone, points to nothing; Contact gone,") ||
		!strings.Contains(end, emptied)) {
		err = fmt.Errorf("end state: %s", end)
	}
	return err
}
