package flow

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

const rowsHead = `version: 1
org:
  url: https://acme.my.salesforce.com
  login: {flow: token, token: env:SF_TOKEN}
`

const rowsAppFlow = "appflow: {salesforce: s, redshift: r, bucket: b}\n"

func parseRows(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("catchment.yaml", []byte(rowsHead+text), Warehouses{Local: "duckdb:catchment.duckdb"})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestMoversOfRows(t *testing.T) {
	for text, want := range map[string]string{
		"flows: control": "auto bulk rest",
		"movers: [rest]\ndefaults: {mover: rest}\nflows: control":       "rest",
		"defaults: {mover: appflow}\n" + rowsAppFlow + "flows: control": "auto bulk rest appflow",
	} {
		f := parseRows(t, text)
		if got := strings.Trim(fmt.Sprint(f.Movers), "[]"); got != want || !f.FromControl {
			t.Errorf("%s: movers %s, want %s", text, got, want)
		}
		if f.Asks(ByAppFlow) != strings.Contains(want, "appflow") {
			t.Errorf("%s: may ask for AppFlow: %t", text, f.Asks(ByAppFlow))
		}
	}
	for text, want := range map[string]string{
		"movers: [bulk]\nflows:\n  - object: Account": "movers: goes with flows: control",
		"movers: [bulk]\nflows: control":              "movers: lacks auto, which is what a row gets that",
		"movers: [auto, appflow]\nflows: control":     "movers: appflow needs a section appflow",
		"movers: [auto, pigeon]\nflows: control":      `"pigeon" is not one of auto, bulk, rest, appflow`,
		"flows: dynamo":                               "wants a list of flows, or the word control",
		"flows:":                                      "wants a list",
	} {
		_, err := Parse("catchment.yaml", []byte(rowsHead+text), Warehouses{Local: "duckdb:catchment.duckdb"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", text, err, want)
		}
	}
}

func TestFromTemplate(t *testing.T) {
	f := parseRows(t, "defaults: {deletes: remove}\nflows: control")
	for _, text := range []string{
		"object: Account\nfields: [Name]\nnaming: snake\n",
		"flows:\n  - object: Account\n    fields: [Name]\n    naming: snake\n",
		`{"object": "Account", "fields": ["Name"], "naming": "snake"}`,
		"\uFEFFobject: Account\r\nfields: [Name]\r\nnaming: snake\r\n",
	} {
		fl, err := f.FromTemplate("Account", "templates/a.yaml", []byte(text))
		if err != nil || fl.Object != "Account" || fl.Row != "Account" || len(fl.Fields) != 1 || fl.Deletes != Remove ||
			fl.Naming != Snake || fl.Mover != Auto {
			t.Errorf("%q: %+v, %v", text, fl, err)
		}
	}
	for text, want := range map[string]string{
		"":                                     "templates/a.yaml:1:1: is empty",
		"Account":                              "wants a map",
		"object: [":                            "is not YAML",
		"fields: [Name]":                       `key "object" is missing`,
		"object: Account\nfoo: 1":              `2:1: key "foo" is not one of`,
		"flows: []":                            "flows: has 0 flows, and a template has one",
		"flows: [{object: A}, {object: B}]":    "flows: has 2 flows, and a template has one",
		"object: Account\nmover: appflow":      "2:8: mover: appflow is not permitted here, only auto, bulk, rest",
		"object: A\nfields: [B]\nexclude: [C]": "exclude: doesn't go with fields",
		"a: 1\n---\nb: 2":                      "a file holds one document",
	} {
		_, err := f.FromTemplate("Account", "templates/a.yaml", []byte(text))
		if err == nil || !strings.Contains(err.Error(), want) ||
			!strings.HasPrefix(err.Error(), "control row Account: templates/a.yaml") || plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(plan.HintOf(err), "catchment flows push") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
	if _, err := f.Bare("no name", "no name"); err == nil ||
		!strings.Contains(err.Error(), `control row no name: object: "no name" is not the API name`) {
		t.Errorf("a row of no object: %v", err)
	}
}

func TestReframe(t *testing.T) {
	fl, err := parseRows(t, "flows: control").Bare("Case", "Case")
	if err == nil {
		err = fl.Reframe("3d", "Europe/Berlin")
	}
	if err != nil || fl.Window.Last != 3 || fl.Window.Zone.String() != "Europe/Berlin" {
		t.Errorf("%+v, %v", fl.Window, err)
	}
	for _, wrong := range [][2]string{{"3", ""}, {"", ""}, {"1d", "Berlin"}} {
		err := fl.Reframe(wrong[0], wrong[1])
		if err == nil || !strings.Contains(err.Error(), "control row Case: window.") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// What is wrong with a control row stops no other, and "*" doesn't take its object.
func TestResolveRows(t *testing.T) {
	f := parseRows(t, "flows: control")
	f.Flows = nil
	add := func(row, text string) {
		fl, err := f.FromTemplate(row, "templates/x.yaml", []byte(text))
		if err != nil {
			fl = Flow{Object: row, Row: row, Wrong: err}
		}
		f.Flows = append(f.Flows, fl)
	}
	add("*", `object: "*"`)
	add("Account", "object: account\n")
	add("Contact", "object: Contact\nfoo: 1")
	add("Nope__c", "object: Nope__c")
	add("account", "object: Account")
	var objects []schema.Object
	for _, name := range []string{"Account", "Campaign", "Contact"} {
		objects = append(objects, schema.Object{Name: name, Queryable: true, Retrieveable: true})
	}
	flows, err := Resolve(f, objects)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, fl := range flows {
		if got[fl.Object] = "right"; fl.Wrong != nil {
			got[fl.Object] = fl.Wrong.Error()
		}
	}
	for object, want := range map[string]string{"Account": "right", "Campaign": "right", "Contact": `key "foo"`,
		"Nope__c": "control row Nope__c: ", "account": "Account has another row"} {
		if !strings.Contains(got[object], want) || got[object] == "" {
			t.Errorf("%s: %s, want %s", object, got[object], want)
		}
	}
	if len(flows) != 5 {
		t.Errorf("%d flows: %v", len(flows), got)
	}
	f.Flows = nil
	add("*", "object: \"*\"\nexclude_objects: [Nope]")
	add("Account", "object: Account")
	flows, err = Resolve(f, objects)
	if err != nil || len(flows) != 2 || flows[0].Wrong != nil || flows[1].Wrong == nil {
		t.Errorf("an all that is wrong: %+v, %v", flows, err)
	}
}

// Flows that become templates, and are written down again, are the same flows: by hand, and of
// parts that are drawn.
func TestTemplatesRoundTrip(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	texts := []string{`flows:
  # all of them
  - object: "*"
    exclude_objects:
    - Task  # too many
    - Event
  - {object: Case, where: "Subject = 'it\\'s \"x\" # y' AND Name != '\\\\'"}
  - object: Lead
    # a block
    where: >-
      Name = 'a'

      AND Rating = 'b'
    mask:
      Email: sha256
      Phone: {first: 3}
    salt: env:SALT
    validate: {Email: {pattern: '^[^@]+@[^@]+$'}}
    rename: {Name: "true"}
    refresh: TZ=Europe/Berlin 0 3 * * SUN
    sweep: off
    window:
      last: 7d
      zone: Asia/Tokyo
    paused: true
`}
	parts := []string{"    fields: [Name, Phone]\n", "    where: \"Name != 'x: y'\"\n", "    deletes: remove\n",
		"    paused: true\n", "    window: {last: 3d}\n", "    # a remark: with a colon\n", "    naming: snake\n",
		"    mask:\n      Email: sha256\n", "    truncate: {Name: 10}\n", "    sweep: \"0 3 * * *\"\n",
		"    rename: {Phone: yes}\n", "    nul: fail   # never\n", "    invalid: fail\n"}
	for range 50 {
		text := "flows:\n"
		for i := range 1 + random.IntN(3) {
			text += fmt.Sprintf("  - object: Object%d__c\n", i)
			for _, p := range parts {
				if random.IntN(3) == 0 {
					text += p
				}
			}
		}
		texts = append(texts, text)
	}
	base := parseRows(t, "flows: control")
	for _, text := range texts {
		f, err := base.With("flows.yaml", []byte(text))
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		templates, err := f.Templates([]byte(text))
		if err != nil {
			t.Fatalf("%s\n%v", text, err)
		}
		again := "flows:\n"
		for i, fl := range f.Flows {
			one, err := fl.YAML(templates[i])
			if err != nil {
				t.Fatalf("%s\n%v", text, err)
			}
			again += string(one)
		}
		g, err := base.With("again.yaml", []byte(again))
		if err != nil || len(g.Flows) != len(f.Flows) {
			t.Fatalf("%s\nbecame\n%s\n%v", text, again, err)
		}
		for i, fl := range g.Flows {
			was := f.Flows[i]
			zones := fmt.Sprint(fl.Window.Zone) == fmt.Sprint(was.Window.Zone)
			if !fl.same(was) || fl.Paused != was.Paused || fl.Window.Last != was.Window.Last || !zones {
				t.Errorf("%s\nbecame\n%s\n%+v\n%+v", text, again, was, fl)
			}
		}
	}
}
