package flow

import (
	"slices"
	"strings"
	"testing"

	"catchment/internal/schema"
	"catchment/internal/value"
)

func account() schema.Object {
	o := object("Account")
	for _, f := range []struct {
		name string
		kind schema.Type
	}{
		{"Id", schema.ID}, {"IsDeleted", schema.Boolean}, {"Name", schema.String}, {"Fax", schema.Phone},
		{"BillingCity", schema.String}, {"BillingAddress", schema.Address}, {"Photo", schema.Base64},
		{"AnnualRevenue", schema.Currency}, {"CurrencyIsoCode", schema.Picklist}, {"Place__c", schema.Location},
		{"Secret__c", schema.String}, {"SystemModstamp", schema.DateTime},
	} {
		o.Fields = append(o.Fields, schema.Field{Name: f.name, Type: f.kind, Encrypted: f.name == "Secret__c"})
	}
	return o
}

func fieldNames(fields []schema.Field) []string {
	var names []string
	for _, f := range fields {
		names = append(names, f.Name)
	}
	return names
}

func TestFields(t *testing.T) {
	all := []string{"Id", "IsDeleted", "Name", "Fax", "BillingCity", "AnnualRevenue", "CurrencyIsoCode",
		"SystemModstamp"}
	left := []string{"Photo", "Secret__c"}
	without := func(from []string, names ...string) []string {
		return slices.DeleteFunc(slices.Clone(from), func(s string) bool { return slices.Contains(names, s) })
	}
	for name, c := range map[string]struct {
		flow          Flow
		want, skipped []string
	}{
		"all":     {Flow{}, all, left},
		"all but": {Flow{Exclude: []string{"fax", "Photo"}}, without(all, "Fax"), without(left, "Photo")},
		"listed": {Flow{Fields: []string{"fax", "Name"}},
			[]string{"Id", "IsDeleted", "Name", "Fax", "SystemModstamp"}, nil},
		"listed with the needed": {Flow{Fields: []string{"Id", "SystemModstamp"}},
			[]string{"Id", "IsDeleted", "SystemModstamp"}, nil},
		"money has its currency": {Flow{Fields: []string{"AnnualRevenue"}},
			[]string{"Id", "IsDeleted", "AnnualRevenue", "CurrencyIsoCode", "SystemModstamp"}, nil},
		"no money, no currency": {Flow{Exclude: []string{"AnnualRevenue", "CurrencyIsoCode"}},
			without(all, "AnnualRevenue", "CurrencyIsoCode"), left},
		"included": {Flow{Include: []string{"billingaddress"}},
			[]string{"Id", "IsDeleted", "Name", "Fax", "BillingCity", "BillingAddress", "AnnualRevenue",
				"CurrencyIsoCode", "SystemModstamp"}, left},
		"a compound is listed": {Flow{Fields: []string{"Place__c"}},
			[]string{"Id", "IsDeleted", "Place__c", "SystemModstamp"}, nil},
		"a star includes what there is": {Flow{star: true, Mover: ByAppFlow,
			Include: []string{"Other__c", "Photo", "Place__c"}}, all, left},
		"encrypted": {Flow{AcceptEncrypted: true, Fields: []string{"Secret__c"}},
			[]string{"Id", "IsDeleted", "Secret__c", "SystemModstamp"}, nil},
		"a star excludes anyhow": {Flow{star: true, Exclude: []string{"Fax", "Other__c"}}, without(all, "Fax"), left},
		"a star accepts the rest": {Flow{star: true, AcceptEncrypted: true},
			append(without(all, "SystemModstamp"), "Secret__c", "SystemModstamp"), without(left, "Secret__c")},
	} {
		fields, skipped, err := c.flow.Choose(account())
		var left []string
		for _, s := range skipped {
			left = append(left, s.Field)
			if s.Reason == "" {
				t.Errorf("%s: %s is skipped without a reason", name, s.Field)
			}
		}
		if err != nil || !slices.Equal(fieldNames(fields), c.want) || !slices.Equal(left, c.skipped) {
			t.Errorf("%s: %q, skipped %q, %v; want %q, %q", name, fieldNames(fields), left, err, c.want, c.skipped)
		}
	}
}

