package main

import (
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	salesforce "github.com/k-capehart/go-salesforce/v3"
)

// A record is what go-salesforce writes; it reads into structs.
type record = map[string]any

type named struct{ Id, Name, LastName string }

func goSalesforceChecks() []check {
	all := []check{{"go-salesforce", "login four ways", goLogin}}
	for _, c := range []struct {
		name string
		do   func(*org, *salesforce.Salesforce) error
	}{
		{"Query over several pages", goQuery},
		{"QueryStruct", goQueryStruct},
		{"InsertOne, UpdateOne, UpsertOne, DeleteOne", goOne},
		{"Insert-, Update-, Upsert-, DeleteCollection", goCollection},
		{"Insert-, Update-, Upsert-, DeleteComposite", goComposite},
		{"QueryBulkExport and QueryBulkIterator", goBulkQuery},
		{"Insert-, Update-, Upsert-, DeleteBulk, GetJobResults", goBulk},
		{"InsertBulkFile", goBulkFile},
		{"DoRequest with compressed bodies", goCompressed},
		{"Update- and DeleteCollection of unknown Ids", goUnknownCollection},
		{"Update- and DeleteBulk of unknown Ids", goUnknownBulk},
		{"UpdateOne and DeleteOne of unknown Ids", goUnknownOne},
		{"DoRequest to search and to tooling", goSearch},
	} {
		all = append(all, check{"go-salesforce", c.name, func(o *org) error {
			sf, err := salesforce.Init(salesforce.Creds{Domain: o.URL, AccessToken: o.AccessToken})
			if err != nil {
				return err
			}
			return c.do(o, sf)
		}})
	}
	return all
}

func goLogin(o *org) error {
	key, err := os.ReadFile(filepath.Join(o.dir, "key.pem"))
	if err != nil {
		return err
	}
	for _, creds := range []salesforce.Creds{
		{Domain: o.URL, AccessToken: o.AccessToken},
		{Domain: o.URL, ConsumerKey: o.ClientID, ConsumerSecret: o.ClientSecret},
		{Domain: o.URL, Username: o.Username, Password: o.Password, ConsumerKey: o.ClientID,
			ConsumerSecret: o.ClientSecret},
		{Domain: o.URL, Username: o.Username, ConsumerKey: o.ClientID, ConsumerRSAPem: string(key)},
	} {
		sf, err := salesforce.Init(creds)
		if err != nil {
			return err
		}
		if err := sf.Query("SELECT Id FROM Organization", &[]named{}); err != nil {
			return fmt.Errorf("%v: %w", sf.GetAuthFlow(), err)
		}
	}
	return nil
}

func goQuery(_ *org, sf *salesforce.Salesforce) error {
	var all []named
	if err := sf.Query("SELECT Id, LastName FROM Contact", &all); err != nil {
		return err
	}
	if len(all) <= 2000 {
		return fmt.Errorf("%d records are no second page", len(all))
	}
	return nil
}

func goQueryStruct(_ *org, sf *salesforce.Salesforce) error {
	type columns struct {
		Name string `soql:"selectColumn,fieldName=Name"`
	}
	type where struct {
		Name []string `soql:"likeOperator,fieldName=Name"`
	}
	type statement struct {
		SelectClause columns `soql:"selectClause,tableName=Account"`
		WhereClause  where   `soql:"whereClause"`
		Limit        *int    `soql:"limitClause"`
	}
	three := 3
	var all []named
	err := sf.QueryStruct(statement{WhereClause: where{[]string{"Del"}}, Limit: &three}, &all)
	if err != nil {
		return err
	}
	return want("records", len(all), 3)
}

func goOne(_ *org, sf *salesforce.Salesforce) error {
	made, err := sf.InsertOne("Account", record{"Name": "one"})
	if err != nil {
		return err
	}
	if err := sf.UpdateOne("Account", record{"Id": made.Id, "Name": "changed"}); err != nil {
		return err
	}
	var got []named
	if err := sf.Query("SELECT Name FROM Account WHERE Id = '"+made.Id+"'", &got); err != nil {
		return err
	}
	if err := want("name", got[0].Name, "changed"); err != nil {
		return err
	}
	if _, err := sf.UpsertOne("Invoice__c", "Number__c", record{"Number__c": "go-1", "Notes__c": "new"}); err != nil {
		return err
	}
	if err := sf.DeleteOne("Account", record{"Id": made.Id}); err != nil {
		return err
	}
	if _, err := sf.InsertOne("Account", record{"Site": "no name"}); err == nil ||
		!strings.Contains(err.Error(), "REQUIRED_FIELD_MISSING") {
		return fmt.Errorf("an Account without a name: %w", err)
	}
	return nil
}

