package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Whoever subscribes to change events hears what the org says that it has published.

// A published event is one as the org's own record has it, or as a client decodes it.
type published struct {
	ID       string         `json:"id"`
	ReplayID string         `json:"replayId"`
	SchemaID string         `json:"schemaId"`
	Header   map[string]any `json:"header"`
	Fields   map[string]any `json:"fields"`
}

// everything is the channel of all entities that are selected.
const everything = "/data/ChangeEvents"

// A subscriber hears n events behind a position, or from the earliest where that is empty.
type subscriber struct {
	name    string
	command []string
	// excused tells whether a difference between what the org published and what the client made of it is a fault of
	// the client's that is known.
	excused func(list string, want, got []string) bool
}

func subscribers() []subscriber {
	nothing := func(string, []string, []string) bool { return false }
	return []subscriber{
		{"pubsub-api-client", []string{node, "events.mjs"}, nestedOnly},
		{"sfprotostash", []string{python, "events.py"}, nothing},
	}
}

// nestedOnly is what salesforce-pubsub-api-client makes of a list with one bitmap which is that of a compound field:
// nothing.
func nestedOnly(_ string, want, got []string) bool {
	parents := map[string]bool{}
	for _, name := range want {
		parent, _, nested := strings.Cut(name, ".")
		parents[parent] = nested
	}
	for _, nested := range parents {
		if !nested {
			return false
		}
	}
	return len(parents) == 1 && len(got) == 0
}

func eventChecks() []check {
	var all []check
	for _, s := range subscribers() {
		for _, c := range []struct {
			name string
			do   func(*org, subscriber) error
		}{
			{"events of every type of change, from the earliest", hearsEveryType},
			{"events behind a replay Id, on the channel of one entity", hearsBehind},
			{"10,000 random events of every type of field", hearsRandom},
		} {
			all = append(all, check{s.name, c.name, func(o *org) error { return c.do(o.secure, s) }})
		}
	}
	return append(all, check{"sfprotostash", "an expired position is refused by its code", refusesExpired})
}

// hearsEveryType changes records in each way that an event tells of.
func hearsEveryType(o *org, s subscriber) error {
	if err := o.publishes(); err != nil {
		return err
	}
	var made struct{ ID string }
	body := map[string]any{
		"Name": "Acme", "BillingCity": "Paris", "BillingStreet": "1, rue\r\nneuve", "AnnualRevenue": 1.5,
	}
	if err := o.ask("POST", "/services/data/v66.0/sobjects/Account", body, &made); err != nil {
		return err
	}
	account := "/services/data/v66.0/sobjects/Account/" + made.ID
	text := strings.Repeat("a line of a text that is long\n", 60)
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"PATCH", account, map[string]any{"BillingCity": nil, "Description": text}},
		{"PATCH", account, map[string]any{"BillingStreet": nil, "Description": text + "and one more\n"}},
		{"DELETE", account, nil},
		{"POST", "/_org/undelete", map[string]any{"ids": []string{made.ID}}},
		{"POST", "/_org/records", map[string]any{"do": "drift", "id": made.ID, "ids": []string{made.ID},
			"field": "BillingState", "value": "x"}},
		{"POST", "/_org/records", map[string]any{"do": "drift", "id": made.ID, "ids": []string{made.ID},
			"field": "BillingState", "value": ""}},
		{"POST", "/_org/events", map[string]any{"do": "gap", "entity": "Account", "type": "GAP_UPDATE",
			"ids": []string{"001*"}}},
		{"POST", "/_org/events", map[string]any{"do": "gap", "entity": "Account", "type": "GAP_OVERFLOW"}},
	} {
		if err := o.ask(c.method, c.path, c.body, nil); err != nil {
			return err
		}
	}
	told, err := o.told("")
	if err != nil {
		return err
	}
	kinds := map[any]bool{}
	for _, e := range told {
		kinds[e.Header["changeType"]] = true
	}
	if len(kinds) < 6 {
		return fmt.Errorf("the org published %d types of changes", len(kinds))
	}
	return o.agrees(s, everything, "", told)
}

// hearsBehind goes on behind an event in the middle.
func hearsBehind(o *org, s subscriber) error {
	told, err := o.told("")
	if err != nil {
		return err
	}
	told = slices.DeleteFunc(told, func(e published) bool { return e.Header["entityName"] != "Account" })
	if len(told) < 4 {
		return fmt.Errorf("the org published %d events", len(told))
	}
	at := len(told) / 2
	return o.agrees(s, "/data/AccountChangeEvent", told[at].ReplayID, told[at+1:])
}

// hearsRandom changes records by chance until there are many events, once for all subscribers.
func hearsRandom(o *org, s subscriber) error {
	if err := o.publishes(); err != nil {
		return err
	}
	if o.random == nil {
		var err error
		if o.random, err = changeByChance(o, 10_000); err != nil {
			return err
		}
	}
	return o.agrees(s, everything, o.random[0].ReplayID, o.random[1:])
}

