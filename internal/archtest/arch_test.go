package archtest

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const module = "catchment/internal/"

//go:embed layers.txt
var layers string

// A listed package is one that `go list` knows.
type listed struct {
	ImportPath string
	Imports    []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", "./internal/...", "./cmd/...")
	cmd.Dir = "../.."
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// lines yields layers.txt as package and allowed imports, in its order.
func lines() (names []string, may map[string][]string) {
	may = map[string][]string{}
	for line := range strings.Lines(layers) {
		line, _, _ = strings.Cut(line, "#")
		if name, deps, ok := strings.Cut(line, ":"); ok {
			name = strings.TrimSpace(name)
			names = append(names, name)
			may[name] = strings.Fields(deps)
		}
	}
	return names, may
}

func TestImportsFollowLayers(t *testing.T) {
	_, may := lines()
	seen := map[string]bool{}
	for _, p := range packages(t) {
		name, ours := strings.CutPrefix(p.ImportPath, module)
		if !ours {
			continue
		}
		seen[name] = true
		allowed, ok := may[name]
		if !ok {
			t.Errorf("%s: give it a line in layers.txt", name)
		}
		for _, im := range p.Imports {
			if dep, ours := strings.CutPrefix(im, module); ours && !slices.Contains(allowed, dep) {
				t.Errorf("%s imports %s: layers.txt does not say so", name, dep)
			}
		}
	}
	for name := range may {
		if !seen[name] {
			t.Errorf("layers.txt names %s, which is no package", name)
		}
	}
}

var ofEvents = regexp.MustCompile(`^google\.golang\.org/(grpc|protobuf)\b|/avro\b`)

// The Lambda is small and starts fast: it has no C in it, and nothing that
// only a machine of one's own needs. Events are followed by such a machine: gRPC and Avro are in the Lambda as far as
// the library of lakes brings them along, and nothing of ours there imports them.
func TestLambdaIsLight(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "-tags", "lambda.norpc", "-f",
		`{{.ImportPath}} {{.Standard}} {{len .CgoFiles}};{{join .Imports " "}}`, "./cmd/catchment-lambda")
	cmd.Dir, cmd.Stderr = "../..", os.Stderr
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(out)) {
		line, imports, _ := strings.Cut(strings.TrimSpace(line), ";")
		name, rest, _ := strings.Cut(line, " ")
		if rest != "true 0" && rest != "false 0" {
			t.Errorf("catchment-lambda needs cgo for %s", name)
		}
		for _, heavy := range []string{"duckdb", "sqlite", "internal/fakeorg", "internal/fakeaws",
			"catchment/internal/cli", "catchment/internal/eventbus", "cobra", "hashicorp/hcl", "net/rpc", "/testing"} {
			if strings.Contains(name, heavy) {
				t.Errorf("catchment-lambda depends on %s", name)
			}
		}
		for im := range strings.FieldsSeq(imports) {
			if strings.HasPrefix(name, "catchment/") && ofEvents.MatchString(im) {
				t.Errorf("catchment-lambda depends on %s, which imports %s", name, im)
			}
		}
	}
}

// A rig is for tests: no package that is built into a program imports it, or one of its rooms.
func TestOnlyTestsImportTheRig(t *testing.T) {
	for _, p := range packages(t) {
		if strings.HasPrefix(p.ImportPath, module+"rig/") {
			continue
		}
		if slices.ContainsFunc(p.Imports, func(name string) bool {
			return name == module+"rig" || strings.HasPrefix(name, module+"rig/")
		}) {
			t.Errorf("%s imports rig, which is for tests", p.ImportPath)
		}
	}
}