// manyWays are the calls that write several records at a time.
type manyWays struct {
	insert, update, upsert, delete func(records []record) (salesforce.SalesforceResults, error)
}

func (m manyWays) check() error {
	made, err := m.insert([]record{{"Name": "first"}, {"Name": "second"}, {"Site": "no name"}})
	if err != nil {
		return err
	}
	if err := want("results", len(made.Results), 3); err != nil {
		return err
	}
	if !made.Results[0].Success || made.Results[2].Success || !made.HasSalesforceErrors {
		return fmt.Errorf("made %+v", made)
	}
	known := []record{{"Id": made.Results[0].Id, "Name": "a"}, {"Id": made.Results[1].Id, "Name": "b"}}
	for _, step := range []func() (salesforce.SalesforceResults, error){
		func() (salesforce.SalesforceResults, error) { return m.update(known) },
		func() (salesforce.SalesforceResults, error) {
			return m.upsert([]record{{"Number__c": "N00000002", "Notes__c": "known"},
				{"Number__c": "go-2", "Notes__c": "new"}})
		},
		func() (salesforce.SalesforceResults, error) { return m.delete(known) },
	} {
		results, err := step()
		if err != nil {
			return err
		}
		if results.HasSalesforceErrors || len(results.Results) != 2 {
			return fmt.Errorf("got %+v", results)
		}
	}
	return nil
}

func goCollection(_ *org, sf *salesforce.Salesforce) error {
	return manyWays{
		insert: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.InsertCollection("Account", r, 200)
		},
		update: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.UpdateCollection("Account", r, 200)
		},
		delete: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.DeleteCollection("Account", r, 200)
		},
		upsert: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.UpsertCollection("Invoice__c", "Number__c", r, 200)
		},
	}.check()
}

func goComposite(_ *org, sf *salesforce.Salesforce) error {
	return manyWays{
		insert: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.InsertComposite("Account", r, 200, false)
		},
		update: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.UpdateComposite("Account", r, 200, true)
		},
		delete: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.DeleteComposite("Account", r, 200, true)
		},
		upsert: func(r []record) (salesforce.SalesforceResults, error) {
			return sf.UpsertComposite("Invoice__c", "Number__c", r, 200, true)
		},
	}.check()
}

