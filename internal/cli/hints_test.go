package cli

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/flow"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/status"
)

// A told hint is one that the source of the program has, and where.
type told struct {
	at   string // file and line
	text string // what isn't constant is "…" in it
}

// blank stands in a hint for what only a run knows.
const blank = "…"

// hints collects what the program's source says that a user can do: the hint of each
// plan.Fixf and plan.Failf, of each Failure, and the hints of the tables of failures.
func hints(t *testing.T) []told {
	t.Helper()
	var all []told
	for _, root := range []string{"../../internal", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			switch {
			case err != nil || !d.IsDir():
				return err
			case strings.HasPrefix(d.Name(), "fake"), d.Name() == "hostile", d.Name() == "testdata":
				return fs.SkipDir
			}
			all = append(all, hintsOf(t, path)...)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// hintsOf collects them of one folder.
func hintsOf(t *testing.T, folder string) (all []told) {
	t.Helper()
	files := token.NewFileSet()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var parsed []*ast.File
	known := wordings{}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(files, filepath.Join(folder, e.Name()), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, f)
		constants(f, known)
	}
	for _, f := range parsed {
		ast.Inspect(f, func(n ast.Node) bool {
			if hint := hintIn(n); hint != nil {
				if text := textOf(hint, known); strings.Trim(text, blank) != "" {
					all = append(all, told{files.Position(n.Pos()).String(), text})
				}
			}
			return true
		})
	}
	return all
}

// wordings are the texts that constants are, by their names; functions have some of one name.
type wordings map[string][]constant

type constant struct {
	at   token.Pos
	text string
}

// of is the constant of a name that was declared last before a place of its file, else the
// first of its package.
func (n wordings) of(name string, at token.Pos) (string, bool) {
	all := n[name]
	if len(all) == 0 {
		return "", false
	}
	found := all[0]
	for _, c := range all {
		if c.at < at && c.at > found.at {
			found = c
		}
	}
	return found.text, true
}

// constants adds those of a file.
func constants(f *ast.File, into wordings) {
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if ok && len(spec.Names) == len(spec.Values) {
			for i, name := range spec.Names {
				if text := textOf(spec.Values[i], into); text != blank {
					into[name.Name] = append(into[name.Name], constant{name.Pos(), text})
				}
			}
		}
		return true
	})
}

// hintIn gives the expression that is the hint of a node, if it has one.
func hintIn(n ast.Node) ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		f, ok := n.Fun.(*ast.SelectorExpr)
		if ok && f.Sel.Name == "warn" && len(n.Args) == 3 { // a finding of check
			return n.Args[2]
		}
		if pkg, is := fromPlan(f); !ok || !is || pkg != "plan" {
			return nil
		}
		switch {
		case f.Sel.Name == "Fixf" && len(n.Args) > 0:
			return n.Args[0]
		case f.Sel.Name == "Failf" && len(n.Args) > 1:
			return n.Args[1]
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Hint" {
			return n.Value
		}
	case *ast.CompositeLit: // verdict{plan.Fix, false, "..."}
		for i, e := range n.Elts {
			if isClass(e) && i == 0 && len(n.Elts) > 1 {
				return hintAmong(n.Elts[1:])
			}
		}
	case *ast.ReturnStmt: // return plan.Fix, "..."
		if len(n.Results) > 1 && isClass(n.Results[0]) {
			return hintAmong(n.Results[1:])
		}
	case *ast.AssignStmt: // class, hint = plan.Fix, "..."
		if len(n.Rhs) > 1 && isClass(n.Rhs[0]) {
			return hintAmong(n.Rhs[1:])
		}
	}
	return nil
}

// hintAmong is the first that is a text, or made of one.
func hintAmong(list []ast.Expr) ast.Expr {
	for _, e := range list {
		switch e := e.(type) {
		case *ast.BasicLit, *ast.BinaryExpr:
			return e
		case *ast.Ident:
			if e.Name != "false" && e.Name != "true" && e.Name != "nil" {
				return e
			}
		}
	}
	return nil
}

