package change

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/avro"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// orgSchema is a schema as Salesforce writes them, with a field of every type, shared with the seeds of the fuzzing.
const orgSchema = `{"name":"AccountChangeEvent","namespace":"com.sforce.eventbus","type":"record","fields":[
{"name":"ChangeEventHeader","type":{"type":"record","name":"ChangeEventHeader","fields":[
 {"name":"entityName","type":"string"},{"name":"recordIds","type":{"type":"array","items":"string"}},
 {"name":"changeType","type":{"type":"enum","name":"ChangeType","symbols":["CREATE","UPDATE","DELETE","UNDELETE",
  "GAP_CREATE","GAP_UPDATE","GAP_DELETE","GAP_UNDELETE","GAP_OVERFLOW","SNAPSHOT"]}},
 {"name":"changeOrigin","type":"string"},{"name":"transactionKey","type":"string"},
 {"name":"sequenceNumber","type":"int"},{"name":"commitTimestamp","type":"long"},
 {"name":"commitNumber","type":"long"},{"name":"commitUser","type":"string"},
 {"name":"nulledFields","type":{"type":"array","items":"string"}},
 {"name":"diffFields","type":{"type":"array","items":"string"}},
 {"name":"changedFields","type":{"type":"array","items":"string"}}]}},
{"name":"Name","type":["null","string",{"type":"record","name":"Switchable_PersonName","fields":[
 {"name":"Salutation","type":["null","string"]},{"name":"FirstName","type":["null","string"]},
 {"name":"LastName","type":["null","string"]}]}],"doc":"Data:Switchable_PersonName"},
{"name":"Industry","type":["null","string"],"doc":"Data:DynamicEnum"},
{"name":"BillingAddress","type":["null",{"type":"record","name":"Address","fields":[
 {"name":"Street","type":["null","string"]},{"name":"City","type":["null","string"]},
 {"name":"State","type":["null","string"]},{"name":"StateCode","type":["null","string"]},
 {"name":"Latitude","type":["null","double"]}]}],"doc":"Data:Address"},
{"name":"ShippingAddress","type":["null","Address"],"doc":"Data:Address"},
{"name":"Description","type":["null","string"],"doc":"Data:StringPlusClob"},
{"name":"AnnualRevenue","type":["null","double"],"doc":"Data:Currency"},
{"name":"NumberOfEmployees","type":["null","int"],"doc":"Data:Integer"},
{"name":"Founded__c","type":["null","long"],"doc":"Data:DateOnly:00N1"},
{"name":"Opens__c","type":["null","long"],"doc":"Data:TimeOnly:00N2"},
{"name":"LastModifiedDate","type":["null","long"],"doc":"LastModifiedDate:DateTime"},
{"name":"Active__c","type":["null","boolean"],"doc":"Data:Boolean:00N3"},
{"name":"Site__c","type":["null",{"type":"record","name":"Location","fields":[
 {"name":"Latitude","type":["null","double"]},{"name":"Longitude","type":["null","double"]}]}]},
{"name":"Big__c","type":["null","long"],"doc":"Data:Long:00N4"},
{"name":"Newer__c","type":["null","string"],"doc":"Data:Text:00N5"},
{"name":"Formula__c","type":["null","double"],"doc":"Data:Double:00N6"}]}`

// described is what describe says of it. It doesn't know Newer__c.
func described() *Object {
	field := func(name string, t schema.Type, compound string) schema.Field {
		return schema.Field{Name: name, Type: t, CompoundField: compound}
	}
	o := schema.Object{Name: "Account", Fields: []schema.Field{
		field("Id", schema.ID, ""), field("Name", schema.String, "Name"),
		field("Salutation", schema.Picklist, "Name"), field("FirstName", schema.String, "Name"),
		field("LastName", schema.String, "Name"), field("Industry", schema.Picklist, ""),
		field("BillingStreet", schema.TextArea, "BillingAddress"),
		field("BillingCity", schema.String, "BillingAddress"),
		field("BillingState", schema.String, "BillingAddress"),
		field("BillingStateCode", schema.Picklist, "BillingAddress"),
		{Name: "BillingLatitude", Type: schema.Double, Scale: 15, CompoundField: "BillingAddress"},
		field("BillingAddress", schema.Address, ""), field("ShippingCity", schema.String, "ShippingAddress"),
		field("Description", schema.TextArea, ""), {Name: "AnnualRevenue", Type: schema.Currency, Scale: 2},
		field("NumberOfEmployees", schema.Int, ""), field("Founded__c", schema.Date, ""),
		field("Opens__c", schema.Time, ""), field("LastModifiedDate", schema.DateTime, ""),
		field("Active__c", schema.Boolean, ""), {Name: "Site__Latitude__s", Type: schema.Double, Scale: 6,
			CompoundField: "Site__c"},
		{Name: "Site__Longitude__s", Type: schema.Double, Scale: 6, CompoundField: "Site__c"},
		field("Site__c", schema.Location, ""), field("Big__c", schema.Long, ""),
		{Name: "Formula__c", Type: schema.Double, Calculated: true},
	}}
	return Of(o)
}

