package appflow

import (
	"encoding/json"
	"testing"
)

func TestFields(t *testing.T) {
	for page, want := range map[string]string{
		"a,b\n1,2\n":                   `[["a","b"],["1","2"]]`,
		"\"a\",\"b\"\r\n\"1\r\n2\",\n": `[["a","b"],["1\r\n2",""]]`,
		"\"x\"\"y\",\"\"\"\"":          `[["x\"y","\""]]`,
		"a,":                           `[["a",""]]`,
		"":                             `null`,
	} {
		if got, _ := json.Marshal(fields(page)); string(got) != want {
			t.Errorf("%q: %s, want %s", page, got, want)
		}
	}
}