// agrees has a client hear what was published behind a position, and compares.
func (o *org) agrees(s subscriber, topic, position string, told []published) error {
	heard, err := o.hears(s, topic, position, len(told))
	if err != nil {
		return err
	}
	if len(heard) != len(told) {
		return fmt.Errorf("%d events were heard, %d published", len(heard), len(told))
	}
	for i, want := range told {
		if err := s.same(heard[i], want); err != nil {
			return fmt.Errorf("event %d, %s %v: %w", i, want.ID, want.Header["changeType"], err)
		}
	}
	return nil
}

// patience is how long a client may wait for an event that doesn't come.
const patience = 3 * time.Minute

// hears runs a client until it has heard n events.
func (o *org) hears(s subscriber, topic, position string, n int) ([]published, error) {
	about, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	args := append(slices.Clone(s.command[1:]), topic, fmt.Sprint(n))
	if position != "" {
		args = append(args, position)
	}
	if _, err := os.Stat(s.command[0]); err != nil {
		return nil, errors.New("could not be installed: see what was said above")
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.command[0], args...)
	cmd.Env = append(os.Environ(), "ORG="+string(about), "PYTHONDONTWRITEBYTECODE=1")
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %.2000s", err, said.String())
	}
	var all []published
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var e published
		if err := d.Decode(&e); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, e)
	}
}

// same compares an event as it was heard with what was published.
func (s subscriber) same(got, want published) error {
	if got.ID != want.ID || got.SchemaID != want.SchemaID || !strings.HasPrefix(want.ReplayID, got.ReplayID) {
		return fmt.Errorf("heard is %s at %s", got.ID, got.ReplayID)
	}
	for name, value := range want.Header {
		if strings.HasSuffix(name, "Fields") {
			wanted, heard := texts(value), texts(got.Header[name])
			if !slices.Equal(wanted, heard) && !s.excused(name, wanted, heard) {
				return fmt.Errorf("%s is %v, want %v", name, heard, wanted)
			}
			continue
		}
		if !reflect.DeepEqual(got.Header[name], value) {
			return fmt.Errorf("%s is %v, want %v", name, got.Header[name], value)
		}
	}
	if !reflect.DeepEqual(got.Fields, want.Fields) {
		return fmt.Errorf("fields are %v, want %v", got.Fields, want.Fields)
	}
	return nil
}

// texts are the entries of a list, in an order of their own.
func texts(list any) []string {
	var all []string
	if entries, ok := list.([]any); ok {
		for _, entry := range entries {
			all = append(all, fmt.Sprint(entry))
		}
	}
	slices.Sort(all)
	return all
}

// told is what the org published behind a position.
func (o *org) told(position string) ([]published, error) {
	var all []published
	return all, o.ask("GET", "/_org/events?limit=1000000&after="+position, nil, &all)
}

// refusesExpired asks for what was published before the org's clock was moved by more than 72 hours.
func refusesExpired(o *org) error {
	o = o.secure
	told, err := o.told("")
	if err != nil {
		return err
	}
	if err := o.ask("POST", "/_org/clock", map[string]string{"advance": "73h"}, nil); err != nil {
		return err
	}
	var fresh struct {
		AccessToken string `json:"access_token"`
	}
	form := "grant_type=client_credentials&client_id=" + o.ClientID + "&client_secret=" + o.ClientSecret
	if err := o.send("POST", "/services/oauth2/token", "application/x-www-form-urlencoded", strings.NewReader(form),
		&fresh); err != nil {
		return err
	}
	later := *o
	later.AccessToken = fresh.AccessToken
	_, err = later.hears(subscribers()[1], everything, told[0].ReplayID, 1)
	if err == nil || !strings.Contains(err.Error(), "INVALID_ARGUMENT sfdc.platform.eventbus.grpc.subscription.fetch."+
		"replayid.corrupted") {
		return fmt.Errorf("answered with %v", err)
	}
	return nil
}

// ask sends JSON to an org that is served over TLS.
func (o *org) ask(method, path string, body, into any) error {
	var sent io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return err
		}
		sent = bytes.NewReader(text)
	}
	return o.send(method, path, "application/json", sent, into)
}

func (o *org) send(method, path, kind string, body io.Reader, into any) error {
	r, err := http.NewRequest(method, o.URL+path, body)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+o.AccessToken)
	r.Header.Set("Content-Type", kind)
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM([]byte(o.Certificate))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	if resp.StatusCode >= 300 {
		return fmt.Errorf("%s %s: %d %.500s", method, path, resp.StatusCode, answer)
	}
	if into == nil || len(answer) == 0 {
		return nil
	}
	return json.Unmarshal(answer, into)
}
