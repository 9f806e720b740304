package replicate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"time"

	"catchment/internal/flow"
	"catchment/internal/warehouse"
)

// The truth is what the org says through REST, read without our own client.

// A record is the values of one record or row, by field name in lower case;
// NULL is absent.
type record map[string]string

// ask gets a JSON answer of the org.
func (r *rig) ask(token, path string, into any) {
	r.t.Helper()
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Authorization", "Bearer "+token)
	got := httptest.NewRecorder()
	r.org.ServeHTTP(got, req)
	if got.Code != http.StatusOK {
		r.t.Fatalf("%s: %d %s", path, got.Code, got.Body)
	}
	d := json.NewDecoder(got.Body)
	d.UseNumber()
	if err := d.Decode(into); err != nil {
		r.t.Fatal(err)
	}
}

// session opens a session of the test's own.
func (r *rig) session() string {
	c := r.org.Credentials()
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {c.ClientID}, "client_secret": {c.ClientSecret}}
	req := httptest.NewRequest(http.MethodPost, "/services/oauth2/token", strings.NewReader(form.Encode()))
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	got := httptest.NewRecorder()
	r.org.ServeHTTP(got, req)
	var answer struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(got.Body).Decode(&answer); err != nil || answer.Token == "" {
		r.t.Fatalf("login: %d %v", got.Code, err)
	}
	return answer.Token
}

// fieldsOf tells the types of an object's fields that a table can have.
func (r *rig) fieldsOf(token, object string) map[string]string {
	var about struct {
		Fields []struct{ Name, Type string }
	}
	r.ask(token, "/services/data/v66.0/sobjects/"+object+"/describe", &about)
	types := map[string]string{}
	for _, f := range about.Fields {
		if f.Type != "address" && f.Type != "location" && f.Type != "base64" && r.copies(object, f.Name) {
			types[f.Name] = f.Type
		}
	}
	return types
}

// copies tells whether a flow copies a field.
func (r *rig) copies(object, field string) bool {
	fields, narrow := r.narrow[object]
	return !narrow || slices.Contains(fields, field) || slices.Contains([]string{"Id", "IsDeleted", "SystemModstamp"}, field)
}

// truth reads all records of an object that the org still has, by Id.
func (r *rig) truth(object, where string) map[string]record {
	token := r.session()
	types := r.fieldsOf(token, object)
	var names []string
	for name := range types {
		names = append(names, name)
	}
	q := "SELECT " + strings.Join(names, ", ") + " FROM " + object
	if where != "" {
		q += " WHERE " + where
	}
	all := map[string]record{}
	for next := "/services/data/v66.0/queryAll?q=" + url.QueryEscape(q); next != ""; {
		var page struct {
			Records []map[string]any `json:"records"`
			Next    string           `json:"nextRecordsUrl"`
		}
		r.ask(token, next, &page)
		for _, got := range page.Records {
			rec := record{}
			for name, typ := range types {
				if got[name] != nil {
					rec[strings.ToLower(name)] = plain(typ, fmt.Sprint(got[name]))
				}
			}
			all[rec["id"]] = rec
		}
		next = page.Next
	}
	return all
}

// plain gives values that mean the same the same text.
func plain(typ, text string) string {
	switch typ {
	case "double", "currency", "percent", "int":
		if n, ok := new(big.Rat).SetString(text); ok {
			return n.RatString()
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

// query reads texts from the warehouse; NULL is the pointer that is nil.
func (p *process) query(sql string) [][]*string {
	p.t.Helper()
	rows, err := query(p.driver, sql)
	if err != nil {
		p.t.Fatalf("%s: %v", sql, err)
	}
	return rows
}

func query(d warehouse.Driver, sql string) ([][]*string, error) {
	columns := strings.Count(sql[:strings.Index(sql, " FROM ")], "VARCHAR)")
	var rows [][]*string
	err := d.View(context.Background(), func(tx warehouse.Tx) error {
		return tx.Query(context.Background(), func(scan warehouse.Scan) error {
			row, into := make([]*string, columns), make([]any, columns)
			for i := range row {
				into[i] = &row[i]
			}
			rows = append(rows, row)
			return scan(into...)
		}, sql)
	})
	return rows, err
}

// A row is a row of a final table.
type row struct {
	values record
	reason string // "" where it isn't deleted
}

// rows reads a final table by Id; two rows of one Id end the test.
func (p *process) rows(object string) map[string]row {
	p.t.Helper()
	types := p.fieldsOf(p.session(), object)
	var names, casts []string
	for name := range types {
		names = append(names, name)
		casts = append(casts, `CAST("`+strings.ToLower(name)+`" AS VARCHAR)`)
	}
	casts = append(casts, "CAST(CASE WHEN _catchment_deleted_at IS NOT NULL THEN _catchment_delete_reason END AS VARCHAR)")
	all := map[string]row{}
	for _, got := range p.query("SELECT " + strings.Join(casts, ", ") + " FROM salesforce." + strings.ToLower(object)) {
		r := row{values: record{}}
		for i, name := range names {
			if got[i] != nil {
				r.values[strings.ToLower(name)] = plain(types[name], *got[i])
			}
		}
		if reason := got[len(names)]; reason != nil {
			r.reason = *reason
		}
		id := r.values["id"]
		if _, twice := all[id]; twice {
			p.t.Fatalf("%s: two rows of %s", object, id)
		}
		all[id] = r
	}
	return all
}

// same holds the warehouse against the org, row by row and value by value.
func (r *rig) same() {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	for _, fl := range r.flows {
		p.sameAs(fl, false)
	}
}

// sameAs compares one flow. Without --full a purge isn't noticed: then a row of a
// record that was seen alive and is gone may still be there.
func (p *process) sameAs(fl flow.Flow, purgesUnseen bool) {
	p.t.Helper()
	truth, rows, bad := p.truth(fl.Object, fl.Where), p.rows(fl.Object), 0
	differs := func(format string, args ...any) {
		p.t.Helper()
		if bad++; bad <= 5 {
			p.t.Errorf(fl.Object+": "+format, args...)
		}
	}
	for id, want := range truth {
		got, ok := rows[id]
		deleted := want["isdeleted"] == "true"
		switch {
		case deleted && fl.Deletes == flow.Remove && ok:
			differs("%s is deleted in the org, and still there", id)
		case deleted && fl.Deletes != flow.Flag:
		case !ok:
			differs("%s is missing", id)
		case deleted != (got.reason != ""):
			differs("%s: deleted %v in the org, deleted for %q in the warehouse", id, deleted, got.reason)
		default:
			for name, value := range want {
				if has, ok := got.values[name]; !ok || has != value {
					differs("%s.%s is %q, want %q (%v)", id, name, has, value, ok)
				}
			}
			for name := range got.values {
				if _, ok := want[name]; !ok {
					differs("%s.%s is %q, want NULL", id, name, got.values[name])
				}
			}
		}
	}
	for id, got := range rows {
		if _, ok := truth[id]; !ok && got.reason == "" && fl.Deletes != flow.Ignore && !purgesUnseen {
			differs("%s is gone from the org, and live in the warehouse", id)
		}
	}
	if bad > 5 {
		p.t.Errorf("%s: %d differences in all", fl.Object, bad)
	}
}

// exec changes the warehouse behind our back.
func (r *rig) exec(sql string) {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	p.exec(sql)
}

func (p *process) exec(sql string) {
	p.t.Helper()
	p.must(p.driver.Tx(p.ctx, func(tx warehouse.Tx) error {
		_, err := tx.Exec(p.ctx, sql)
		return err
	}))
}
