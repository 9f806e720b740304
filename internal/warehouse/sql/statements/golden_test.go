package statements_test

import (
	"strings"
	"testing"
	"time"

	"catchment/internal/body"
	"catchment/internal/golden"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
	"catchment/internal/warehouse/sql/statements"
)

func sample() shape.Table {
	return shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "masterrecordid", Field: "MasterRecordId", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: `odd"name`, Field: "Odd", Kind: shape.Text},
		{Name: "amount__c", Field: "Amount__c", Kind: shape.Decimal, Scale: 2},
	}}
}

func TestScript(t *testing.T) {
	o := warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental"}
	bare := shape.Table{Object: "Log__b", Name: "log__b", Key: []string{"day__c", "n__c"}, Columns: []shape.Column{
		{Name: "day__c", Field: "Day__c", Kind: shape.Date}, {Name: "n__c", Field: "N__c", Kind: shape.Int},
		{Name: "text__c", Field: "Text__c", Kind: shape.Text}}}
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		golden.Equal(t, d.Name+"-flag.sql", statements.Script(d, o, sample(), gone.Flag))
		golden.Equal(t, d.Name+"-remove.sql", statements.Script(d, o, sample(), gone.Remove))
		golden.Equal(t, d.Name+"-ignore.sql", statements.Script(d, o, sample(), gone.Ignore))
		golden.Equal(t, d.Name+"-bare.sql", statements.Script(d, o, bare, gone.Flag))
	}
}

// What can be executed as it stands.
func TestReady(t *testing.T) {
	o := warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", GrantTo: []string{"reader"}}
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		text, err := statements.Ready(d, o, []warehouse.Procedure{{Table: sample(), Policy: gone.Flag}})
		if err != nil {
			t.Fatal(err)
		}
		text, _, _ = strings.Cut(text, "CREATE OR REPLACE") // TestProcedures has them
		golden.Equal(t, d.Name+"-ready.sql", text)
	}
}

// What makes a staged table the final one, where a dialect has a way.
func TestPromote(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		if d.Promotion == nil {
			continue
		}
		text := ""
		for _, policy := range []gone.Policy{gone.Flag, gone.Remove} {
			s := &statements.Merge{Of: warehouse.Merge{Table: sample(), Attempt: "a1", Policy: policy},
				Now: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), Tables: statements.Tables{Dialect: d, Table: sample(),
					First:   d.Promotion.Apart,
					Options: warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental"}}}
			p, ok := statements.NewPromotion(s, statements.Parts(s.Of, []statements.Entry{
				{Job: "j1", Op: warehouse.Put,
					Columns: []string{"id", "isdeleted", "masterrecordid", "systemmodstamp"}}}))
			if !ok {
				t.Fatal("it can't be promoted")
			}
			var all []dialect.Statement
			if d.Promotion.Apart {
				all = append(statements.First{Tables: &s.Tables}.Demote([]string{"id", "isdeleted"}), p.Count())
			} else {
				all = append(all, dialect.Statement{SQL: s.StampStaging("systemmodstamp")}, p.Lock(), p.Count())
			}
			all = append(all, p.Promote()...)
			for _, q := range append(all, p.SettleDeleted()...) {
				text += q.SQL + ";\n"
			}
			text += "\n"
		}
		golden.Equal(t, d.Name+"-promote.sql", text)
	}
}

// A job's keys that came more than once, by one column and by two.
func TestDoubles(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		tables := &statements.Tables{Dialect: d, Table: sample(),
			Options: warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental"}}
		golden.Equal(t, d.Name+"-doubles.sql", tables.Doubles([]string{"id", `odd"name`})+"\n")
	}
}

// What a warehouse with roles is asked of rights, and how a role gets to read: one that
// comes new, and one that is there when a table comes new.
func TestGrants(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		text := "-- asked\n"
		for _, ask := range []string{d.Encoding, d.Schemas, d.Rights, d.Owners, d.Granted} {
			if ask != "" {
				text += ask + ";\n"
			}
		}
		if d.Grantee != "" {
			text += "-- a new role, a new table\n"
			for _, one := range append(d.Grant(`od"d`, "salesforce", true, "account", "_catchment_objects"),
				d.Grant("reader", "salesforce", false, "account")...) {
				text += one.SQL + ";\n"
			}
		}
		golden.Equal(t, d.Name+"-grants.sql", text)
	}
}

// The procedures of the two warehouses that have some differ only where their
// dialects do: read one beside the other.
func TestProcedures(t *testing.T) {
	o := warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental"}
	removed := sample()
	removed.Name = "contact"
	for _, d := range []*dialect.Dialect{postgres.Dialect(), redshift.Dialect(redshift.FailLongText)} {
		text, err := statements.Procedures(d, o,
			[]warehouse.Procedure{{Table: sample(), Policy: gone.Flag},
				{Table: removed, Policy: gone.Remove, Patched: []string{"amount__c"}}})
		if err != nil {
			t.Fatal(err)
		}
		golden.Equal(t, d.Name+"-procedures.sql", text)
	}
}

// What the register of files is asked, of an object whose bodies stay and of one whose may
// change.
func TestFiles(t *testing.T) {
	for _, d := range []*dialect.Dialect{duckdb.Dialect(), postgres.Dialect(),
		redshift.Dialect(redshift.FailLongText)} {
		text := ""
		for _, object := range []string{"ContentVersion", "Attachment"} {
			fields, _ := body.Of(object)
			table := shape.Table{Object: object, Name: strings.ToLower(object), Key: []string{"id"}}
			for _, name := range fields.Needed() {
				table.Columns = append(table.Columns, shape.Column{Name: strings.ToLower(name), Field: name})
			}
			s := &statements.Files{Of: bodies.Query{Table: table, Fields: fields, Which: body.Latest},
				Tables: statements.Tables{Dialect: d, Table: table,
					Options: warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental"}}}
			some := []string{"a", "b"}
			for _, q := range []dialect.Statement{s.Waiting("", 9), s.Tally(), s.Lines(object, "", 9),
				s.Lookup(object, some), s.Named(some), s.Unregister(object, some)} {
				text += q.SQL + ";\n"
			}
			text += "\n"
		}
		golden.Equal(t, d.Name+"-files.sql", text)
	}
}
