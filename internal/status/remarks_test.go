package status

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// What is true of several objects is said once, with their number and the first of them.
func TestRemarks(t *testing.T) {
	t.Parallel()
	var all remarks
	for n := range 71 {
		name := fmt.Sprintf("Object%d__c", n)
		all.trouble(name, name+": no calls left", "wait")
	}
	all.trouble("Account", "", "nothing went wrong")
	all.say("Account", "%d", 1)
	all.say("Account", "%d", 1) // twice of the same object is once
	all.say("Account", "two")
	all.say("Contact", "two")
	all.doubt("Contact", Doubt{Why: "two", Hint: "look"})
	var text Text
	text.remark(all)
	var got strings.Builder
	for _, p := range text {
		got.WriteString(p.Text)
	}
	want := `71 objects: error: no calls left (Object0__c, Object1__c, Object2__c and 68 more)
71 objects: hint: wait
Account: 1
2 objects: two (Account and Contact)
Contact: not proven, since -: two
Contact: hint: look
`
	if got.String() != want {
		t.Errorf("it is\n%swant\n%s", got.String(), want)
	}
	for n, p := range text[:71] { // a log has an entry for each
		e := p.Entry
		if e.Level != slog.LevelError || e.Message != "no calls left" || e.Flow != fmt.Sprintf("Object%d__c", n) {
			t.Errorf("a log says %+v", e)
		}
	}
}