// TestFieldsMasked: of a text (encrypted) most users get asterisks.
func TestFieldsMasked(t *testing.T) {
	o := object("Account")
	o.Fields = []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "Card__c", Type: schema.EncryptedString}}
	fields, skipped, err := (Flow{}).Choose(o)
	if err != nil || len(fields) != 1 || len(skipped) != 1 {
		t.Errorf("%q, skipped %v, %v", fieldNames(fields), skipped, err)
	}
	if _, _, err = (Flow{Fields: []string{"Card__c"}}).Choose(o); err == nil {
		t.Error("it may be listed, though nobody accepted it")
	}
	if fields, _, err = (Flow{AcceptEncrypted: true}).Choose(o); err != nil || len(fields) != 2 {
		t.Errorf("accepted: %q, %v", fieldNames(fields), err)
	}
}

func TestFieldsRefuses(t *testing.T) {
	f := parse(t, "  - object: Account\n    exclude: [ID, isdeleted, SystemModstamp, CurrencyIsoCode, Nmae]\n"+
		"  - object: Contact\n    fields: [Name, BillingAddress, Photo, Secret__c, Faxx]\n")
	_, _, err := f.Flows[0].Choose(account())
	wantProblems(t, err,
		"catchment.yaml:7:15: flows[0].exclude[0]: Id can't be excluded: it is the key of the table",
		"catchment.yaml:7:19: flows[0].exclude[1]: IsDeleted can't be excluded: it tells that a record was deleted",
		"catchment.yaml:7:30: flows[0].exclude[2]: SystemModstamp can't be excluded: "+
			"it tells which version of a record is the newest",
		"catchment.yaml:7:46: flows[0].exclude[3]: CurrencyIsoCode can't be excluded: "+
			"amounts mean nothing without their currency",
		`catchment.yaml:7:63: flows[0].exclude[4]: Account has no field "Nmae" that this user can see; did you mean Name?`,
	)
	_, _, err = f.Flows[1].Choose(account())
	wantProblems(t, err,
		"catchment.yaml:9:36: flows[1].fields[2]: Photo can't be copied: Salesforce gives what is in a file by a "+
			"call for each record; copy the other fields, and fetch files by their Ids where they are needed",
		"catchment.yaml:9:43: flows[1].fields[3]: Secret__c can't be copied: Salesforce keeps it encrypted, "+
			"and the warehouse would not; to copy it: org.accept_encrypted: true",
		`catchment.yaml:9:54: flows[1].fields[4]: Account has no field "Faxx" that this user can see; did you mean Fax?`,
	)
}

