package rig

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"
)

// The truth is what the org says through REST, read without our own client.

// A Record is the values of one record or row, by field name in lower case;
// NULL is absent.
type Record map[string]string

// Ask gets a JSON answer of the org.
func (r *Rig) Ask(token, path string, into any) {
	r.T.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	got := httptest.NewRecorder()
	r.Org.ServeHTTP(got, req)
	if got.Code != http.StatusOK {
		r.T.Fatalf("%s: %d %s", path, got.Code, got.Body)
	}
	d := json.NewDecoder(got.Body)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		r.T.Fatal(err)
	}
}

// Session opens a session of the test's own.
func (r *Rig) Session() string {
	c := r.Org.Credentials()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID},
		"client_secret": {c.ClientSecret}}
	req := httptest.NewRequest(http.MethodPost, "/services/oauth2/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := httptest.NewRecorder()
	r.Org.ServeHTTP(got, req)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(got.Body).Decode(&answer); err != nil || answer.Token == "" {
		r.T.Fatalf("login: %d %v", got.Code, err)
	}
	return answer.Token
}

// versionsOf are those of the API that the org serves.
func versionsOf(r *Rig) []string {
	var list []struct {
		Version string `json:"version"`
	}
	r.Ask("", "/services/data", &list)
	served := make([]string, len(list))
	for i, v := range list {
		served[i] = v.Version
	}
	return served
}

// fieldsOf tells the types of an object's fields that a table can have.
func (r *Rig) fieldsOf(token, object string) map[string]string {
	var about struct {
		Fields []struct{ Name, Type string }
	}
	r.Ask(token, "/services/data/v66.0/sobjects/"+object+"/describe", &about)
	types := map[string]string{}
	for _, f := range about.Fields {
		if f.Type != "address" && f.Type != "location" && f.Type != "base64" && r.copies(object, f.Name) {
			types[f.Name] = f.Type
		}
	}
	return types
}

// copies tells whether a flow copies a field.
func (r *Rig) copies(object, field string) bool {
	fields, narrow := r.narrow[object]
	return !narrow || slices.Contains(fields, field) ||
		slices.Contains([]string{"Id", "IsDeleted", "SystemModstamp"}, field)
}

// Truth reads all records of an object that the org still has, by Id.
func (r *Rig) Truth(object, where string) map[string]Record {
	token := r.Session()
	types := r.fieldsOf(token, object)
	var names []string
	for name := range types {
		names = append(names, name)
	}
	q := "SELECT " + strings.Join(names, ", ") + " FROM " + object
	if where != "" {
		q += " WHERE " + where
	}
	all := map[string]Record{}
	for next := "/services/data/v66.0/queryAll?q=" + url.QueryEscape(q); next != ""; {
		var page struct {
			Records []map[string]any `json:"records"`
			Next    string           `json:"nextRecordsUrl"`
		}
		r.Ask(token, next, &page)
		for _, got := range page.Records {
			rec := Record{}
			for name, typ := range types {
				if got[name] != nil {
					rec[strings.ToLower(name)] = Plain(typ, fmt.Sprint(got[name]))
				}
			}
			all[rec["id"]] = rec
		}
		next = page.Next
	}
	return all
}

// Plain gives values that mean the same the same text.
func Plain(typ, text string) string {
	switch typ {
	case "double", "currency", "percent", "int":
		if n, ok := new(big.Rat).SetString(text); ok {
			return n.RatString()
		}
	case "time":
		text = strings.TrimSuffix(text, "Z")
		if strings.Contains(text, ".") {
			text = strings.TrimRight(strings.TrimRight(text, "0"), ".")
		}
	case "datetime":
		for _, layout := range []string{"2006-01-02T15:04:05Z0700", "2006-01-02 15:04:05.999999Z07"} {
			if at, err := time.Parse(layout, text); err == nil {
				return at.UTC().Format(time.RFC3339Nano)
			}
		}
	}
	return text
}

// Query reads texts from the warehouse; NULL is the pointer that is nil.
func (p *Process) Query(sql string) [][]*string {
	p.T.Helper()
	rows, err := Query(p.Driver, sql)
	if err != nil {
		p.T.Fatalf("%s: %v", sql, err)
	}
	return rows
}

// A Row is a row of a final table.
type Row struct {
	Values Record
	Reason string // "" where it isn't deleted
}

// Rows reads a final table by Id; two rows of one Id end the test.
func (p *Process) Rows(object string) map[string]Row {
	p.T.Helper()
	rows, _ := p.All(object)
	all := map[string]Row{}
	for _, r := range rows {
		id := r.Values["id"]
		if _, twice := all[id]; twice {
			p.T.Fatalf("%s: two rows of %s", object, id)
		}
		all[id] = r
	}
	return all
}

// All reads the rows of a final table, whatever their Ids, and tells in which column
// each field is that has one, by its name in lower case.
func (p *Process) All(object string) (rows []Row, columns map[string]string) {
	p.T.Helper()
	table := strings.ToLower(object)
	has, noted := p.columns(table), p.noted(object)
	types := p.fieldsOf(p.Session(), object)
	columns = map[string]string{}
	var names, of []string
	for name := range types {
		column := cmp.Or(noted[name], strings.ToLower(name))
		if !slices.Contains(has, column) {
			continue
		}
		columns[strings.ToLower(name)] = column
		names = append(names, name)
		of = append(of, column)
	}
	all, err := p.Eyes.Rows("salesforce", table, append(of, "_catchment_deleted_at", "_catchment_delete_reason")...)
	p.Must(err)
	for _, got := range all {
		r := Row{Values: Record{}}
		for i, name := range names {
			if got[i] != nil {
				r.Values[strings.ToLower(name)] = Plain(types[name], *got[i])
			}
		}
		if at, reason := got[len(names)], got[len(names)+1]; at != nil && reason != nil {
			r.Reason = *reason
		}
		rows = append(rows, r)
	}
	return rows, columns
}

// noted is the column of each field of an object, as the catchment has written it down
// for whoever reads its tables: a field of another type has another one. Before its
// first run there is nothing to be read.
func (p *Process) noted(object string) map[string]string {
	names := map[string]string{}
	rows, err := p.Eyes.Rows("salesforce", "_catchment_fields", "object", "field", "column_name")
	if err != nil {
		return names
	}
	for _, row := range rows {
		if *row[0] == object {
			names[*row[1]] = *row[2]
		}
	}
	return names
}
