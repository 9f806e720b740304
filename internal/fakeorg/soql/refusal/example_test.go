package refusal_test

import (
	"fmt"

	"catchment/internal/fakeorg/soql/refusal"
)

// A refusal shows where in the statement the trouble is.
func Example() {
	err := refusal.At("SELECT Id\nFROM Acount", 15, refusal.InvalidType, "no object '%s'", "Acount")
	fmt.Println(err.Code, err.Row, err.Column)
	fmt.Println(err.Message[1:])
	fmt.Println(refusal.New(refusal.MalformedQuery, "nothing to read"))
	// Output:
	// INVALID_TYPE 2 6
	// FROM Acount
	//      ^
	// ERROR at Row:2:Column:6
	// no object 'Acount'
	// MALFORMED_QUERY: nothing to read
}