// A test event: what stands in its header is filled in where it is left out.
type record map[string]any

func header(changeType string, more record) record {
	h := record{"entityName": "Account", "recordIds": []string{"001000000000001AAA"}, "changeType": changeType,
		"changeOrigin": "com/salesforce/api/rest/66.0;client=x", "transactionKey": "t1", "sequenceNumber": 1,
		"commitTimestamp": int64(1767323045000), "commitNumber": int64(9007199254740993),
		"commitUser":   "005000000000001AAA",
		"nulledFields": []string{}, "diffFields": []string{}, "changedFields": []string{}}
	for name, value := range more {
		h[name] = value
	}
	return h
}

// written are the bytes of an event; fields that it doesn't name are null.
func written(t testing.TB, head record, fields record) []byte {
	t.Helper()
	var shape struct{ Fields []struct{ Name string } }
	if err := json.Unmarshal([]byte(orgSchema), &shape); err != nil {
		t.Fatal(err)
	}
	event := map[string]any{}
	for _, f := range shape.Fields[1:] {
		event[f.Name] = nil
	}
	for name, value := range fields {
		event[name] = value
	}
	event[headerName] = map[string]any(head)
	bytes, err := avro.MustParse(orgSchema).Encode(event)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}

func parsed(t testing.TB, text string) *Schema {
	t.Helper()
	s, err := ParseSchema(text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// bit is the bitmap of fields.
func bit(t testing.TB, names ...string) string {
	t.Helper()
	s, sum := parsed(t, orgSchema), uint64(0)
	for _, name := range names {
		at := slices.IndexFunc(s.columns, func(c column) bool { return c.name == name })
		if at < 0 {
			t.Fatalf("no field %s", name)
		}
		sum |= 1 << at
	}
	return "0x" + strings.ToUpper(string(hex(sum)))
}

func hex(n uint64) []byte {
	const digits = "0123456789abcdef"
	var text []byte
	for ; n > 0; n >>= 8 { // whole bytes, as Salesforce writes them
		text = append([]byte{digits[n>>4&15], digits[n&15]}, text...)
	}
	return text
}

func set(name, value string) Field      { return Field{Name: name, State: Set, Value: value} }
func null(name string) Field            { return Field{Name: name, State: Null} }
func toRead(name string, why Why) Field { return Field{Name: name, State: Read, Why: why} }
func ms(text string) int64 {
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		panic(err)
	}
	return at.UnixMilli()
}

func TestCreateSaysEveryFieldThatIsNotEmpty(t *testing.T) {
	t.Parallel()
	payload := written(t, header("CREATE", nil), record{
		"Name": "Acme\r\n長", "Industry": "Energy", "AnnualRevenue": 1234.5, "NumberOfEmployees": 7,
		"BillingAddress": map[string]any{"Street": "1 Main\nSt", "City": nil, "State": nil, "StateCode": "CA",
			"Latitude": 37.793712},
		"Founded__c": ms("1700-01-01T00:00:00Z"), "Opens__c": int64(37845000), "Active__c": false,
		"LastModifiedDate": ms("2026-01-02T03:04:05Z"), "Newer__c": "x", "Big__c": int64(9007199254740993),
		"Site__c": map[string]any{"Latitude": -0.5, "Longitude": 100.0},
	})
	d, err := parsed(t, orgSchema).Decode(payload, described())
	if err != nil {
		t.Fatal(err)
	}
	want := []Field{
		set("Name", "Acme\r\n長"), set("Industry", "Energy"), set("BillingStreet", "1 Main\nSt"),
		set("BillingStateCode", "CA"), set("BillingLatitude", "37.793712"), toRead("BillingAddress", Compound),
		set("AnnualRevenue", "1234.5"), set("NumberOfEmployees", "7"), set("Founded__c", "1700-01-01"),
		set("Opens__c", "10:30:45.000Z"), set("LastModifiedDate", "2026-01-02T03:04:05.000Z"),
		set("Active__c", "false"), set("Site__Latitude__s", "-0.5"), set("Site__Longitude__s", "100.0"),
		toRead("Site__c", Compound), set("Big__c", "9007199254740993"), toRead("Newer__c", Unknown),
	}
	if d.Kind != Create || !slices.Equal(d.IDs, []string{"001000000000001AAA"}) || !reflect.DeepEqual(d.Fields, want) {
		t.Errorf("%s %v\n%+v\nwant\n%+v", d.Kind, d.IDs, d.Fields, want)
	}
	if want := (Header{Entity: "Account", Type: "CREATE", Origin: "com/salesforce/api/rest/66.0;client=x",
		Transaction: "t1", Sequence: 1, At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Commit: 9007199254740993,
		User: "005000000000001AAA"}); d.Header != want {
		t.Errorf("%+v", d.Header)
	}
}

// An update has every field, and only bitmaps tell which of them it is about (pub-sub-api#25, pozil#8).
func TestUpdateIsWhatTheBitmapsSay(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		head   record
		fields record
		want   []Field
	}{
		{"one field", record{"changedFields": []string{bit(t, "Industry")}},
			record{"Industry": "Energy", "Name": "not said to have changed"}, []Field{set("Industry", "Energy")}},
		{"a field that is empty now", record{"changedFields": []string{bit(t, "Industry")},
			"nulledFields": []string{bit(t, "Industry")}}, nil, []Field{null("Industry")}},
		{"nulled, and not said to have changed", record{"nulledFields": []string{bit(t, "Industry")}}, nil,
			[]Field{null("Industry")}},
		{"changed to nothing, and not nulled", record{"changedFields": []string{bit(t, "Industry")}}, nil,
			[]Field{toRead("Industry", Unclear)}},
		{"nulled, with a value", record{"nulledFields": []string{bit(t, "Industry")}}, record{"Industry": "x"},
			[]Field{toRead("Industry", Unclear)}},
		{"a diff", record{"changedFields": []string{bit(t, "Description")},
			"diffFields": []string{bit(t, "Description")}}, record{"Description": "--- a +++ b"},
			[]Field{toRead("Description", Diff)}},
		{"a part", record{"changedFields": []string{"0x", "3-0x02"}[1:]},
			record{"BillingAddress": map[string]any{"Street": nil, "City": "Rome", "State": nil, "StateCode": nil,
				"Latitude": nil}},
			[]Field{set("BillingCity", "Rome"), toRead("BillingAddress", Compound)}},
		{"a part that is empty now, and nothing else", record{"nulledFields": []string{"3-0x12"}}, nil,
			[]Field{null("BillingCity"), null("BillingLatitude"), toRead("BillingAddress", Compound)}},
		{"all parts, by the whole", record{"nulledFields": []string{bit(t, "Site__c")}}, nil,
			[]Field{null("Site__Latitude__s"), null("Site__Longitude__s"), toRead("Site__c", Compound)}},
		{"a type that is named again", record{"changedFields": []string{"4-0x02"}},
			record{"ShippingAddress": map[string]any{"Street": nil, "City": "Oslo", "State": nil, "StateCode": nil,
				"Latitude": nil}}, []Field{set("ShippingCity", "Oslo")}},
		{"the name of a person", record{"changedFields": []string{"1-0x04"}},
			record{"Name": map[string]any{"Salutation": nil, "FirstName": nil, "LastName": "Doe"}},
			[]Field{set("LastName", "Doe"), toRead("Name", Compound)}},
		{"the name of a business", record{"changedFields": []string{bit(t, "Name")}}, record{"Name": "Acme"},
			[]Field{set("Name", "Acme")}},
		{"a part that describe doesn't know", record{"changedFields": []string{"4-0x01"}},
			record{"ShippingAddress": map[string]any{"Street": "x", "City": nil, "State": nil, "StateCode": nil,
				"Latitude": nil}}, []Field{toRead("ShippingAddress.Street", Unknown)}},
		{"a field added a second ago", record{"changedFields": []string{bit(t, "Newer__c")}}, record{"Newer__c": "x"},
			[]Field{toRead("Newer__c", Unknown)}},
		{"small letters, leading zeros", record{"changedFields": []string{"0x0000000" + strings.ToLower(
			bit(t, "Industry", "Formula__c")[2:])}}, record{"Industry": "a", "Formula__c": 1e7},
			[]Field{set("Industry", "a"), set("Formula__c", "1.0E7")}},
		{"a text without characters is none", record{"changedFields": []string{bit(t, "Industry")}},
			record{"Industry": ""}, []Field{null("Industry")}},
	} {
		d, err := parsed(t, orgSchema).Decode(written(t, header("UPDATE", test.head), test.fields), described())
		if err != nil || d.Kind != Update || !reflect.DeepEqual(d.Fields, test.want) {
			t.Errorf("%s: %s, %+v, %v", test.name, d.Kind, d.Fields, err)
		}
	}
}

