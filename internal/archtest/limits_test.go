package archtest

import (
	_ "embed"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	// A type that can do more than this is several things with one name.
	methodsAtMost = 40
	// Whoever imports a package reads the list of its names once, from end to end.
	exportsAtMost = 40
	// The files of a folder are seen at a glance.
	filesAtMost = 25
	// Two files beside each other fit a screen.
	columnsAtMost = 120
	// What a tab counts for in a line.
	tabColumns = 4
)

//go:embed limits.txt
var overLimits string

// In a set of names each counts once, in however many files for different systems it is declared.
type set map[string]bool

// In a count, a type has its methods, a package its exported names or its files.
type count map[string]set

func (c count) add(to, name string) {
	if c[to] == nil {
		c[to] = set{}
	}
	c[to][name] = true
}

// exceeded yields what has more than the limit, in order.
func (c count) exceeded(limit int) []string {
	within := func(what string) bool { return len(c[what]) <= limit }
	return slices.DeleteFunc(slices.Sorted(maps.Keys(c)), within)
}

func TestPackagesAreSmall(t *testing.T) {
	methods, exports, files := count{}, count{}, count{}
	eachSource(t, func(file string, _ *token.FileSet, f *ast.File) {
		pkg := path.Dir(file)
		files.add(pkg, file)
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv != nil {
				methods.add(pkg+"."+receiver(fn), fn.Name.Name)
				continue
			}
			for _, name := range declares(d) {
				if name.IsExported() {
					exports.add(pkg, name.Name)
				}
			}
		}
	})
	excused := readExcuses(t, "limits.txt", overLimits)
	for _, typ := range methods.exceeded(methodsAtMost) {
		pkg := strings.TrimSuffix(typ, path.Ext(typ))
		if !excused.covers(pkg) {
			t.Errorf("%s has %d methods, the limit is %d", typ, len(methods[typ]), methodsAtMost)
		}
	}
	for _, pkg := range exports.exceeded(exportsAtMost) {
		if !excused.covers(pkg) {
			t.Errorf("%s exports %d names, the limit is %d", pkg, len(exports[pkg]), exportsAtMost)
		}
	}
	for _, pkg := range files.exceeded(filesAtMost) {
		if !excused.covers(pkg) {
			t.Errorf("%s has %d files, the limit is %d", pkg, len(files[pkg]), filesAtMost)
		}
	}
	excused.failUnneeded(t)
}

// receiver is the name of the type that has the method.
func receiver(method *ast.FuncDecl) string {
	typ := method.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.StarExpr:
			typ = t.X
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		default:
			return typ.(*ast.Ident).Name
		}
	}
}

// declares yields the names that d gives its package; a method is its type's.
func declares(d ast.Decl) (names []*ast.Ident) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			names = append(names, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, spec.Name)
			case *ast.ValueSpec:
				names = append(names, spec.Names...)
			}
		}
	}
	return names
}

func TestLinesFitTheScreen(t *testing.T) {
	root := "../.."
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && file != root && (d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".")):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(file, ".go") || generated(file):
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		inRaw, err := rawLines(text)
		if err != nil {
			return err
		}
		n := 0
		for line := range strings.Lines(string(text)) {
			n++
			if width := columns(line); width > columnsAtMost && !inRaw[n] {
				file := strings.TrimPrefix(filepath.ToSlash(file), root+"/")
				t.Errorf("%s:%d is %d columns wide, the limit is %d", file, n, width, columnsAtMost)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func columns(line string) int {
	line = strings.TrimRight(line, "\r\n")
	return utf8.RuneCountInString(line) + strings.Count(line, "\t")*(tabColumns-1)
}

// rawLines are the lines whose text begins inside of a raw string or with one:
// that's data, which can't be broken without a change of what it says.
func rawLines(text []byte) (map[int]bool, error) {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	in := map[int]bool{}
	ast.Inspect(f, func(n ast.Node) bool {
		lit, ok := n.(*ast.BasicLit)
		if !ok || !strings.HasPrefix(lit.Value, "`") {
			return true
		}
		start, end := fset.Position(lit.Pos()), fset.Position(lit.End())
		before := text[start.Offset-(start.Column-1) : start.Offset]
		if strings.TrimSpace(string(before)) == "" {
			in[start.Line] = true
		}
		for line := start.Line + 1; line <= end.Line; line++ {
			in[line] = true
		}
		return true
	})
	return in, nil
}
