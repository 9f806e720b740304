package flow

import (
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// described reads a recorded answer of describe.
func described[T any](t *testing.T, name string) (v T) {
	t.Helper()
	data, err := os.ReadFile("../../testdata/describes/" + name + ".json")
	if err == nil {
		err = json.Unmarshal(data, &v)
	}
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func global(t *testing.T) []schema.Object {
	return described[struct {
		Objects []schema.Object `json:"sobjects"`
	}](t, "Global").Objects
}

func object(name string) schema.Object {
	return schema.Object{Name: name, Queryable: true, Retrieveable: true, Replicateable: true}
}

func parse(t *testing.T, flows string) *File {
	t.Helper()
	text, _, _ := strings.Cut(small, "flows:")
	f, err := Parse("catchment.yaml", []byte(text+"flows:\n"+flows), known())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func resolved(flows []Flow) []string {
	names := []string{}
	for _, fl := range flows {
		names = append(names, fl.Object)
	}
	return names
}

func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	problems, ok := errors.AsType[*fileError](err)
	if !ok || plan.ClassOf(err) != plan.Fix {
		t.Fatalf("error %v of class %s, want problems", err, plan.ClassOf(err))
	}
	var got []string
	for _, p := range problems.problems {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestResolveNames(t *testing.T) {
	hidden := object("Hidden")
	hidden.Deprecated = true
	event := object("AccountChangeEvent")
	event.Queryable = false
	objects := []schema.Object{object("Account"), object("Contact"), hidden, event}

	flows, err := Resolve(parse(t, "  - object: contact\n    where: A = 1\n  - object: Account\n"), objects)
	if err != nil || !slices.Equal(resolved(flows), []string{"Contact", "Account"}) || flows[0].Where != "A = 1" {
		t.Errorf("%v, %v", flows, err)
	}
	_, err = Resolve(parse(t,
		"  - object: Acount\n  - object: Hidden\n  - object: AccountChangeEvent\n  - object: Zzz\n"), objects)
	wantProblems(t, err,
		`catchment.yaml:6:13: flows[0].object: the org has no object "Acount" that this user can see; did you mean Account?`,
		`catchment.yaml:7:13: flows[1].object: Salesforce doesn't let Hidden be queried`,
		`catchment.yaml:8:13: flows[2].object: Salesforce doesn't let AccountChangeEvent be queried`,
		`catchment.yaml:9:13: flows[3].object: the org has no object "Zzz" that this user can see`,
	)
	_, err = Resolve(&File{Flows: []Flow{{Object: "Acount"}}}, objects)
	wantProblems(t, err,
		`flow Acount.object: the org has no object "Acount" that this user can see; did you mean Account?`)
}

// An object that was copied before is no mistake in the file.
func TestResolveVanished(t *testing.T) {
	with := func(name, label, prefix string) schema.Object {
		o := object(name)
		o.Label, o.KeyPrefix = label, prefix
		return o
	}
	objects := []schema.Object{with("Account", "Account", "001"), with("Bill__c", "Bill", "a0I"),
		with("Order2__c", "Order", "a0X"), with("A__c", "A", "a0S"), with("B__c", "B", "a0S")}
	asset := with("Asset", "Asset", "02i")
	asset.Queryable = false
	objects = append(objects, asset)
	copied := []schema.Object{with("Invoice__c", "Invoice", "a0I"), with("Order__c", "Order", "a0O"),
		with("Thing__c", "Thing", "a0S"),
		with("Asset", "Asset", "02i"), with("Account", "Account", "001")}

	flows, err := Resolve(parse(t, "  - object: invoice__C\n  - object: Order__c\n  - object: Account\n"+
		"  - object: Thing__c\n  - object: Asset\n"), objects, copied...)
	if err != nil || !slices.Equal(resolved(flows),
		[]string{"Invoice__c", "Order__c", "Account", "Thing__c", "Asset"}) {
		t.Fatalf("%q, %v", resolved(flows), err)
	}
	for i, hint := range []string{"its Ids began with a0I, as those of Bill__c do: it was renamed",
		"Order2__c has the same label", "", "hidden from the integration user", "hidden from the integration user"} {
		err := flows[i].Wrong
		if (err != nil) != (hint != "") || !strings.Contains(plan.HintOf(err), hint) ||
			err != nil && plan.ClassOf(err) != plan.Fix {
			t.Errorf("%s: %v, hint %q", flows[i].Object, err, plan.HintOf(err))
		}
	}
	if strings.Contains(plan.HintOf(flows[3].Wrong), "renamed") {
		t.Errorf("two objects have that prefix: %s", plan.HintOf(flows[3].Wrong))
	}

	near, err := Resolve(parse(t, "  - object: Bills__c\n"), objects, schema.Object{Name: "Bills__c"})
	if err != nil || !strings.Contains(plan.HintOf(near[0].Wrong), "did you mean Bill__c?") {
		t.Errorf("%+v, %v", near, err)
	}

	flows, err = Resolve(parse(t, "  - object: '*'\n    exclude_objects: [Thing__c, Order__c]\n"), objects, copied...)
	if err != nil || !slices.Equal(resolved(flows),
		[]string{"Account", "Bill__c", "Order2__c", "A__c", "B__c", "Invoice__c", "Asset"}) {
		t.Fatalf("%q, %v", resolved(flows), err)
	}
	for _, fl := range flows {
		if gone := fl.Object == "Invoice__c" || fl.Object == "Asset"; gone != (fl.Wrong != nil) {
			t.Errorf("%s: %v", fl.Object, fl.Wrong)
		}
	}
	if hint := plan.HintOf(flows[6].Wrong); !strings.Contains(hint, "exclude_objects: [Asset]") {
		t.Error(hint)
	}
	_, err = Resolve(parse(t, "  - object: Invoic__c\n"), objects, copied...)
	wantProblems(t, err,
		`catchment.yaml:6:13: flows[0].object: the org has no object "Invoic__c" that this user can see`)
}

func TestStarLeaves(t *testing.T) {
	var objects []schema.Object
	for _, name := range []string{"Account", "AccountShare", "AccountHistory", "Vote", "Audit__b", "Contact",
		"ContactShare"} {
		objects = append(objects, object(name))
	}
	event := object("Event")
	event.Queryable = false
	objects = append(objects, event)
	var got []string
	f := parse(t, "  - object: '*'\n    exclude_objects: [accountshare]\n  - object: Accounthistory\n")
	for reason, names := range f.StarLeaves(objects) {
		got = append(append(got, reason), names...)
	}
	want := []string{leftFiltered, "Vote", leftHanging, "ContactShare", leftOther, "Audit__b", leftUnread, "Event"}
	if !slices.Equal(got, want) {
		t.Errorf("%+v", got)
	}
	for reason, names := range parse(t, "  - object: Account\n").StarLeaves(objects) {
		t.Errorf("without a star: %s: %v", reason, names)
	}
}

func TestResolveBigObject(t *testing.T) {
	_, err := Resolve(parse(t, "  - object: Audit__b\n"), []schema.Object{object("Audit__b")})
	wantProblems(t, err, "catchment.yaml:6:13: flows[0].object: Audit__b is a big object: "+
		"its records are told apart by its index, which no API describes; leave it out")
}

// Some of Salesforce's own objects can't be copied either, and say why.
func TestResolveObjectsOfItsOwn(t *testing.T) {
	objects := []schema.Object{object("Account"), object("RecordAction"), object("RecordActionHistory"),
		object("ActivityFieldHistory"), object("EntityDefinition")}
	for name, why := range map[string]string{"RecordActionHistory": "is a big object",
		"ActivityFieldHistory": "is a big object", "EntityDefinition": "no more than 2,000"} {
		_, err := Resolve(parse(t, "  - object: "+name+"\n"), objects)
		if err == nil || plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), why) {
			t.Errorf("%s: %v", name, err)
		}
	}
	flows, err := Resolve(parse(t, "  - object: '*'\n"), objects)
	if err != nil || len(flows) != 2 {
		t.Errorf("%v, %v", flows, err)
	}
}

// What no key or table can bear is kept aside and told, whoever gave the name; the others
// go on.
func TestNamesThatNothingCanBear(t *testing.T) {
	long := "A" + strings.Repeat("a", 127) + "__c"
	bad := []string{"Bad; DROP TABLE x", "../../etc/passwd", "\x1b]0;x\x07", "Ob'ject", "", "Ünicode__c", "A.B", long}
	objects := []schema.Object{object("Account")}
	for _, name := range bad {
		objects = append(objects, object(name))
	}
	f := parse(t, "  - object: '*'\n")
	flows, err := Resolve(f, objects)
	if err != nil || len(flows) != 1 || flows[0].Object != "Account" {
		t.Errorf("%v, %v", flows, err)
	}
	left := 0
	for reason, names := range f.StarLeaves(objects) {
		if reason == leftNames {
			left = len(names)
		}
	}
	if left != len(bad) {
		t.Errorf("%d names of %d are told", left, len(bad))
	}
	_, err = Parse("catchment.yaml", []byte("version: 1\nflows:\n  - object: "+long+"\n"), known())
	if err == nil || plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), "no API name has more than") {
		t.Errorf("a name that is too long: %v", err)
	}

	o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Id", Type: schema.ID}}}
	for _, name := range bad {
		o.Fields = append(o.Fields, schema.Field{Name: name, Type: schema.String})
	}
	fields, skipped, err := Flow{Object: "Account"}.Choose(o)
	if err != nil || len(fields) != 1 || len(skipped) != len(bad) {
		t.Errorf("%d fields, %d skipped, %v", len(fields), len(skipped), err)
	}
}

