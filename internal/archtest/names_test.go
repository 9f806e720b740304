package archtest

import (
	_ "embed"
	"go/ast"
	"go/token"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

//go:embed names.txt
var excusedNames string

var warehouseName = regexp.MustCompile(`(?i)duckdb|postgres|redshift`)

// A kind of warehouse is named in its own folder and by cmd, which brings it. What
// stands in for one in tests may do so, too.
var namesWarehouses = regexp.MustCompile(`^(cmd|fakeaws|rig|warehouse/(duckdb|postgres|redshift|pgtest))/`)

// All other code asks what a warehouse can do, and not which it is: else a new kind
// would be forgotten there. That goes for identifiers and texts, and for comments,
// which say the trait that they are about.
func TestWarehousesAreToldApartByTraits(t *testing.T) {
	excused := readExcuses(t, "names.txt", excusedNames)
	eachSource(t, func(file string, fset *token.FileSet, f *ast.File) {
		if namesWarehouses.MatchString(file) {
			return
		}
		text, err := os.ReadFile(fset.Position(f.Package).Filename)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			name := warehouseName.FindString(line)
			if name != "" && !excused.covers(file) && !excused.covers(path.Dir(file)) {
				t.Errorf("%s:%d says %s: ask what the warehouse can do, and have cmd say which can", file, n, name)
			}
		}
	})
	excused.failUnneeded(t)
}
