package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A mover declares what it can do, and is chosen by that. Its name, and the words
// that stand in the place of one, are compared nowhere: a new mover would be
// forgotten there.
func TestMoversAreToldApartByTraits(t *testing.T) {
	const home = "replicate/reading/kind.go" // has the words that are no mover's name
	eachSource(t, func(path string, fset *token.FileSet, f *ast.File) {
		if path == home || !strings.HasPrefix(path, "replicate/") && !strings.HasPrefix(path, "verify/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			word, err := strconv.Unquote(lit.Value)
			if err == nil && slices.Contains([]string{"bulk", "rest", "appflow", "none", "finding"}, word) {
				line := fset.Position(lit.Pos()).Line
				t.Errorf("%s:%d says %q; ask mover.Traits, or a Kind of reading", path, line, word)
			}
			return true
		})
	})
}