func goBulkQuery(o *org, sf *salesforce.Salesforce) error {
	file := filepath.Join(o.dir, "go.csv")
	if err := sf.QueryBulkExport("SELECT Id, LastName FROM Contact", file); err != nil {
		return err
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	jobs, err := sf.QueryBulkIterator("SELECT Id, LastName FROM Contact")
	if err != nil {
		return err
	}
	count := 0
	for jobs.Next() {
		var page []named
		if err := jobs.Decode(&page); err != nil {
			return err
		}
		count += len(page)
	}
	if err := jobs.Error(); err != nil {
		return err
	}
	return want("records", count, strings.Count(string(text), "\n")-1)
}

func goBulk(_ *org, sf *salesforce.Salesforce) error {
	jobs, err := sf.InsertBulk("Account",
		[]record{{"Name": "bulk a"}, {"Name": "bulk \"b\""}, {"Site": "no name", "Name": ""}}, 1000, true)
	if err != nil {
		return err
	}
	results, err := sf.GetJobResults(jobs[0])
	if err != nil {
		return err
	}
	if len(results.SuccessfulRecords) != 2 || len(results.FailedRecords) != 1 {
		return fmt.Errorf("got %+v", results)
	}
	var known []record
	for _, r := range results.SuccessfulRecords {
		known = append(known, record{"Id": r["sf__Id"], "Site": "there"})
	}
	for name, step := range map[string]func() ([]string, error){
		"update": func() ([]string, error) { return sf.UpdateBulk("Account", known, 1000, true) },
		"upsert": func() ([]string, error) {
			return sf.UpsertBulk("Invoice__c", "Number__c", []record{{"Number__c": "go-3", "Notes__c": "x"}},
				1000, true)
		},
	} {
		if jobs, err = step(); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if results, err = sf.GetJobResults(jobs[0]); err != nil || results.NumberRecordsFailed > 0 {
			return fmt.Errorf("%s: %+v %w", name, results, err)
		}
	}
	for _, r := range known {
		delete(r, "Site")
	}
	_, err = sf.DeleteBulk("Account", known, 1000, true)
	return err
}

func goBulkFile(o *org, sf *salesforce.Salesforce) error {
	file := filepath.Join(o.dir, "go-new.csv")
	if err := os.WriteFile(file, []byte("Name\nfrom a file\n"), 0o600); err != nil {
		return err
	}
	jobs, err := sf.InsertBulkFile("Account", file, 1000, true)
	if err != nil {
		return err
	}
	results, err := sf.GetJobResults(jobs[0])
	if err != nil {
		return err
	}
	return want("successful records", len(results.SuccessfulRecords), 1)
}

func goCompressed(o *org, _ *salesforce.Salesforce) error {
	sf, err := salesforce.Init(salesforce.Creds{Domain: o.URL, AccessToken: o.AccessToken},
		salesforce.WithCompressionHeaders(true))
	if err != nil {
		return err
	}
	if _, err := sf.InsertOne("Account", record{"Name": "compressed"}); err != nil {
		return err
	}
	answer, err := sf.DoRequest("GET", "/limits", nil)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	return want("status", answer.StatusCode, 200)
}

// goUnknown are an Id that no record has, and one of another object.
func goUnknown(site bool) []record {
	unknown, other := record{"Id": unknownID}, record{"Id": "003Ho0000000001IAA"}
	if site {
		unknown["Site"], other["Site"] = "here", "here"
	}
	return []record{unknown, other}
}

func goUnknownCollection(_ *org, sf *salesforce.Salesforce) error {
	updated, err := sf.UpdateCollection("Account", goUnknown(true), 200)
	if err != nil {
		return err
	}
	deleted, err := sf.DeleteCollection("Account", goUnknown(false)[:1], 200)
	if err != nil {
		return err
	}
	wants := []string{"INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID", "INVALID_CROSS_REFERENCE_KEY"}
	for i, r := range append(updated.Results, deleted.Results...) {
		if r.Success || r.Id != "" || len(r.Errors) != 1 || r.Errors[0].StatusCode != wants[i] {
			return fmt.Errorf("result %d: %+v, want %s", i, r, wants[i])
		}
	}
	return want("results", len(updated.Results)+len(deleted.Results), 3)
}

func goUnknownBulk(_ *org, sf *salesforce.Salesforce) error {
	for name, step := range map[string]func() ([]string, error){
		"update": func() ([]string, error) { return sf.UpdateBulk("Account", goUnknown(true), 1000, true) },
		"delete": func() ([]string, error) { return sf.DeleteBulk("Account", goUnknown(false), 1000, true) },
	} {
		jobs, err := step()
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		results, err := sf.GetJobResults(jobs[0])
		if err != nil || results.NumberRecordsFailed != 2 || len(results.FailedRecords) != 2 {
			return fmt.Errorf("%s: %+v %w", name, results, err)
		}
		for i, text := range []string{"INVALID_CROSS_REFERENCE_KEY:invalid cross reference id:--", "MALFORMED_ID:"} {
			r := results.FailedRecords[i]
			if r["sf__Id"] != "" || !strings.HasPrefix(fmt.Sprint(r["sf__Error"]), text) {
				return fmt.Errorf("%s: %v, want %s", name, r, text)
			}
		}
	}
	return nil
}

func goUnknownOne(_ *org, sf *salesforce.Salesforce) error {
	for _, err := range []error{
		sf.UpdateOne("Account", goUnknown(true)[0]), sf.DeleteOne("Account", goUnknown(false)[0]),
	} {
		if err == nil || !strings.Contains(err.Error(), "INVALID_CROSS_REFERENCE_KEY") {
			return fmt.Errorf("not refused: %w", err)
		}
	}
	return nil
}

func goSearch(_ *org, sf *salesforce.Salesforce) error {
	made, err := sf.InsertOne("Account", record{"Name": "Quixotic go"})
	if err != nil {
		return err
	}
	const sosl = "FIND {quixotic AND go} IN NAME FIELDS RETURNING Account(Id)"
	const soql = "SELECT KeyPrefix FROM EntityDefinition WHERE QualifiedApiName = 'Contact'"
	for path, text := range map[string]string{
		"/search/?q=" + url.QueryEscape(sosl):                       made.Id,
		"/parameterizedSearch/?q=" + url.QueryEscape("quixotic go"): made.Id,
		"/tooling/query/?q=" + url.QueryEscape(soql):                "003",
	} {
		answer, err := sf.DoRequest("GET", path, nil)
		if err != nil {
			return err
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || !strings.Contains(string(body), `"`+text+`"`) {
			return fmt.Errorf("%s: %w, %s is not in %s", path, err, text, body)
		}
	}
	return nil
}
