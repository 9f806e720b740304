package main

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// every is an object with a field of each type that a change event has.
const every = "Every__c"

// everyField are its fields, by their types.
func everyField() map[string]map[string]any {
	types := map[string]map[string]any{
		"Note__c": {"type": "textarea", "length": 255}, "Story__c": {"type": "textarea", "length": 32768},
		"Place__c": {"type": "location"}, "Parent__c": {"type": "reference", "references": []string{"Account"}},
		"Count__c": {"type": "int", "length": 9}, "Pick__c": {"type": "picklist", "values": []string{"a", "b", "c"}},
	}
	for _, typ := range []string{
		"string", "multipicklist", "combobox", "email", "phone", "url", "encryptedstring", "boolean", "double",
		"currency", "percent", "date", "datetime", "time", "json",
	} {
		types["A_"+typ+"__c"] = map[string]any{"type": typ, "precision": 18, "scale": 6}
	}
	return types
}

// publishes has the org publish what these checks change, once.
func (o *org) publishes() error {
	if o.selected {
		return nil
	}
	if err := o.ask("POST", "/_org/schema", map[string]any{"do": "add-object", "object": every, "prefix": "a9E"},
		nil); err != nil {
		return err
	}
	for name, field := range everyField() {
		field["name"] = name
		if err := o.ask("POST", "/_org/schema", map[string]any{"do": "add-field", "object": every, "field": field},
			nil); err != nil {
			return err
		}
	}
	limits := map[string]any{"do": "limits", "dailyEvents": 1_000_000}
	if err := o.ask("POST", "/_org/events", limits, nil); err != nil {
		return err
	}
	o.selected = true
	selection := map[string]any{"do": "select", "entities": []string{"Account", "Contact", every}}
	return o.ask("POST", "/_org/events", selection, nil)
}

// changeByChance changes records until n events were published, and returns these, with the one before them.
func changeByChance(o *org, n int) ([]published, error) {
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SEED"); text != "" {
		given, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			return nil, err
		}
		seed = given
	}
	fmt.Printf("      random events: SEED=%d replays them\n", seed)
	told, err := o.told("")
	if err != nil {
		return nil, err
	}
	before := told[len(told)-1]
	c := chance{org: o, Rand: rand.New(rand.NewPCG(seed, 1)), position: before.ReplayID}
	all := []published{before}
	for len(all) <= n {
		if err := c.change(); err != nil {
			return nil, err
		}
		more, err := o.told(c.position)
		if err != nil {
			return nil, err
		}
		if len(more) > 0 {
			c.position = more[len(more)-1].ReplayID
		}
		all = append(all, more...)
	}
	return all, nil
}

// A chance changes records as it falls.
type chance struct {
	*rand.Rand
	org      *org
	position string
	ids      []string // of records that are there
	accounts []string
}

// result is what a request says of one record.
type result struct {
	ID      string `json:"id"`
	Success bool   `json:"success"`
	Errors  []any  `json:"errors"`
}

// change makes one request about many records.
func (c *chance) change() error {
	const path = "/services/data/v66.0/composite/sobjects"
	switch kind := c.IntN(10); {
	case len(c.accounts) == 0 || kind == 0:
		made, err := c.send("POST", path, 50, func(int) map[string]any {
			return map[string]any{"attributes": map[string]string{"type": "Account"}, "Name": c.text(80),
				"BillingCity": c.maybe(c.text(30)), "BillingStreet": c.maybe(c.text(200)), "AnnualRevenue": c.number()}
		})
		c.accounts = append(c.accounts, made...)
		return err
	case len(c.ids) < 400 || kind < 4:
		made, err := c.send("POST", path, 200, func(int) map[string]any { return c.record(1) })
		c.ids = append(c.ids, made...)
		return err
	case kind == 4:
		gone := c.ids[:20]
		c.ids = c.ids[20:]
		return c.org.ask("DELETE", path+"?ids="+strings.Join(gone, ","), nil, nil)
	case kind == 5:
		at := c.Perm(len(c.accounts))
		_, err := c.send("PATCH", path, min(50, len(at)), func(i int) map[string]any {
			return map[string]any{"attributes": map[string]string{"type": "Account"}, "id": c.accounts[at[i]],
				"BillingCity": c.maybe(c.text(30)), "BillingState": c.maybe(c.text(30))}
		})
		return err
	}
	at := c.Perm(len(c.ids))
	_, err := c.send("PATCH", path, 200, func(i int) map[string]any {
		record := c.record(0.3)
		record["id"] = c.ids[at[i]]
		return record
	})
	return err
}

