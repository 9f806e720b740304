package syntax

import (
	"strings"
	"testing"
)

// TestStatementAsAWhole keeps what SOQL demands of the text: not empty, UTF-8,
// of the sizes that it allows and no more.
func TestStatementAsAWhole(t *testing.T) {
	const head = "SELECT Id FROM Account WHERE Name = '"
	for _, c := range []struct {
		statement string
		want      string
	}{
		{"", "SOQL statements cannot be empty or null"},
		{" \n", "SOQL statements cannot be empty or null"},
		{head + "\xff'", "the statement is not valid UTF-8"},
		{"SELECT Id FROM Account" + strings.Repeat(" ", 100_000-22), ""},
		{"SELECT Id FROM Account" + strings.Repeat(" ", 100_001-22),
			"SOQL statements cannot be longer than 100000 characters."},
		{head + strings.Repeat("ü", 4000) + "'", ""},
		{head + strings.Repeat("ü", 4001) + "'", "string literal is longer than 4000 characters"},
		{"SELECT Id FROM Account WHERE " + strings.Repeat("(", 40_000) + "Id = null" + strings.Repeat(")", 40_000), ""},
		{"SELECT Id FROM Account WHERE " + strings.Repeat("(", 40_000), "unexpected token: '<EOF>'"},
	} {
		_, err := Parse(c.statement)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.HasSuffix(err.Error(), c.want)) {
			t.Errorf("%d bytes: got %v, want %q", len(c.statement), err, c.want)
		}
	}
}