// What Salesforce itself deletes when it is old stays in the copy.
func TestResolveFadingObjects(t *testing.T) {
	objects := []schema.Object{object("Account"), object("AccountHistory"), object("LoginHistory"),
		object("SetupAuditTrail")}
	for text, want := range map[string]Deletes{
		"  - object: '*'\n  - object: AccountHistory\n":                                       Ignore,
		"  - object: '*'\n    deletes: flag\n  - object: AccountHistory\n    deletes: flag\n": Flag,
	} {
		flows, err := Resolve(parse(t, text), objects)
		if err != nil || len(flows) != 4 {
			t.Fatal(flows, err)
		}
		for _, fl := range flows {
			if is := fl.Deletes; fl.Object == "Account" && is != Flag || fl.Object != "Account" && is != want {
				t.Errorf("%s: %s, want %s", fl.Object, is, want)
			}
		}
	}
}

func TestResolveStar(t *testing.T) {
	var objects []schema.Object
	taken := []string{"Account", "Contact", "Task", "Invoice__c", "Share__c", "LoginHistory", "ProfileShareable"}
	for _, name := range append(slices.Clone(taken),
		"AccountShare", "AccountHistory", "AccountFeed", "ContactFieldHistory", "Invoice__Share", "Invoice__History",
		"Invoice__Feed",
		"AccountChangeEvent", "Invoice__ChangeEvent", "Ext__x", "Setting__mdt", "Big__b", "Event__e", "FAQ__kav",
		"ContentDocumentLink", "Vote") {
		objects = append(objects, object(name))
	}
	for _, change := range []func(*schema.Object){
		func(o *schema.Object) { o.Queryable = false },
		func(o *schema.Object) { o.Retrieveable = false },
		func(o *schema.Object) { o.Deprecated = true },
	} {
		o := object("No")
		change(&o)
		objects = append(objects, o)
	}
	flows, err := Resolve(parse(t, "  - object: '*'\n    deletes: remove\n"), objects)
	if err != nil || !slices.Equal(resolved(flows), taken) {
		t.Errorf("takes %q, %v; want %q", resolved(flows), err, taken)
	}
	for _, fl := range flows {
		if fl.Deletes != Remove || fl.Line != 6 {
			t.Errorf("%s: %+v", fl.Object, fl)
		}
	}

	// A flow of its own stands before the star's, wherever it stands in the
	// file, and may name what the star leaves out.
	flows, err = Resolve(parse(t,
		"  - object: '*'\n    exclude_objects: [contact, Invoice__c]\n  - object: task\n  - object: AccountShare\n"),
		objects)
	want := []string{"Task", "AccountShare", "Account", "Share__c", "LoginHistory", "ProfileShareable"}
	if err != nil || !slices.Equal(resolved(flows), want) {
		t.Errorf("takes %q, %v; want %q", resolved(flows), err, want)
	}
	_, err = Resolve(parse(t, "  - object: '*'\n    exclude_objects: [Contact, Tasks]\n"), objects)
	wantProblems(t, err,
		`catchment.yaml:7:32: flows[0].exclude_objects[1]: the org has no object "Tasks" that this user can see; did you mean Task?`)
}