// send sends n records in one request and returns the Ids of those that were written.
func (c *chance) send(method, path string, n int, record func(int) map[string]any) (ids []string, err error) {
	records := []map[string]any{}
	for i := range n {
		records = append(records, record(i))
	}
	var results []result
	if err := c.org.ask(method, path, map[string]any{"records": records}, &results); err != nil {
		return nil, err
	}
	for _, r := range results {
		if !r.Success {
			return nil, fmt.Errorf("%s was refused: %v", method, r.Errors)
		}
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// record fills some fields of one, each with a probability.
func (c *chance) record(share float64) map[string]any {
	moment := time.Unix(c.Int64N(4_000_000_000)-1_000_000_000, 0).UTC()
	all := map[string]any{
		"Note__c": c.text(250), "Story__c": strings.Repeat(c.text(40)+"\n", 1+c.IntN(60)),
		"Place__Latitude__s": c.Float64() * 90, "Place__Longitude__s": c.Float64() * 180,
		"Parent__c": c.accounts[c.IntN(len(c.accounts))], "Count__c": c.IntN(1_000_000) - 500_000,
		"Pick__c": string("abc"[c.IntN(3)]), "A_string__c": c.text(250), "A_multipicklist__c": "a;b",
		"A_combobox__c": c.text(20), "A_email__c": "a@example.com", "A_phone__c": "+33 1",
		"A_url__c":             "https://example.com",
		"A_encryptedstring__c": c.text(20), "A_boolean__c": c.IntN(2) == 0, "A_double__c": c.number(),
		"A_currency__c": c.number(), "A_percent__c": c.number(), "A_date__c": moment.Format(time.DateOnly),
		"A_datetime__c": moment.Format("2006-01-02T15:04:05.000Z"), "A_time__c": moment.Format("15:04:05.000Z"),
		"A_json__c": `{"a":1}`,
	}
	record := map[string]any{"attributes": map[string]string{"type": every}}
	for _, name := range sortedKeys(all) {
		if c.Float64() >= share {
			continue
		}
		record[name] = all[name]
		if name != "A_boolean__c" {
			record[name] = c.maybe(all[name])
		}
	}
	return record
}

// maybe is a value, or null.
func (c *chance) maybe(value any) any {
	if c.IntN(4) == 0 {
		return nil
	}
	return value
}

// text is one of at most so many characters, of all kinds.
func (c *chance) text(most int) string {
	chars := []rune("abc xyz,;\"'\\\t\r\néß漢😀\u2028")
	text := []rune{'x'}
	for range c.IntN(most / 2) {
		text = append(text, chars[c.IntN(len(chars))])
	}
	return string(text)
}

// number is one of up to 18 digits.
func (c *chance) number() any {
	whole := c.Int64N(1_000_000_000_000) >> c.IntN(38)
	return jsonNumber(fmt.Sprintf("%d.%06d", whole-whole/3*c.Int64N(2), c.IntN(1_000_000)))
}

// jsonNumber is a number by its text.
type jsonNumber string

// MarshalJSON implements json.Marshaler.
func (n jsonNumber) MarshalJSON() ([]byte, error) { return []byte(n), nil }

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }
