package archived

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"

	"catchment/internal/warehouse/shape"
)

// Digest is the digest of a row: SHA-256 of a line for each column, in order of their names, of
// the name and the text or null, as a JSON array.
func Digest(columns []shape.Column, row Row) string {
	order := make([]int, len(columns))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(i, j int) int {
		return strings.Compare(columns[i].Name, columns[j].Name)
	})
	hash := sha256.New()
	lines := json.NewEncoder(hash)
	lines.SetEscapeHTML(false)
	for _, i := range order {
		var text *string
		if i < len(row.Values) {
			text = row.Values[i]
		}
		_ = lines.Encode([2]any{columns[i].Name, text}) // of texts, into a hash: it can't fail
	}
	return hex.EncodeToString(hash.Sum(nil))
}
