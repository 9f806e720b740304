package soql

import (
	"fmt"
	"strings"
	"testing"

	"catchment/internal/fakeorg/soql/syntax"
)

// TestJoin gives semi-joins their sets by hand.
func TestJoin(t *testing.T) {
	set := Set{}
	set.Add("001000000000001AAA")
	set.Add("00100000000000a")
	set.Add("")
	for _, c := range []struct {
		op, id string
		want   bool
	}{
		{"IN", "001000000000001AAA", true},
		{"IN", "001000000000001", true},
		{"IN", "00100000000000aAAC", true},
		{"IN", "00100000000000AAAA", false},
		{"IN", "", false},
		{"NOT IN", "001000000000001AAA", false},
		{"NOT IN", "001000000000002AAA", true},
		{"NOT IN", "", true},
	} {
		b := mustBind(t, "SELECT Id FROM Account WHERE ParentId "+c.op+
			" (SELECT AccountId FROM Contact WHERE LastName = 'x') AND Id != null")
		if len(b.Inner) != 1 || b.Inner[0].Entity.Name != "Contact" || b.Inner[0].Columns[0].String() != "AccountId" {
			t.Fatalf("%+v", b.Inner)
		}
		r := mapRecord{"ParentId": c.id, "Id": "001000000000009AAA"}
		if got := b.Filter(noon(), set)(r); got != c.want {
			t.Errorf("%q %s the set: %v", c.id, c.op, got)
		}
	}
	two := mustBind(t, "SELECT Id FROM Account WHERE Id IN (SELECT AccountId FROM Contact) AND Id NOT IN (SELECT "+
		"AccountId FROM Case)")
	for id, want := range map[string]bool{"001000000000001AAA": false, "00100000000000bAAA": true} {
		other := Set{}
		other.Add("00100000000000b")
		if got := two.Filter(noon(), other, set)(mapRecord{"Id": id}); got != want {
			t.Errorf("%s: %v", id, got)
		}
	}
}

// TestHowMany keeps what may be nested, listed and grouped within bounds, and
// the parser out of statements of nothing but parentheses.
func TestHowMany(t *testing.T) {
	schema := newTestSchema()
	for n := range maxChildren + 1 {
		name := fmt.Sprintf("Child%d__c", n)
		schema[strings.ToLower(name)] = entity(name, "Id id", "AccountId reference Account>Account")
	}
	children := func(n int) (list string) {
		for name, e := range schema {
			if strings.HasPrefix(name, "child") && n > 0 {
				n--
				list += "(SELECT Id FROM " + e.Name + "s), "
			}
		}
		return strings.TrimSuffix(list, ", ")
	}
	var keys []string
	for _, f := range schema["opportunity"].Fields {
		if f.Groupable {
			keys = append(keys, f.Name)
		}
	}
	many := strings.TrimSuffix(strings.Repeat(strings.Join(keys, ", ")+", ", 5), ", ")
	for _, c := range []struct{ statement, want string }{
		{"SELECT " + children(20) + " FROM Account", ""},
		{"SELECT " + children(21) + " FROM Account", "no more than 20 parent-to-child relationships can be in a query"},
		{"SELECT COUNT(Id) FROM Opportunity GROUP BY " + many, "GROUP BY can take 32 fields at most"},
		{"SELECT " + strings.Repeat("(SELECT ", 5000), "unexpected token: '('"},
		{"SELECT Id FROM A WHERE " + strings.Repeat("Id IN (SELECT Id FROM A WHERE ", 3000), "unexpected token: '('"},
	} {
		q, err := syntax.Parse(c.statement)
		if err == nil {
			_, err = Bind(q, schema)
		}
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%.80s: got %v, want %q", c.statement, err, c.want)
		}
	}
}