func TestResolveStarOfAnOrg(t *testing.T) {
	objects := global(t)
	flows, err := Resolve(parse(t, "  - object: '*'\n"), objects)
	if err != nil {
		t.Fatal(err)
	}
	names := resolved(flows)
	for _, name := range []string{"Account", "Contact", "Opportunity", "User", "WorkOrder", "UserRole"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s is left out", name)
		}
	}
	for _, name := range []string{"UserChangeEvent", "UserFeed", "UserShare", "UserRecordAccess", "UserFieldAccess",
		"WorkOrderHistory", "UriEventStream", "Vote"} {
		if slices.Contains(names, name) {
			t.Errorf("%s is taken", name)
		}
	}
}

// A name that YAML takes for another type is quoted; one that isn't a name at all is
// neither a flow nor part of a comment, which it could end.
func TestExampleQuotesNames(t *testing.T) {
	t.Parallel()
	words := []string{"on", "No", "null", "TRUE", "y"}
	odd := []string{"a: b", "x #", "Acme__c\nlimits: {flows: 99}", "1e3", "- z", "\x1b[2J", "Ac\u200bme", "", "*"}
	var objects []schema.Object
	for _, name := range slices.Concat(words, odd, []string{"Plain__c"}) {
		objects = append(objects,
			schema.Object{Name: name, Custom: true, Queryable: true, Retrieveable: true, Replicateable: true})
	}
	for _, name := range odd { // and as one of those that stand in a comment
		objects = append(objects, schema.Object{Name: name, Queryable: true, Retrieveable: true, Replicateable: true})
	}
	f := mustParse(t, string(Example(Org{}, known(), objects)))
	var got []string
	for _, fl := range f.Flows {
		got = append(got, fl.Object)
	}
	if want := append(words, "Plain__c"); !slices.Equal(got, want) || f.Limits.Flows != 4 {
		t.Errorf("flows %q, %d at a time; want %q", got, f.Limits.Flows, want)
	}
}

