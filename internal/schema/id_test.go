package schema

import "testing"

func TestID18(t *testing.T) {
	for id, want := range map[string]string{
		"00D000000000001":    "00D000000000001EAA",
		"005R0000000UyrW":    "005R0000000UyrWIAS",
		"005R0000000UyrWIAS": "005R0000000UyrWIAS",
		"0015000000VALDt":    "0015000000VALDtAAP",
	} {
		if got, err := ID18(id); got != want || err != nil {
			t.Errorf("%s: %s, %v", id, got, err)
		}
	}
	if _, err := ID18("001"); err == nil {
		t.Error("three characters are an Id")
	}
}