// TestFieldsIncluded: what Bulk can't carry is refused where nothing carries it.
func TestFieldsIncluded(t *testing.T) {
	f := parse(t, "  - object: Lead\n    include: [BillingAddress, Photo, Adress]\n")
	_, _, err := f.Flows[0].Choose(account())
	wantProblems(t, err,
		"catchment.yaml:7:31: flows[0].include[1]: Photo can't be copied: Salesforce gives what is in a file by a "+
			"call for each record; copy the other fields, and fetch files by their Ids where they are needed",
		`catchment.yaml:7:38: flows[0].include[2]: Account has no field "Adress" that this user can see`,
	)
	f.Flows[0].Include, f.Flows[0].Mover = []string{"BillingAddress"}, ByAppFlow
	_, _, err = f.Flows[0].Choose(account())
	wantProblems(t, err, "catchment.yaml:7:15: flows[0].include[0]: BillingAddress can't be copied: "+
		"AppFlow lands what Bulk carries, and that isn't the type address; to copy it: mover: auto")

	hiding := parse(t, "  - object: Lead\n    include: [BillingAddress]\n    mask: {BillingCity: fixed}\n")
	with := account()
	for i := range with.Fields {
		if with.Fields[i].Name == "BillingCity" {
			with.Fields[i].CompoundField = "BillingAddress"
		}
	}
	_, _, err = hiding.Flows[0].Choose(with)
	wantProblems(t, err, "catchment.yaml:7:15: flows[0].include[0]: BillingAddress holds BillingCity, "+
		"which this flow masks, cuts or drops: mask BillingAddress too, or leave it out")
	hiding = parse(t, "  - object: Lead\n    include: [BillingAddress]\n    mask: {BillingCity: fixed, "+
		"BillingAddress: fixed}\n")
	if _, _, err = hiding.Flows[0].Choose(with); err != nil {
		t.Errorf("both are masked: %v", err)
	}

	o := object("Poll")
	o.Fields = []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "Answers", Type: schema.JSON}}
	if fields, skipped, err := (Flow{}).Choose(o); err != nil || len(fields) != 1 || len(skipped) != 1 ||
		skipped[0].Reason != "Bulk can't carry the type json; to copy it by REST: include: [Answers]" {
		t.Errorf("%q, skipped %q, %v", fieldNames(fields), skipped, err)
	}
	if fields, skipped, err := (Flow{Include: []string{"Answers"}}).Choose(o); err != nil || len(fields) != 2 ||
		len(skipped) != 0 {
		t.Errorf("included: %q, skipped %q, %v", fieldNames(fields), skipped, err)
	}
}

// TestFieldsOfAnOrg: of a recorded object, everything but its compound fields
// is copied, and nobody has to be told: their parts are there.
func TestFieldsOfAnOrg(t *testing.T) {
	o := described[schema.Object](t, "Account")
	fields, skipped, err := (Flow{Object: "Account"}).Choose(o)
	if err != nil || len(skipped) != 0 || len(fields) != len(o.Fields)-2 {
		t.Fatalf("%d fields and %d skipped of %d, %v", len(fields), len(skipped), len(o.Fields), err)
	}
	for _, f := range fields {
		if !f.Type.InBulk() {
			t.Errorf("%s is copied, and Bulk can't carry it", f.Name)
		}
	}
}

func TestFingerprint(t *testing.T) {
	base := Flow{Object: "Account", Fields: []string{"Name", "Fax"}, Where: "A = 1", Naming: Lower, Deletes: Flag,
		Mover: Auto, NUL: Replace}
	same := func(name string, change func(*Flow), want bool) {
		t.Helper()
		fl := base
		change(&fl)
		if got := Fingerprint(fl) == Fingerprint(base); got != want {
			t.Errorf("%s: same %v, want %v", name, got, want)
		}
	}
	same("nothing", func(*Flow) {}, true)
	same("order and case", func(fl *Flow) { fl.Fields = []string{"fax", "NAME"} }, true)
	same("what decides no row or column", func(fl *Flow) {
		fl.Deletes, fl.Mover, fl.NUL, fl.Paused, fl.Line, fl.source = Remove, REST, Fail, true, 9, &source{}
	}, true)
	same("fields", func(fl *Flow) { fl.Fields = []string{"Name"} }, false)
	same("fields and exclude", func(fl *Flow) { fl.Fields, fl.Exclude = nil, fl.Fields }, false)
	same("where", func(fl *Flow) { fl.Where = "A = 2" }, false)
	same("no where", func(fl *Flow) { fl.Where = "" }, false)
	same("naming", func(fl *Flow) { fl.Naming = Snake }, false)
	same("include", func(fl *Flow) { fl.Include = []string{"BillingAddress"} }, false)
	same("encrypted", func(fl *Flow) { fl.AcceptEncrypted = true }, false)
	same("names that run together", func(fl *Flow) { fl.Fields = []string{"NameFax"} }, false)

	// Stored in every control table: it must not change from version to version.
	if got, want := Fingerprint(Flow{Where: "A = 1", Naming: Lower}), "927dd30e80b1b98c"; got != want {
		t.Errorf("a stored fingerprint would be %s, and was %s", got, want)
	}
}