func fromPlan(f *ast.SelectorExpr) (string, bool) {
	if f == nil {
		return "", false
	}
	x, ok := f.X.(*ast.Ident)
	if !ok {
		return "", false
	}
	return x.Name, true
}

func isClass(e ast.Expr) bool {
	f, ok := e.(*ast.SelectorExpr)
	if pkg, is := fromPlan(f); !ok || !is || pkg != "plan" {
		return false
	}
	switch f.Sel.Name {
	case "Retry", "Wait", "Fix", "Full", "Bug":
		return true
	}
	return false
}

// textOf is the text of an expression, with blank for what isn't constant.
func textOf(e ast.Expr, known wordings) string {
	switch e := e.(type) {
	case *ast.BasicLit:
		if text, err := strconv.Unquote(e.Value); err == nil && e.Kind == token.STRING {
			return text
		}
	case *ast.BinaryExpr:
		return textOf(e.X, known) + textOf(e.Y, known)
	case *ast.ParenExpr:
		return textOf(e.X, known)
	case *ast.Ident:
		if text, ok := known.of(e.Name, e.Pos()); ok {
			return text
		}
	}
	return blank
}

var (
	commandRE = regexp.MustCompile("catchment (--)?[a-z][a-z-]*( [a-z][a-z-]*)?")
	flagRE    = regexp.MustCompile(`--[a-z][a-z-]*`)
	keyRE     = regexp.MustCompile(`\b(org|warehouse|stage|control|limits|defaults|appflow|movers|files)` +
		`\.([a-z_]+(\.[a-z_]+)?)`)
	sectionRE = regexp.MustCompile("`([a-z_]+)(: [^`]*)?`" +
		`|\b(mover|naming|rejects|nul|window|deletes|invalid|exclude_objects|grant_to|rename|instance_hosts): `)
)

// prose are the words behind the name of the program where that is no command but the program.
var prose = []string{"that", "doesn", "has"}

// elsewhere are the programs of others whose flags hints name.
var elsewhere = regexp.MustCompile(`\b(aws|openssl|psql|createdb|npm|sf) [a-z]`)

// commands are those of the program.
func commands() *cobra.Command {
	p := Program{Stdout: io.Discard, Stderr: io.Discard}
	return (&session{Program: p, voice: newVoice(p)}).root()
}

// Every message that ends a command says what to do next, by a command, a flag or a key that
// exists. The table of errors is the source: each hint that stands in it is looked at.
func TestHintsNameWhatExists(t *testing.T) {
	t.Parallel()
	root := commands()
	all := hints(t)
	if len(all) < 300 {
		t.Fatalf("%d hints: the source has more", len(all))
	}
	for _, h := range all {
		whole := printed(plan.Fix, h.text, "catchment run")
		if !handle.MatchString(whole) {
			t.Errorf("%s: %q names nothing that a user can take hold of", h.at, whole)
		}
		for _, what := range unknown(root, whole) {
			t.Errorf("%s: %q names %s, which there isn't", h.at, whole, what)
		}
	}
}

// printed is what a user sees below an error.
func printed(class plan.Class, hint, command string) string {
	f := notice.Failure{Error: "x", Class: string(class), Hint: hint, Then: after(class, hint, command)}
	var out, talk strings.Builder
	_ = status.Printer{Results: &out, Talk: &talk}.PrintText(f)
	_, below, _ := strings.Cut(talk.String(), "hint: ")
	return below
}

