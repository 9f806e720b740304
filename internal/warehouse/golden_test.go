package warehouse

import (
	"catchment/internal/golden"
	"testing"
	"time"
)

func sample() Table {
	return Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []Column{
		{Name: "id", Field: "Id", Kind: Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: Bool},
		{Name: "masterrecordid", Field: "MasterRecordId", Kind: Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: Timestamp},
		{Name: `odd"name`, Field: "Odd", Kind: Text}, {Name: "amount__c", Field: "Amount__c", Kind: Decimal, Scale: 2},
	}}
}

func TestScript(t *testing.T) {
	o := Options{Schema: "salesforce", Staging: "salesforce_incremental"}
	bare := Table{Object: "Log__b", Name: "log__b", Key: []string{"day__c", "n__c"}, Columns: []Column{
		{Name: "day__c", Field: "Day__c", Kind: Date}, {Name: "n__c", Field: "N__c", Kind: Int},
		{Name: "text__c", Field: "Text__c", Kind: Text}}}
	for _, d := range []*Dialect{DuckDB(), Postgres(), Redshift(FailLongText)} {
		golden.Equal(t, d.Name+"-flag.sql", Script(d, o, sample(), Flag))
		golden.Equal(t, d.Name+"-remove.sql", Script(d, o, sample(), Remove))
		golden.Equal(t, d.Name+"-ignore.sql", Script(d, o, sample(), Ignore))
		golden.Equal(t, d.Name+"-bare.sql", Script(d, o, bare, Flag))
	}
}

func TestReadCSV(t *testing.T) {
	c := Copy{Into: `"s"."account"`, Op: Put, Attempt: "a", Job: "j", ReadAt: time.Unix(0, 0), Columns: []CopyColumn{
		{Name: "id", Kind: Text, Type: "VARCHAR"},
		{Name: "amount__c", Kind: Decimal, Type: "DECIMAL(38,4)", Whole: 14, Fract: 4},
		{Name: "wide__c", Kind: Decimal, Type: "DECIMAL(38,4)", Whole: 15, Fract: 4},
		{Name: `it's"odd`, Kind: Timestamp, Type: "TIMESTAMPTZ"},
	}, Pages: []Page{{Seq: 1}, {Seq: 2}}}
	sql, _ := c.ReadCSV([]string{"/stage/it's.csv", "/stage/2.csv"}, false)
	golden.Equal(t, "duckdb-read_csv.sql", sql+"\n")
}

func TestCopyText(t *testing.T) {
	c := Copy{Into: `"s"."account"`, Op: Put, Attempt: "it's", Job: "j", ReadAt: time.Unix(0, 0).UTC(),
		Columns: []CopyColumn{
			{Name: "id", Kind: Text}, {Name: `od"d`, Kind: Timestamp}}}
	golden.Equal(t, "postgres-copy.sql", c.CopyConstants(Page{Seq: 7})+";\n"+c.CopyText()+";\n"+c.CopyNoConstants()+";\n")
}

func TestRedshiftCopy(t *testing.T) {
	c := RedshiftCopy{Copy: Copy{Into: `"s"."account"`, Op: Put, Attempt: "it's", Job: "j",
		ReadAt: time.Unix(0, 0).UTC(), Columns: []CopyColumn{
			{Name: "id", Kind: Text, Type: "VARCHAR(72)"}, {Name: `od"d`, Kind: Timestamp, Type: "TIMESTAMPTZ"},
			{Name: "amount__c", Kind: Decimal, Type: "DECIMAL(38,4)"},
			{Name: "rate__c", Kind: Decimal, Type: "DECIMAL(38,6)"},
			{Name: "opens__c", Kind: Time, Type: "TIME"}, {Name: "body", Kind: Text, Type: "VARCHAR(65535)"}}},
		Page: Page{Seq: 7, Gzip: true}, Manifest: "s3://bucket/run/1.csv.gz.manifest"}
	all := func() string {
		return c.Make() + ";\n" + c.From() + ";\n" + c.Count() + ";\n" + c.Look() + ";\n" +
			c.Insert(map[string]bool{"rate__c": true}) + ";\n" + c.Drop() + ";\n"
	}
	golden.Equal(t, "redshift-copy.sql", all())
	c.Truncate, c.Role, c.Region, c.Page.Gzip = true, "arn:aws:iam::123456789012:role/copy", "eu-central-1", false
	c.Columns[5].Type = "SUPER"
	golden.Equal(t, "redshift-copy-truncate.sql", all())
}

// The procedures of the two warehouses that have some differ only where their
// dialects do: read one beside the other.
func TestProcedures(t *testing.T) {
	o := Options{Schema: "salesforce", Staging: "salesforce_incremental"}
	removed := sample()
	removed.Name = "contact"
	for _, d := range []*Dialect{Postgres(), Redshift(FailLongText)} {
		text, err := ProcedureScript(d, o,
			[]Procedure{{Table: sample(), Policy: Flag},
				{Table: removed, Policy: Remove, Patched: []string{"amount__c"}}})
		if err != nil {
			t.Fatal(err)
		}
		golden.Equal(t, d.Name+"-procedures.sql", text)
	}
}
