// Package golden holds what a test made to a file under testdata/golden, for
// tests alone. With -update the files are written anew, to be looked at in the
// diff.
package golden

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write testdata/golden anew")

// Equal compares a text with the file of that name in the test's testdata/golden.
func Equal(t testing.TB, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "golden", name)
	if *update {
		// #nosec G301 -- golden files are committed
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		// #nosec G306 -- golden files are committed
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s differs; after looking: go test -update\n%s", path, got)
	}
}