// Only cmd names a driver, and a driver knows no noun but its parent. (So does
// the rig, with its rooms, which is what cmd is to a program.) A room is no driver but a part of
// its noun: whoever knows that may name it.
func TestDriversMeetInTheirParent(t *testing.T) {
	_, may := lines()
	words := []string{"body", "plan", "platform", "plural", "printable", "schema", "page", "awserr", "eventbus",
		"golden", "merger", "upkeep", "waiting"}
	rooms := []string{"archive/approval", "archive/closure", "archive/evidence", "archive/forecast", "archive/manifest",
		"archive/planning", "archive/rehydrate", "archive/removal", "archive/report", "archive/restored",
		"cli/archiving", "cli/listening", "cli/maintaining", "cli/streaming",
		"control/files", "control/recall", "control/verified", "control/versioned", "control/wanted",
		"files/export", "files/holdings", "files/list", "files/report", "files/retry", "files/tidy",
		"salesforce/fault", "salesforce/login", "salesforce/pubsub", "salesforce/pubsub/change",
		"salesforce/soql", "salesforce/write", "salesforce/write/refusal",
		"warehouse/adoption", "warehouse/archived", "warehouse/bodies", "warehouse/claim", "warehouse/evidence",
		"warehouse/gone", "warehouse/handed", "warehouse/maintained", "warehouse/many", "warehouse/query",
		"warehouse/reach", "warehouse/refusals", "warehouse/room", "warehouse/shape", "warehouse/streamed",
		"warehouse/touched"}
	maps.DeleteFunc(may, func(name string, _ []string) bool { return name == "rig" || strings.HasPrefix(name, "rig/") })
	for name, deps := range may {
		parent, _, isDriver := strings.Cut(name, "/")
		isVerb := slices.Contains([]string{"archive", "cli", "files", "replicate"}, parent) // its rooms are its parts
		isDriver = isDriver && !isVerb
		for _, dep := range deps {
			depParent, _, onDriver := strings.Cut(dep, "/")
			if onDriver && depParent != name && depParent != parent && !slices.Contains(rooms, dep) {
				t.Errorf("%s may import the driver %s: only cmd does", name, dep)
			}
			if isDriver && parent != "mover" && depParent != parent && !slices.Contains(words, dep) {
				t.Errorf("%s may import %s: a driver knows its parent and words", name, dep)
			}
		}
	}
}

// The budget is a smoke alarm, not a law: what is longer for a reason stands
// in oversize.txt with that reason.
const maxFile, maxFunc, maxParams, maxMethods = 400, 60, 5, 7

//go:embed oversize.txt
var oversize string

func TestSizesWithinBudget(t *testing.T) {
	excused := readExcuses(t, "oversize.txt", oversize)
	over := func(what string, got, limit int) {
		if got > limit && !excused.covers(what) {
			t.Errorf("%s is %d, the budget is %d", what, got, limit)
		}
	}
	eachSource(t, func(path string, fset *token.FileSet, f *ast.File) {
		lines := func(n ast.Node) int { return fset.Position(n.End()).Line - fset.Position(n.Pos()).Line + 1 }
		over(path+" lines", lines(f), maxFile)
		ast.Inspect(f, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncDecl:
				over(path+" "+n.Name.Name+" lines", lines(n), maxFunc)
				over(path+" "+n.Name.Name+" parameters", n.Type.Params.NumFields(), maxParams)
			case *ast.TypeSpec:
				if it, ok := n.Type.(*ast.InterfaceType); ok {
					over(path+" "+n.Name.Name+" methods", it.Methods.NumFields(), maxMethods)
				}
			}
			return true
		})
	})
	excused.failUnneeded(t)
}

// Rooms without a subject fill up with anything.
func TestPackagesAreNamedAfterTheirSubject(t *testing.T) {
	for _, p := range packages(t) {
		for part := range strings.SplitSeq(p.ImportPath, "/") {
			if slices.Contains([]string{"util", "utils", "common", "core", "base", "types", "model", "pkg", "helpers"},
				part) {
				t.Errorf("%s: name it after what it is about", p.ImportPath)
			}
		}
	}
}

// Wiring is explicit: nothing runs before main.
func TestNothingRunsBeforeMain(t *testing.T) {
	eachSource(t, func(path string, _ *token.FileSet, f *ast.File) {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == "init" && fn.Recv == nil {
				t.Errorf("%s has an init function", path)
			}
		}
	})
}

// What a command says is a struct with a name for each thing in it, so that text,
// JSON and whatever else shows it are made of one value. A map of anything is how
// that was lost before: nobody can tell what is in it, and each form adds its own.
func TestReportsAreStructs(t *testing.T) {
	eachSource(t, func(path string, fset *token.FileSet, f *ast.File) {
		if dir, _, _ := strings.Cut(path, "/"); !slices.Contains([]string{"cli", "status", "notice"}, dir) {
			return
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if m, ok := n.(*ast.MapType); ok && isAny(m.Value) {
				t.Errorf("%s:%d has a map of anything; make it a struct in internal/status or internal/notice", path,
					fset.Position(m.Pos()).Line)
			}
			return true
		})
	})
}

func isAny(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name == "any"
	case *ast.InterfaceType:
		return e.Methods.NumFields() == 0
	}
	return false
}