// A field that Salesforce refuses to read is left out, unless something needs it.
func TestDoesWithout(t *testing.T) {
	o := schema.Object{Name: "Account", Fields: []schema.Field{{Name: "Id", Type: schema.ID}, {Name: "SystemModstamp"},
		{Name: "IsDeleted"}, {Name: "CurrencyIsoCode"}, {Name: "Amount__c", Type: schema.Currency}, {Name: "Rating"},
		{Name: "Phone"}, {Name: "Out__c"}}}
	fl := Flow{Object: "Account", Where: "Owner.Phone = 'Rating' AND Industry = 'x'", Rename: map[string]string{}}
	copied := o.Fields[:len(o.Fields)-1]
	for name, want := range map[string]string{"Rating": "Rating", "rating": "Rating", "AMOUNT__C": "Amount__c",
		"Id": "", "SystemModstamp": "",
		"isdeleted": "", "CurrencyIsoCode": "", "Phone": "", "Out__c": "", "Nope": "", "": "",
		"Rating; DROP": ""} {
		if got, ok := fl.DoesWithout(o, copied, name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
	for name, needs := range map[string]Flow{
		"a mask":   {Changes: []value.Change{{Field: "rating", Mask: value.SHA256}}},
		"a rule":   {Checks: []value.Check{{Field: "Rating"}}},
		"a rename": {Rename: map[string]string{"Rating": "stars"}},
		"a where":  {Where: "RATING != null"},
	} {
		if _, ok := needs.DoesWithout(o, copied, "Rating"); ok {
			t.Errorf("%s does without its field", name)
		}
	}
	fl = Flow{Object: "Account", Withheld: []string{"Rating"}, Fields: []string{"Rating", "Phone"}}
	fields, skipped, err := fl.Choose(o)
	if err != nil || len(skipped) != 1 || skipped[0].Field != "Rating" ||
		slices.ContainsFunc(fields, func(f schema.Field) bool { return f.Name == "Rating" }) {
		t.Errorf("%v, %v, %v", fields, skipped, err)
	}
}

// A flow that copies bodies can't do without the fields by which they are read and checked.
func TestFieldsOfBodies(t *testing.T) {
	version := schema.Object{Name: "ContentVersion", Fields: []schema.Field{
		{Name: "Id", Type: schema.ID}, {Name: "Title", Type: schema.String}, {Name: "Checksum", Type: schema.String},
		{Name: "ContentSize", Type: schema.Int}, {Name: "IsLatest", Type: schema.Boolean},
		{Name: "ContentLocation", Type: schema.Picklist}, {Name: "VersionData", Type: schema.Base64},
		{Name: "SystemModstamp", Type: schema.DateTime}}}
	f := parse(t, "  - object: contentversion\n    fields: [Title]\n    bodies: latest\n"+
		"  - object: Attachment\n    bodies: all\n    exclude: [Checksum]\n    mask: {ContentLocation: fixed}\n")
	fields, skipped, err := f.Flows[0].Choose(version)
	if err != nil || len(fields) != 7 || len(skipped) != 0 {
		t.Errorf("%v, %v, %v", fields, skipped, err)
	}
	_, _, err = f.Flows[1].Choose(version)
	wantProblems(t, err,
		"catchment.yaml:11:15: flows[1].exclude[0]: Checksum can't be excluded: bodies are read and checked by it",
		"catchment.yaml:12:29: flows[1].mask.ContentLocation: ContentLocation can't be changed: "+
			"bodies are read and checked by it")
	f.Flows[0].Bodies, f.Flows[0].Fields = "", nil
	_, skipped, err = f.Flows[0].Choose(version)
	if err != nil || len(skipped) != 1 || !strings.HasSuffix(skipped[0].Reason, "bodies: latest") {
		t.Errorf("%v, %v", skipped, err)
	}
}
