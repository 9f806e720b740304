package shape

import (
	"reflect"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

func TestColumnName(t *testing.T) {
	for _, c := range []struct{ api, lower, snake string }{
		{"AccountId", "accountid", "account_id"},
		{"Id", "id", "id"},
		{"Amount__c", "amount__c", "amount__c"},
		{"MyAmount__c", "myamount__c", "my_amount__c"},
		{"ns__MyField__c", "ns__myfield__c", "ns__my_field__c"},
		{"IsVATExempt", "isvatexempt", "is_vat_exempt"},
		{"SICDesc", "sicdesc", "sic_desc"},
		{"Line2Text", "line2text", "line2_text"},
	} {
		if got := ColumnName(c.api, false); got != c.lower {
			t.Errorf("%s: got %s, want %s", c.api, got, c.lower)
		}
		if got := ColumnName(c.api, true); got != c.snake {
			t.Errorf("%s in snake case: got %s, want %s", c.api, got, c.snake)
		}
	}
}

func TestTableFor(t *testing.T) {
	o := schema.Object{Name: "OpportunityLineItem"}
	got, err := TableFor(o, []schema.Field{{Name: "Id", Type: schema.ID, Length: 18},
		{Name: "UnitPrice", Type: schema.Currency, Scale: 2},
		{Name: "Count", Type: schema.Int, Scale: 7}, {Name: "SystemModstamp", Type: schema.DateTime}}, false)
	if err != nil {
		t.Fatal(err)
	}
	want := Table{Object: "OpportunityLineItem", Name: "opportunitylineitem", Key: []string{"id"}, Columns: []Column{
		{"id", "Id", Text, 0, 18}, {"unitprice", "UnitPrice", Decimal, 2, 0}, {"count", "Count", Int, 0, 0},
		{"systemmodstamp", "SystemModstamp", Timestamp, 0, 0}}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if _, err := TableFor(o, []schema.Field{{Name: "_Catchment_At"}, {Name: "Id"}},
		false); plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
		t.Errorf("a field that is called as a column of ours: %v", err)
	}
	got, err = TableFor(o, []schema.Field{{Name: "FooBar"}, {Name: "Foo_Bar"}}, true)
	if names := ColumnNames(got); err != nil ||
		!reflect.DeepEqual(names, []string{"foo_bar", "foo_bar_" + Digest("Foo_Bar")}) {
		t.Errorf("%v, %v", names, err)
	}
}
