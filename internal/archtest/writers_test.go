package archtest

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"testing"
)

// Only the archive writes to Salesforce. Whoever else would, a look at layers.txt isn't enough to notice: the
// way that the client gives to package write has to be closed to all others, too.
func TestOnlyTheArchiveWrites(t *testing.T) {
	const write = "salesforce/write"
	for _, p := range packages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		if name != "archive" && !strings.HasPrefix(name, "archive/") && slices.Contains(p.Imports, module+write) {
			t.Errorf("%s imports %s: only archive may", name, write)
		}
	}
	eachSource(t, func(path string, fset *token.FileSet, f *ast.File) {
		if strings.HasPrefix(path, write+"/") {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if s, ok := n.(*ast.SelectorExpr); ok && s.Sel.Name == "Writing" {
				t.Errorf("%s:%d asks for the way of what writes: only %s may", path, fset.Position(s.Pos()).Line, write)
			}
			return true
		})
	})
}
