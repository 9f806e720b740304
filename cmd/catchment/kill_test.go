package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/warehouse/pgtest"
)

// A copying is a configuration in a folder, and the org that it copies.
type copying struct {
	dir string
	org *fakeorg.Org
	env []string
	bin string
}

// newProject starts an org whose results come in many small pages and writes
// the configuration for it, with a warehouse that is empty.
func newProject(t *testing.T, bin, warehouse string, seed uint64) *copying {
	t.Helper()
	org, err := fakeorg.New(fakeorg.Options{
		Seed: seed, Clock: fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), time.Now),
		PageRecords: 60, JobLatency: 50 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := org.Generate(900, seed); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	c := org.Credentials()
	p := &copying{dir: t.TempDir(), org: org, bin: bin, env: append(os.Environ(),
		"SF_CLIENT_ID="+c.ClientID, "SF_CLIENT_SECRET="+c.ClientSecret)}
	config := fmt.Sprintf(`version: 1
org: {url: %q, login: {flow: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
warehouse: {url: %q}
stage: {url: dir:stage}
control: {url: sqlite:control.db}
flows: [{object: Account}, {object: Contact}, {object: Opportunity, deletes: remove}, {object: User}]
`, server.URL, warehouse)
	if err := os.WriteFile(filepath.Join(p.dir, "catchment.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

func (p *copying) command(args ...string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command(p.bin, args...)
	out := new(bytes.Buffer)
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, out, out
	return cmd, out
}

// killed runs the program and kills it after d. It tells whether the program
// was still running then.
func (p *copying) killed(t *testing.T, d time.Duration) bool {
	t.Helper()
	cmd, out := p.command("run", "--allow-deletes")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(d, func() { cmd.Process.Kill() })
	defer timer.Stop()
	if err := cmd.Wait(); err != nil {
		if strings.Contains(err.Error(), "killed") {
			return true
		}
		t.Fatalf("run: %v\n%s", err, out)
	}
	return false
}

func (p *copying) must(t *testing.T, args ...string) string {
	t.Helper()
	cmd, out := p.command(args...)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", args, err, out)
	}
	return out.String()
}

// The program is killed at random moments: in the middle of a page, between a
// commit and the note of it, while the warehouse writes. The next run goes on,
// and in the end every record stands there once (invariants 1, 2, 5 and 6).

func TestKilledRunsGoOn(t *testing.T) {
	t.Parallel()
	killedRunsGoOn(t, func() string { return "duckdb:catchment.duckdb" })
}

func TestKilledRunsGoOnInPostgres(t *testing.T) {
	t.Parallel()
	durable := pgtest.Cluster{Durable: true}
	killedRunsGoOn(t, func() string { return durable.Database(t) })
}

// killedRunsGoOn kills twenty runs into warehouses that empty makes.
func killedRunsGoOn(t *testing.T, empty func() string) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts processes for a minute")
	}
	bin := itself(t)
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	var p *copying
	whole := 1500 * time.Millisecond // a run's length, found out on the way
	kills := 0
	for round := 0; kills < 20; round++ {
		if round > 60 {
			t.Fatalf("only %d of %d runs were still going when they were killed", kills, round)
		}
		if round%4 == 0 {
			p = newProject(t, bin, empty(), seed+uint64(round))
		} else {
			if _, err := p.org.History(120, seed+uint64(round)); err != nil {
				t.Fatal(err)
			}
		}
		for range 1 + random.IntN(2) { // a second crash on the way back
			if p.killed(t, time.Duration(random.Int64N(int64(whole)))) {
				kills++
			}
		}
		start := time.Now()
		p.must(t, "run", "--allow-deletes")
		whole = (whole + time.Since(start)) / 2
		// What is stamped after the watermark would be pending: let time pass, so
		// that verify judges everything.
		p.org.Clock().Advance(5 * time.Minute)
		p.must(t, "run", "--allow-deletes")
		if out := p.must(t, "verify", "--json"); strings.Count(out, `"pending":0`) != 4 {
			t.Fatalf("round %d, seed %d: something is pending\n%s", round, seed, out)
		}
	}
	t.Logf("%d kills", kills)
}