func TestUndeleteSaysAllButFormulas(t *testing.T) {
	t.Parallel()
	d, err := parsed(t, orgSchema).Decode(written(t, header("UNDELETE", nil), record{"Name": "Acme"}), described())
	if err != nil || d.Kind != Undelete {
		t.Fatal(d, err)
	}
	if d.Fields[0] != set("Name", "Acme") || d.Fields[1] != null("Industry") {
		t.Errorf("%+v", d.Fields[:2])
	}
	for _, f := range d.Fields {
		if f.Name == "Formula__c" || f.Name == "Newer__c" {
			t.Errorf("%+v", f)
		}
	}
}

func TestKinds(t *testing.T) {
	t.Parallel()
	account := []string{"001000000000001AAA"}
	for _, test := range []struct {
		changeType string
		ids        []string
		kind       Kind
		told       int
	}{
		{"DELETE", []string{"001000000000001AAA", "001000000000002"}, Delete, 2},
		{"GAP_CREATE", account, Gap, 1}, {"GAP_UPDATE", account, Gap, 1}, {"GAP_DELETE", account, Gap, 1},
		{"GAP_UNDELETE", account, Gap, 1}, {"SNAPSHOT", account, Gap, 1},
		{"GAP_OVERFLOW", []string{"000000000000000AAA"}, Overflow, 0},
		{"GAP_UPDATE", []string{"001*"}, Wild, 0}, {"UPDATE", []string{"001*"}, Wild, 0},
	} {
		payload := written(t, header(test.changeType, record{"recordIds": test.ids}), record{"Name": "Acme"})
		d, err := parsed(t, orgSchema).Decode(payload, described())
		if err != nil || d.Kind != test.kind || len(d.IDs) != test.told || len(d.Fields) > 0 ||
			d.Type != test.changeType {
			t.Errorf("%s of %v: %+v, %v", test.changeType, test.ids, d, err)
		}
		for _, id := range d.IDs {
			if len(id) != 18 {
				t.Errorf("%s", id)
			}
		}
	}
}

