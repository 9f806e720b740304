package schema

import (
	"strings"
	"testing"
)

func TestIsName(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"Account": true, "npe01__OppPayment__c": true, "Product2": true, "on": true,
		"": false, "2Product": false, "_x": false, "a b": false, "a: b": false, "Account\n": false,
		"Konto\u00e4":   false,
		"Acc\u200bount": false, "a.b": false, "*": false,
		strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
	} {
		if IsName(text) != want {
			t.Errorf("%q is a name: %v", text, !want)
		}
	}
}
