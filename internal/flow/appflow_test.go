package flow_test

import (
	"strings"
	"testing"

	"catchment/internal/flow"
)

const landed = `version: 1
org: {url: "https://acme.my.salesforce.com", login: {flow: sf_cli, alias: acme}}
appflow:
  salesforce: sf
  redshift: rs
  bucket: b
  flows: lasting
flows:
  - object: Account
    mover: appflow
`

func TestAppFlow(t *testing.T) {
	f, err := flow.Parse("c.yaml", []byte(landed), flow.Warehouses{})
	if err != nil || f.AppFlow.Bucket != "b" || !f.AppFlow.Lasting || f.AppFlow.Apart ||
		f.Flows[0].Mover != flow.ByAppFlow {
		t.Fatalf("%v %+v", err, f)
	}
	apart, err := flow.Parse("c.yaml",
		[]byte(strings.Replace(landed, "flows: lasting", "flows: stack\n  landing: apart", 1)), flow.Warehouses{})
	if err != nil || apart.AppFlow.Lasting || !apart.AppFlow.Apart {
		t.Errorf("%v %+v", err, apart)
	}
	for old, want := range map[string]string{
		"  bucket: b\n": `c.yaml:4:3: appflow: key "bucket" is missing`,
		"lasting":       `c.yaml:7:10: appflow.flows: "nothing" is not one of stack, lasting`,
		"appflow:\n  salesforce: sf\n  redshift: rs\n  bucket: b\n  flows: lasting\n": "c.yaml:5:12: flows[0].mover: " +
			"appflow needs a section appflow",
	} {
		with := ""
		if old == "lasting" {
			with = "nothing"
		}
		text := strings.Replace(landed, old, with, 1)
		if _, err := flow.Parse("c.yaml", []byte(text), flow.Warehouses{}); err == nil ||
			!strings.Contains(err.Error(), want) {
			t.Errorf("without %q: %v", old, err)
		}
	}
}