// Every fault has a name, and repeats nothing of the event.
func TestEventsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	s, secret := parsed(t, orgSchema), record{"Name": "s3cr3t"}
	good := written(t, header("UPDATE", nil), secret)
	with := func(name string, value any) []byte { return written(t, header("UPDATE", record{name: value}), secret) }
	of := func(name, element string) []byte { return with(name, []string{element}) }
	for name, test := range map[string]struct {
		payload []byte
		says    string
	}{
		"nothing":   {nil, "cut short"},
		"cut short": {good[:len(good)-9], ""},
		"too long":  {append(slices.Clone(good), 0), "isn't what its schema says"},
		"a bitmap beyond the schema": {of("changedFields", "0x100000000"),
			"changedFields names position 32 of the event's schema, and there are 16"},
		"a part beyond the schema": {of("nulledFields", "3-0x20"),
			"nulledFields names position 5 of the event's schema, and there are 5"},
		"a compound beyond the schema": {of("diffFields", "99-0x01"),
			"diffFields names position 99"},
		"parts of what has none": {of("changedFields", "2-0x01"),
			"position 2, which has none"},
		"no bitmap":         {of("changedFields", "Name"), "isn't a bitmap"},
		"no number":         {of("changedFields", "0xZZ"), "isn't a bitmap"},
		"no number at all":  {of("changedFields", "0x"), "isn't a bitmap"},
		"no position":       {of("changedFields", "-1-0x1"), "isn't a bitmap"},
		"no Id":             {of("recordIds", "s3cr3t"), "no Id"},
		"no record":         {with("recordIds", []string{}), "names no record"},
		"of another object": {with("entityName", "Contact\x1b[2J"), `of Contact\x1b[2J, and not`},
	} {
		d, err := s.Decode(test.payload, described())
		if err == nil || !strings.Contains(err.Error(), test.says) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: %+v, %v", name, d, err)
		}
		if err != nil && plan.HintOf(err) == "" {
			t.Errorf("%s: no hint", name)
		}
	}
}

