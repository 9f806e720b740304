package archived

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"catchment/internal/warehouse/shape"
)

// Anybody can make the digest of a row: a line for each column, in order of their names.
func TestDigestOfARow(t *testing.T) {
	columns := []shape.Column{{Name: "name"}, {Name: "id"}, {Name: "amount__c"}}
	text, id := "a \"quoted\" <text>\r\nof two lines", "001000000000001AAA"
	sum := sha256.Sum256([]byte(`["amount__c",null]` + "\n" + `["id","001000000000001AAA"]` + "\n" +
		`["name","a \"quoted\" <text>\r\nof two lines"]` + "\n"))
	want := hex.EncodeToString(sum[:])
	if got := Digest(columns, Row{ID: id, Values: []*string{&text, &id, nil}}); got != want {
		t.Errorf("%s, want %s", got, want)
	}
	empty := ""
	if got := Digest(columns, Row{ID: id, Values: []*string{&text, &id, &empty}}); got == want {
		t.Error("an empty text has the digest of none")
	}
}
