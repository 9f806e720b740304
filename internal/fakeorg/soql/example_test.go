package soql_test

import (
	"fmt"
	"time"

	"catchment/internal/fakeorg/soql"
	"catchment/internal/fakeorg/soql/syntax"
)

// org is a Schema with one object.
type org struct{ account *soql.Entity }

func (o org) Entity(string) (*soql.Entity, bool) { return o.account, true }

func (o org) Child(*soql.Entity, string) (soql.Relation, bool) { return soql.Relation{}, false }

// row is a Record with its values by field name.
type row map[string]string

func (r row) Value(p *soql.Path) string { return r[p.Field.Name] }

// A statement is parsed, bound to what the org has, then asked of each record.
func Example() {
	schema := org{&soql.Entity{Name: "Account", Fields: []soql.Field{
		{Name: "Id", Type: "id", Filterable: true, Sortable: true},
		{Name: "Name", Type: "string", Filterable: true, Sortable: true},
		{Name: "CreatedDate", Type: "datetime", Filterable: true, Sortable: true},
	}}}
	query, err := syntax.Parse("select id from account where name like 'a%' and createddate = LAST_N_DAYS:7")
	if err != nil {
		fmt.Println(err)
		return
	}
	bound, err := soql.Bind(query, schema)
	if err != nil {
		fmt.Println(err)
		return
	}
	matches := bound.Filter(soql.Clock{Now: time.Date(2026, 5, 20, 12, 0, 0, 0, time.UTC)})
	fmt.Println(query)
	fmt.Println(matches(row{"Name": "Acme", "CreatedDate": "2026-05-13T00:00:00.000Z"}))
	fmt.Println(matches(row{"Name": "Acme", "CreatedDate": "2026-05-12T23:59:59.000Z"}))
	// Output:
	// SELECT id FROM account WHERE name LIKE 'a%' AND createddate = LAST_N_DAYS:7
	// true
	// false
}