func TestTextsOfValues(t *testing.T) {
	t.Parallel()
	field := func(t schema.Type, scale int) schema.Field { return schema.Field{Type: t, Scale: scale} }
	for _, test := range []struct {
		value any
		field schema.Field
		text  string
		why   Why
	}{
		{5.0, field(schema.Double, 0), "5.0", ""}, {math.Copysign(0, -1), field(schema.Double, 0), "0.0", ""},
		{12345678.0, field(schema.Double, 2), "1.2345678E7", ""}, {9999999.0, field(schema.Double, 2), "9999999.0", ""},
		{0.001, field(schema.Double, 3), "0.001", ""}, {0.0009, field(schema.Double, 4), "9.0E-4", ""},
		{-1.5e-7, field(schema.Double, 8), "-1.5E-7", ""}, {0.30000000000000004, field(schema.Double, 2), "", Digits},
		{123456789012.34, field(schema.Currency, 2), "1.2345678901234E11", ""},
		{12345678901234567.89, field(schema.Currency, 2), "", Digits},
		{1e15, field(schema.Currency, 2), "", Digits}, {1e13, field(schema.Currency, 2), "", Digits},
		{9e12, field(schema.Currency, 2), "9.0E12", ""}, {1e15, field(schema.Double, 0), "", Digits},
		{9e14, field(schema.Double, 0), "9.0E14", ""}, {37.793712, field(schema.Double, 15), "37.793712", ""},
		{int32(3), field(schema.Double, 0), "3.0", ""}, {5.0, field(schema.Int, 0), "5", ""},
		{5.5, field(schema.Int, 0), "", Mismatch}, {int64(1 << 60), field(schema.Long, 0), "1152921504606846976", ""},
		{"12", field(schema.Int, 0), "", Mismatch}, {true, field(schema.Double, 0), "", Mismatch},
		{int64(5), field(schema.String, 0), "", Mismatch}, {true, field(schema.Boolean, 0), "true", ""},
		{"true", field(schema.Boolean, 0), "", Mismatch}, {"x", field(schema.Date, 0), "", Mismatch},
		{int64(1), field(schema.Date, 0), "", Unclear}, {int64(-1), field(schema.Time, 0), "", Unclear},
		{int64(86400000), field(schema.Time, 0), "", Unclear},
		{int64(86399999), field(schema.Time, 0), "23:59:59.999Z", ""},
		{ms("4000-12-31T00:00:00Z"), field(schema.Date, 0), "4000-12-31", ""},
		{int64(1 << 62), field(schema.DateTime, 0), "", Unclear}, {"QUJD", field(schema.Base64, 0), "", Mismatch},
		{"a;b", field(schema.MultiPicklist, 0), "a;b", ""}, {"{}", field(schema.JSON, 0), "{}", ""},
	} {
		text, why := textOf(test.value, test.field)
		if text != test.text || why != test.why {
			t.Errorf("%v as %s: %q, %s", test.value, test.field.Type, text, why)
		}
		if canonical, err := test.field.Type.Canonical(text); err != nil || canonical != text {
			t.Errorf("%q isn't canonical: %q, %v", text, canonical, err)
		}
	}
}

