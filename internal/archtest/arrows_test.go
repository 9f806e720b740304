package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// upArrowsAtMost is, for a package, how many arrows between its files may point up.
// The rooms of warehouse had 14 to share.
var upArrowsAtMost = map[string]int{
	"replicate":                21,
	"verify":                   2,
	"warehouse":                0,
	"warehouse/shape":          0,
	"warehouse/gone":           0,
	"warehouse/sql":            8,
	"warehouse/sql/statements": 2,
	"warehouse/sql/dialect":    2,
}

// An arrow goes from a file to another of the same package that declares a name it uses.
type arrow struct{ from, to string }

// A package is read from the top: its doc comment says in which order of its files.
// An arrow that points up is a place where the reader meets what he was told to have
// behind him. (With -v the test says how many there are, and which.)
func TestArrowsPointDown(t *testing.T) {
	for pkg, limit := range upArrowsAtMost {
		t.Run(pkg, func(t *testing.T) {
			fset, files := sources(t, filepath.Join("..", pkg))
			order := statedOrder(files)
			if order == nil {
				t.Fatalf("the doc comment of %s has no line %q", pkg, "Files, from the top: a.go, b.go.")
			}
			if there := slices.Sorted(maps.Keys(files)); !slices.Equal(there, slices.Sorted(slices.Values(order))) {
				t.Fatalf("%s states an order of %q, its files are %q", pkg, order, there)
			}
			found := arrows(fset, files)
			up := 0
			var list strings.Builder
			for at, from := range order {
				for _, to := range order[:at] {
					if names := found[arrow{from, to}]; names != nil {
						up++
						slices.Sort(names)
						fmt.Fprintf(&list, "\n%s -> %s: %s", from, to, strings.Join(names, ", "))
					}
				}
			}
			t.Logf("%s: %d files, %d arrows down, %d up%s", pkg, len(files), len(found)-up, up, &list)
			if up > limit {
				t.Errorf("%d arrows of %s point up, the limit is %d", up, pkg, limit)
			}
		})
	}
}

// sources are the files of a package by name, tests apart.
func sources(t *testing.T, dir string) (*token.FileSet, map[string]*ast.File) {
	t.Helper()
	fset, files := token.NewFileSet(), map[string]*ast.File{}
	paths, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range paths {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, file, nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(file)] = f
	}
	return fset, files
}

var fromTheTop = regexp.MustCompile(`Files, from the top:\s+((?:[\w-]+\.go,\s+)*[\w-]+\.go)\.`)

// statedOrder is what the doc comment of a package says, nil where it says nothing.
func statedOrder(files map[string]*ast.File) []string {
	for _, f := range files {
		if m := fromTheTop.FindStringSubmatch(f.Doc.Text()); m != nil {
			return strings.Fields(strings.ReplaceAll(m[1], ",", " "))
		}
	}
	return nil
}

// A blind importer knows of a package only that there is one. That's quick and needs no build. What
// it loses is a method of a value that went through a generic function of another package.
type blind struct{}

func (blind) Import(of string) (*types.Package, error) {
	p := types.NewPackage(of, path.Base(of))
	p.MarkComplete()
	return p, nil
}

// arrows yields for each arrow the names that make it: functions, types, constants, variables and
// methods. A field is part of its type, and so is what an interface asks for.
func arrows(fset *token.FileSet, files map[string]*ast.File) map[arrow][]string {
	info := types.Info{Uses: map[*ast.Ident]types.Object{}}
	conf := types.Config{
		Importer: blind{},
		Error:    func(error) {}, // What other packages declare is unknown, and none of our business.
	}
	pkg, _ := conf.Check("", fset, slices.Collect(maps.Values(files)), &info)
	found := map[arrow][]string{}
	for id, obj := range info.Uses {
		fn, ok := obj.(*types.Func)
		if ok {
			obj = fn.Origin()
		}
		method := ok && fn.Signature().Recv() != nil && !types.IsInterface(fn.Signature().Recv().Type())
		if obj.Pkg() != pkg || obj.Parent() != pkg.Scope() && !method {
			continue
		}
		in := func(pos token.Pos) string { return filepath.Base(fset.Position(pos).Filename) }
		a := arrow{from: in(id.Pos()), to: in(obj.Pos())}
		if a.from != a.to && !slices.Contains(found[a], id.Name) {
			found[a] = append(found[a], id.Name)
		}
	}
	return found
}
