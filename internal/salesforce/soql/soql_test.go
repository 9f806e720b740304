package soql_test

import (
	"testing"
	"time"

	"catchment/internal/salesforce/soql"
)

func TestSelect(t *testing.T) {
	at := time.Date(2026, 1, 2, 4, 4, 5, 999, time.FixedZone("", 3600))
	tests := []struct {
		query soql.Select
		want  string
	}{
		{soql.Select{Fields: []string{"Id"}, From: "A"}, "SELECT Id FROM A"},
		{soql.Select{
			Fields: []string{"Id", "Owner.Name"}, From: "A",
			Where:   []soql.Condition{soql.Raw("a = 1 OR b = 2"), soql.Since("S", at), soql.Before("S", at)},
			OrderBy: "Id", Limit: 5,
		}, "SELECT Id, Owner.Name FROM A WHERE (a = 1 OR b = 2) AND S >= 2026-01-02T03:04:05Z AND S < " +
			"2026-01-02T03:04:05Z ORDER BY Id LIMIT 5"},
		{soql.Select{Fields: []string{"Id"}, From: "A",
			Where: []soql.Condition{soql.In("N", []string{`a'b\`, "x\r\ny"})}},
			`SELECT Id FROM A WHERE N IN ('a\'b\\','x\r\ny')`},
	}
	for _, tt := range tests {
		if got := tt.query.String(); got != tt.want {
			t.Errorf("%s, want %s", got, tt.want)
		}
	}
}