// What has no hint of its own is told the advice of its class, which names something, too.
func TestAdviceNamesWhatExists(t *testing.T) {
	t.Parallel()
	root := commands()
	for _, err := range []error{
		plan.Failf(plan.Retry, "", "x"), plan.Failf(plan.Wait, "", "x"), plan.Failf(plan.Fix, "", "x"),
		plan.Failf(plan.Full, "", "x"), plan.Failf(plan.Bug, "", "x"), plan.Strangef("x"), errors.New("x"),
		&plan.Failure{Class: plan.Wait, Until: time.Now(), Err: errors.New("x")}, context.Canceled,
		syscall.ENOSPC, context.DeadlineExceeded,
	} {
		for _, command := range []string{"catchment run", "catchment flows push"} {
			whole := printed(plan.ClassOf(err), plan.AdviceOf(err), command)
			if unknown := unknown(root, whole); !handle.MatchString(whole) || len(unknown) > 0 {
				t.Errorf("%v (%s): %q; there isn't %q", err, plan.ClassOf(err), whole, unknown)
			}
		}
	}
}

// The walk finds what it is there for.
func TestUnknownIsFound(t *testing.T) {
	t.Parallel()
	root := commands()
	for hint, want := range map[string]string{
		"do it with: catchment sync":                "the command catchment sync",
		"type: catchment flows pusch --file X":      "the command catchment flows pusch",
		"catchment run --fuller Contact":            "the flag --fuller",
		"lower limits.flow":                         "the key limits.flow",
		"set org.login.clientid":                    "the key org.login.clientid",
		"write `colour: red`":                       "the key colour",
		"catchment run --full; lower limits.flows":  "",
		"catchment verify --repair, `mover: bulk`":  "",
		"set `grant_to`, or org.login.client_id":    "",
		"use the catchment that wrote it":           "",
		"see: catchment --help":                     "",
		"aws redshift resume-cluster --cluster X":   "",
		"catchment flows push --file X --config Y":  "",
		"correct it, and type catchment init again": "",
	} {
		if got := strings.Join(unknown(root, hint), ", "); got != want {
			t.Errorf("%q: %q, want %q", hint, got, want)
		}
	}
}

// unknown lists what a hint names and isn't there.
func unknown(root *cobra.Command, hint string) (all []string) {
	for _, mention := range commandRE.FindAllString(hint, -1) {
		words := strings.Fields(mention)[1:]
		if slices.Contains(prose, words[0]) || strings.HasPrefix(words[0], "--") {
			continue
		}
		cmd, rest, err := root.Find(words)
		if err != nil || cmd == root || cmd.HasSubCommands() && len(rest) > 0 {
			all = append(all, "the command "+mention)
		}
	}
	if !elsewhere.MatchString(hint) {
		for _, flag := range flagRE.FindAllString(hint, -1) {
			if !hasFlag(root, strings.TrimPrefix(flag, "--")) {
				all = append(all, "the flag "+flag)
			}
		}
	}
	for _, m := range keyRE.FindAllStringSubmatch(hint, -1) {
		if !strings.HasSuffix(m[0], ".md") && !hasKey(m[0]) {
			all = append(all, "the key "+m[0])
		}
	}
	for _, m := range sectionRE.FindAllStringSubmatch(hint, -1) {
		name := m[1] + m[3]
		if !hasKey(name) && !hasKey("warehouse."+name) && !hasKey("org."+name) && !hasKey("flows."+name) {
			all = append(all, "the key "+name)
		}
	}
	return all
}

// hasFlag tells whether a command has a flag.
func hasFlag(cmd *cobra.Command, name string) bool {
	if name == "help" || cmd.Flags().Lookup(name) != nil || cmd.PersistentFlags().Lookup(name) != nil {
		return true
	}
	return slices.ContainsFunc(cmd.Commands(), func(c *cobra.Command) bool { return hasFlag(c, name) })
}

// hasKey tells whether a configuration may have a key, by asking what reads one.
func hasKey(path string) bool {
	text, indent := "version: 1\n", ""
	for part := range strings.SplitSeq(path, ".") {
		text += indent + part + ":\n"
		indent += "  "
		if part == "flows" {
			text += "  -\n"
			indent += "  "
		}
	}
	_, err := flow.Parse("x.yaml", []byte(strings.TrimSuffix(text, "\n")+" {}\n"), flow.Warehouses{Local: "duckdb:x"})
	return err != nil && !strings.Contains(err.Error(), " is not one of ")
}
