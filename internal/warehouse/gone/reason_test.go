package gone

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"catchment/internal/warehouse/sql/own"
)

// What becomes of the row of each reason, and whether its delete counts for the
// stop before too many. The last one isn't in the table: it has all traits.
func TestReasons(t *testing.T) {
	for _, c := range []struct {
		traits               Traits
		flag, remove, ignore Policy
		counts, announced    bool
	}{
		{Merged.Traits(), Flag, Remove, Ignore, true, false},
		{Soft.Traits(), Flag, Remove, Ignore, true, false},
		{Purged.Traits(), Flag, Remove, Ignore, true, false},
		{Hidden.Traits(), Flag, Remove, Ignore, true, true},
		{OutOfFilter.Traits(), Flag, Remove, Ignore, true, false},
		{Archived.Traits(), Flag, Flag, Ignore, false, false},
		{Erased.Traits(), Flag, Remove, Ignore, true, false},
		{Reason("nobody's").Traits(), Flag, Remove, Ignore, true, false},
		{Traits{Reason: "all", Sight: true, Kept: true, Approved: true}, Flag, Flag, Ignore, false, true},
	} {
		for policy, want := range map[Policy]Policy{Flag: c.flag, Remove: c.remove, Ignore: c.ignore} {
			if got := c.traits.Under(policy); got != want {
				t.Errorf("%s under %s: got %s, want %s", c.traits.Reason, policy, got, want)
			}
		}
		if c.traits.Approved == c.counts || c.traits.Sight != c.announced {
			t.Errorf("%+v", c.traits)
		}
	}
}

func TestAbsentReason(t *testing.T) {
	if got := AbsentReason(""); got != "purged" {
		t.Error(got)
	}
	if got := AbsentReason("A = 1"); got != "out_of_filter" {
		t.Error(got)
	}
}

// Each reason that is declared has one line in the table, each line has a
// name that fits its column.
func TestEachReasonHasALine(t *testing.T) {
	lines := map[Reason]int{}
	for _, traits := range Reasons() {
		lines[traits.Reason]++
		if n := len(traits.Reason); n == 0 || n > own.Final()[4].Length {
			t.Errorf("%q is too long for %s", traits.Reason, own.DeleteReason)
		}
	}
	f, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	ast.Inspect(f, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if typ, ok := spec.Type.(*ast.Ident); !ok || typ.Name != "Reason" {
			return true
		}
		text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
		if err != nil || lines[Reason(text)] != 1 {
			t.Errorf("%s has %d lines in Reasons", text, lines[Reason(text)])
		}
		return true
	})
}

// Nobody but the table knows a reason by its name: neither the code that stages
// and judges deletes, nor the text of a statement.
func TestReasonsAreNamedOnce(t *testing.T) {
	names := make([]string, 0, len(Reasons()))
	for _, traits := range Reasons() {
		names = append(names, string(traits.Reason))
	}
	tests := []string{"testdata", "warehousetest", "archivedtest", "pgtest"}
	literal := regexp.MustCompile("[\"'`](" + strings.Join(names, "|") + ")[\"'`]")
	for _, dir := range []string{"..", "../../replicate", "../../verify", "../../control"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			switch ext := filepath.Ext(path); {
			case err != nil:
				return err
			case d.IsDir() && slices.Contains(tests, d.Name()):
				return filepath.SkipDir
			case d.IsDir(), ext != ".go" && ext != ".sql", strings.HasSuffix(path, "_test.go"),
				path == "../gone/reason.go":
				return nil
			}
			text, err := os.ReadFile(path)
			if found := literal.Find(text); found != nil {
				t.Errorf("%s has %s: it is declared in reason.go", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