// "sync" is a package of Go, not a word of ours: a run copies, loads and
// consolidates, and each of these has its own name.
func TestGlossaryWords(t *testing.T) {
	for _, dir := range []string{"..", "../../docs", "../../README.md", "../../ARCHITECTURE.md",
		"../../CONTRIBUTING.md"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".md") {
				return err
			}
			f, err := os.Open(path)
			if err != nil {
				return err
			}
			defer f.Close()
			for n, scan := 1, bufio.NewScanner(f); scan.Scan(); n++ {
				if words := strings.Fields(strings.ToLower(scan.Text())); slices.Contains(words, "sync") ||
					slices.Contains(words, "syncs") {
					t.Errorf("%s:%d says sync; say which: copy, load or consolidate", path, n)
				}
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}
}

var testName = regexp.MustCompile("`(Test\\w+)`")

// tests are the names of all tests that there are.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	written := map[string]bool{}
	declared := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range declared.FindAllSubmatch(text, -1) {
				written[string(m[1])] = true
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return written
}

// docs/invariants.md names the tests that prove each promise, docs/failures.md
// those that inject each fault, docs/security.md those that try to break in.
func TestInvariantsNameTheirTests(t *testing.T) {
	written := tests(t)
	for _, path := range []string{"docs/invariants.md", "docs/failures.md", "docs/security.md"} {
		page, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllSubmatch(page, -1) {
			if name := string(m[1]); !written[name] {
				t.Errorf("%s names %s, which is no test", path, name)
			}
		}
	}
}

// generated says whether a program wrote the file, as the name tells that its generator gives. Nobody reads such a file
// from end to end or changes it, so no limit that is for readers holds there; what it is made of does: see
// TestImportsFollowLayers and TestLambdaIsLight.
func generated(path string) bool { return strings.HasSuffix(path, ".pb.go") }

func eachSource(t *testing.T, visit func(path string, fset *token.FileSet, f *ast.File)) {
	t.Helper()
	fset := token.NewFileSet()
	for _, root := range []string{"..", "../../cmd"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") ||
				generated(path) {
				return err
			}
			f, err := parser.ParseFile(fset, path, nil, parser.SkipObjectResolution)
			if err != nil {
				return err
			}
			visit(strings.TrimLeft(path, "./"), fset, f)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Threads in which users of other extractors report what they suffered. Each has
// its line in docs/pains.md.
const threads = `airbyte#27146 estuary/connectors#2678 airbyte#42537 supaglue#532 airbyte#27048 airbyte#37528
	move-coop/parsons#355
	airbyte#34082 airbyte#44845 airbyte#77627 estuary/connectors#3493 ingestr#1011 heroku/roadmap#319 estuary/connectors#3414
	airbyte#20703 CometD.NetCore.Salesforce#20 airbyte#14441 estuary/connectors#5218
	airbyte#40680 airbyte#25350 airbyte#15950 airbyte#8300 RForcecom#59 tap-salesforce#67 airbyte#11695 airbyte#17503 airbyte#17148
	tap-salesforce#222 airbyte#8690 estuary/connectors#3318
	lfx#2195 jsforce#1061 camel#17153 camel#18396 wso2/micro-integrator#4768 redpanda-data/connect#4689
	pozil/pub-sub-api-node-client#8 pozil/pub-sub-api-node-client#34 pozil/pub-sub-api-node-client#36
	pozil/pub-sub-api-node-client#50 pozil/pub-sub-api-node-client#59 forcedotcom/pub-sub-api#25
	forcedotcom/pub-sub-api#28 forcedotcom/pub-sub-api#31 amp-labs#2996 salesforce-event-bus#6 mulesoft#1484`

// docs/pains.md has a test for every thread, and names every such test.
func TestThreadsHaveTests(t *testing.T) {
	page, err := os.ReadFile("../../docs/pains.md")
	if err != nil {
		t.Fatal(err)
	}
	written, named := tests(t), map[string]bool{}
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(strings.Trim(line, "|\n "), " | ")
		if !strings.HasPrefix(line, "| ") || cells[0] == "thread" {
			continue
		}
		names := testName.FindAllStringSubmatch(cells[len(cells)-1], -1)
		if len(cells) != 3 || len(names) == 0 {
			t.Errorf("docs/pains.md names no test for %s", cells[0])
		}
		for _, m := range names {
			if named[m[1]] = true; !written[m[1]] {
				t.Errorf("docs/pains.md names %s, which is no test", m[1])
			}
		}
	}
	for name := range written {
		if strings.HasPrefix(name, "TestPain") && !named[name] {
			t.Errorf("docs/pains.md has no line for %s", name)
		}
	}
	for _, thread := range strings.Fields(threads) {
		if !regexp.MustCompile(regexp.QuoteMeta(thread) + `\b`).Match(page) {
			t.Errorf("docs/pains.md has no line for %s", thread)
		}
	}
}