func TestExample(t *testing.T) {
	custom := object("Invoice__c")
	custom.Custom = true
	setting := object("Setting__c")
	setting.Custom, setting.CustomSetting = true, true
	objects := []schema.Object{object("Zebra"), object("Contact"), custom, setting, object("Account"),
		object("AccountShare")}
	org := Org{URL: "http://127.0.0.1:8080", Login: Login{Flow: "token", Token: "file:/my secrets/it's #1"}}

	text := Example(org, known(), objects)
	f, err := Parse("catchment.yaml", text, known())
	if err != nil {
		t.Fatalf("%v in:\n%s", err, text)
	}
	if f.Org.URL != org.URL || f.Org.Login != org.Login {
		t.Errorf("org %+v, want %+v", f.Org, org)
	}
	if got, want := resolved(f.Flows), []string{"Account", "Contact", "Invoice__c"}; !slices.Equal(got, want) {
		t.Errorf("flows %q, want %q", got, want)
	}
	if !strings.Contains(string(text), "#   Zebra Setting__c\n") {
		t.Errorf("the rest is not named in:\n%s", text)
	}
	if _, err := Resolve(f, objects); err != nil {
		t.Error(err)
	}

	// What it shows as the defaults are the defaults.
	shown := mustParse(t, string(Example(Org{}, known(), nil)))
	plain := mustParse(t, small)
	if shown.Warehouse.URL != plain.Warehouse.URL || shown.Stage != plain.Stage || shown.Control != plain.Control ||
		shown.defaults != plain.defaults || shown.Limits != plain.Limits || shown.Org.Reserve != plain.Org.Reserve {
		t.Errorf("shown %+v, but the defaults are %+v", shown, plain)
	}
}

// TestExampleQuotes: whatever is typed at init comes back from the file, or is
// refused; it never becomes YAML of its own.
func TestExampleQuotes(t *testing.T) {
	for _, path := range []string{"a b", "a#b", "a: b", "'", `"`, `\`, "x\nwarehouse: {url: dir:x}", "🔑",
		"{}", "a:", "%s"} {
		want := Login{Flow: "token", Token: "file:" + path}
		f, err := Parse("catchment.yaml", Example(Org{Login: want}, known(), nil), known())
		if err != nil || f.Org.Login != want {
			t.Errorf("%q: %+v, %v", path, f, err)
		}
	}
	_, err := Parse("catchment.yaml", Example(Org{URL: "https://x.example\nlogin: {}"}, known(), nil), known())
	wantProblems(t, err, "catchment.yaml:4:8: org.url: wants the org's address and nothing after it, "+
		"as in https://acme.my.salesforce.com")
}

func TestExampleOfAnOrg(t *testing.T) {
	objects := global(t)
	f, err := Parse("catchment.yaml", Example(Org{}, known(), objects), known())
	if err != nil {
		t.Fatal(err)
	}
	if flows, err := Resolve(f, objects); err != nil || !slices.Contains(resolved(flows), "Opportunity") {
		t.Errorf("flows %q, %v", resolved(flows), err)
	}
}
