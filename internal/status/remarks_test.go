package status

import (
	"fmt"
	"strings"
	"testing"
)

// What is true of several objects is said once, with their number and the first of them.
func TestRemarks(t *testing.T) {
	t.Parallel()
	var all remarks
	for n := range 71 {
		name := fmt.Sprintf("Object%d__c", n)
		all.add(name, "error: ", name+": no calls left", "wait")
	}
	all.add("Account", "note: ", "one", "")
	all.add("Account", "note: ", "one", "") // twice of the same object is once
	all.add("Account", "note: ", "two", "")
	all.add("Contact", "note: ", "two", "")
	all.add("Contact", "note: ", "two", "another hint makes another remark")
	var text Text
	text.remark(all)
	var got strings.Builder
	for _, p := range text {
		got.WriteString(p.Text)
	}
	want := `71 objects: error: no calls left (Object0__c, Object1__c, Object2__c and 68 more)
71 objects: hint: wait
Account: note: one
2 objects: note: two (Account and Contact)
Contact: note: two
Contact: hint: another hint makes another remark
`
	if got.String() != want {
		t.Errorf("it is\n%swant\n%s", got.String(), want)
	}
}