func TestHostileSchemas(t *testing.T) {
	t.Parallel()
	nested := strings.Repeat(`{"type":"array","items":`, 40) + `"null"` + strings.Repeat("}", 40)
	var doubling strings.Builder // of which each type has two of the one before: 2^30 nulls in no bytes
	doubling.WriteString(`{"type":"record","name":"r0","fields":[{"name":"n","type":"null"}]}`)
	for i := range 30 {
		inner := doubling.String()
		doubling.Reset()
		name := "r" + string(rune('A'+i))
		doubling.WriteString(`{"type":"record","name":"` + name + `","fields":[{"name":"a","type":` + inner +
			`},{"name":"b","type":"` + map[bool]string{true: "r0", false: "r" + string(rune('A'+i-1))}[i == 0] + `"}]}`)
	}
	head := `{"type":"record","name":"E","fields":[{"name":"ChangeEventHeader","type":"null"},{"name":"x","type":`
	for name, text := range map[string]string{
		"not JSON": "{", "not Avro": `{"type":"rec"}`, "another record": `{"type":"record","name":"E","fields":[]}`,
		"deep": head + nested + "}]}", "large": `"` + strings.Repeat("x", schemaAtMost) + `"`,
		"names":    "[" + strings.Repeat(`{"name":"a"},`, namesAtMost+1) + `1]`,
		"doubling": head + doubling.String() + "}]}",
		"endless in a namespace": strings.Replace(head, `"name":"E"`, `"name":"E","namespace":"n"`, 1) +
			`{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}}]}`,
		"endless": head + `{"type":"record","name":"R","fields":[{"name":"r","type":["null","R"]}]}}]}`,
	} {
		if _, err := ParseSchema(text); err == nil || plan.HintOf(err) == "" || len(err.Error()) > 200 {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTopic(t *testing.T) {
	t.Parallel()
	for object, want := range map[string]string{"Account": "/data/AccountChangeEvent",
		"My_Thing__c": "/data/My_Thing__ChangeEvent", "ns__Thing__c": "/data/ns__Thing__ChangeEvent"} {
		if got := Topic(object); got != want {
			t.Errorf("%s: %s", object, got)
		}
	}
}

// Whatever comes is decoded or refused; what is decoded is canonical, and no refusal repeats what came.
func FuzzDecodeEvent(f *testing.F) {
	s, of := parsed(f, orgSchema), described()
	f.Add(written(f, header("UPDATE", record{"changedFields": []string{bit(f, "Name"), "3-0x1f"},
		"nulledFields": []string{"12-0x03"}}), record{"Name": "s3cr3t", "AnnualRevenue": 1e300}))
	f.Add(written(f, header("CREATE", nil), record{"Name": "s3cr3t", "Founded__c": int64(0), "Opens__c": int64(1)}))
	f.Add(written(f, header("GAP_OVERFLOW", record{"recordIds": []string{"000000000000000AAA"}}), nil))
	f.Fuzz(func(t *testing.T, payload []byte) { decodes(t, s, of, payload) })
}

// Whatever a schema is, it is bounded or refused, and so is what it makes of any bytes.
func FuzzDecodeBySchema(f *testing.F) {
	f.Add(orgSchema, written(f, header("CREATE", nil), record{"Name": "s3cr3t"}))
	f.Add(`{"type":"record","name":"E","fields":[{"name":"ChangeEventHeader","type":"null"}]}`, []byte{0})
	of := described()
	f.Fuzz(func(t *testing.T, text string, payload []byte) {
		s, err := ParseSchema(text)
		if err != nil {
			if plan.HintOf(err) == "" || len(err.Error()) > 200 {
				t.Errorf("%v", err)
			}
			return
		}
		decodes(t, s, of, payload)
	})
}

func decodes(t *testing.T, s *Schema, of *Object, payload []byte) {
	d, err := s.Decode(payload, of)
	if err != nil {
		if plan.HintOf(err) == "" || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%v", err)
		}
		return
	}
	for _, id := range d.IDs {
		if len(id) != 18 {
			t.Errorf("%q", id)
		}
	}
	for _, field := range d.Fields {
		known, ok := of.fields.Field(field.Name)
		text, err := known.Type.Canonical(field.Value)
		if field.State == Set && (!ok || err != nil || text != field.Value || field.Value == "") ||
			(field.State == Read) != (field.Why != "") || field.State != Set && field.Value != "" {
			t.Errorf("%+v: %v", field, err)
		}
	}
}
