package main

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestLakeRunners has two projects, which know nothing of each other, run into one lake at once. Whoever loses says so
// and stops; nothing is lost by it, and nothing is there twice.
func TestLakeRunners(t *testing.T) {
	t.Parallel()
	one := newProject(t, linked(t), "iceberg:lake", 7)
	two := &copying{dir: t.TempDir(), org: one.org, env: one.env, bin: one.bin}
	text, err := os.ReadFile(filepath.Join(one.dir, "catchment.yaml"))
	if err == nil {
		shared := strings.Replace(string(text), "iceberg:lake", "iceberg:"+filepath.Join(one.dir, "lake"), 1)
		err = os.WriteFile(filepath.Join(two.dir, "catchment.yaml"), []byte(shared), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	for n := range 3 {
		var both sync.WaitGroup
		for name, p := range map[string]*copying{"one": one, "two": two} {
			both.Go(func() {
				cmd, out := p.command("run", "--allow-deletes")
				if err := cmd.Run(); err != nil {
					t.Logf("round %d, %s: %v\n%s", n, name, err, out)
					if !strings.Contains(out.String(), "hint: ") || strings.Contains(out.String(), "report") {
						t.Errorf("round %d, %s fails without a hint, or by a fault of ours:\n%s", n, name, out)
					}
				}
			})
		}
		both.Wait()
		one.befall(t, 60, uint64(n))
	}
	one.must(t, "run", "--allow-deletes")
	said := one.must(t, "verify", "--digest", "--json")
	if strings.Count(said, `"duplicates":0`) != 4 || strings.Count(said, `"missing":0`) != 4 {
		t.Errorf("%s", said)
	}
}
