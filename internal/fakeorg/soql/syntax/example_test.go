package syntax_test

import (
	"fmt"

	"catchment/internal/fakeorg/soql/syntax"
)

// A statement becomes a tree, and is printed in one canonical way.
func Example() {
	q, err := syntax.Parse("select id, (select id from contacts) from account a where not (a.name like 'x%')")
	fmt.Println(q, err)
	fmt.Println(q.From.Name, q.From.Alias, len(q.Select), q.Limit)
	_, err = syntax.Parse("select id from")
	fmt.Printf("%q\n", err)
	// Output:
	// SELECT id, (SELECT id FROM contacts) FROM account a WHERE NOT a.name LIKE 'x%' <nil>
	// account a 2 -1
	// "MALFORMED_QUERY: \nselect id from\n              ^\nERROR at Row:1:Column:15\nunexpected token: '<EOF>'"
}
