package main

import (
	"bytes"
	stdsql "database/sql"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/fakeorg"
)

// The scripts under testdata/script are the manual, executed: each runs the
// real command against a fake org that the script itself starts.

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"catchment": mainAndHeap, "speedorg": speedOrg, "manyorg": manyOrg,
		"duckreader": duckReader, "aws": awsCommand})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	params := scriptParams(t)
	params.Dir = "../../testdata/script"
	testscript.Run(t, params)
}

// scriptParams are the commands that scripts have beside catchment itself.
func scriptParams(t *testing.T) testscript.Params {
	data, err := filepath.Abs("../../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return testscript.Params{
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("DATA", data)
			return nil
		},
		Condition: scriptCondition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"org":      startOrg,
			"rest":     callOrg,
			"changes":  changeContacts,
			"duck":     queryDuck,
			"postgres": newDatabase,
			"redshift": startRedshift,
			"pg":       queryPostgres,
			"restore":  restorePostgres,
			"code":     exitCode,
			"same":     sameNumber,
			"edit":     editFile,
			"app":      startApp,
			"await":    awaitRequest,
			"wide":     makeWide,
			"row":      writeRow,

			"appflow":       startAppFlow,
			"appflow-flows": listAppFlow,
			"appflow-old":   oldAppFlow,
		},
	}
}

// scriptCondition: [userns] holds where this user may mount a disk of its own.
func scriptCondition(name string) (bool, error) {
	if name != "userns" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		return false, err
	}
	defer os.Remove(dir)
	return exec.Command("unshare", "-Urm", "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", dir).Run() == nil, nil
}

// orgTime is the time of Salesforce in a script. There is one for all its orgs, as for
// all orgs of Salesforce: the copy of one that takes another's place goes by it.
func orgTime(ts *testscript.TestScript) time.Time {
	since, err := time.Parse(time.RFC3339Nano, ts.Getenv("ORGS_SINCE"))
	if err != nil { // the first one
		since = time.Now()
		ts.Setenv("ORGS_SINCE", since.Format(time.RFC3339Nano))
	}
	return time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC).Add(time.Since(since))
}

// startOrg: org [-load] [-wide] [-records N] [-page-records N] [-seed N] [-restricted]
// [-sandbox] [-standard-delete] [-tls] [-files N] [-attachments N] starts a fake org and exports ORG_URL,
// SF_CLIENT_ID, SF_CLIENT_SECRET
// and ORG_TOKEN. With -tls the certificate of its authority is in ca.pem.
func startOrg(ts *testscript.TestScript, neg bool, args []string) {
	options := fakeorg.Options{Seed: 1, Clock: fakeorg.FollowClock(orgTime(ts), time.Now)}
	records, load, secure, files := 700, []string{}, false, fakeorg.Files{}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-load":
			load = []string{filepath.Join(ts.Getenv("DATA"), "npsp-1k"), filepath.Join(ts.Getenv("DATA"), "describes")}
		case "-wide":
			load = []string{ts.MkAbs("wide"), ""}
		case "-tls":
			secure = true
		case "-restricted":
			options.Restricted = true
		case "-sandbox":
			options.Sandbox = true
		case "-standard-delete":
			options.StandardDelete = true
		case "-seed":
			i++
			n, err := strconv.ParseUint(args[i], 10, 64)
			ts.Check(err)
			options.Seed = n
		case "-records", "-page-records", "-files", "-attachments":
			n, err := strconv.Atoi(args[i+1])
			ts.Check(err)
			*map[string]*int{"-records": &records, "-page-records": &options.PageRecords, "-files": &files.Versions,
				"-attachments": &files.Attachments}[args[i]] = n
			i++
		default:
			ts.Fatalf("org: unknown argument %s", args[i])
		}
	}
	org, err := fakeorg.New(options)
	ts.Check(err)
	if len(load) > 0 {
		ts.Check(org.LoadDir(load[0], load[1]))
	} else {
		ts.Check(org.Generate(records, options.Seed))
	}
	if files != (fakeorg.Files{}) {
		ts.Check(org.GenerateFiles(files))
	}
	server := httptest.NewUnstartedServer(org)
	if secure {
		server.StartTLS()
		ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		ts.Check(os.WriteFile(ts.MkAbs("ca.pem"), ca, 0o600))
	} else {
		server.Start()
	}
	ts.Defer(server.Close)
	c := org.Credentials()
	ts.Setenv("ORG_URL", server.URL)
	ts.Setenv("SF_CLIENT_ID", c.ClientID)
	ts.Setenv("SF_CLIENT_SECRET", c.ClientSecret)
	ts.Setenv("ORG_TOKEN", c.AccessToken)
	ts.Setenv("ORG_REFRESH_TOKEN", c.RefreshToken)
}

// callOrg: rest METHOD PATH [BODY] calls the org as a user of its API would
// and prints the answer.
func callOrg(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 {
		ts.Fatalf("usage: rest METHOD PATH [BODY | @FILE]")
	}
	body := ""
	if len(args) > 2 {
		body = args[2]
	}
	if file, ok := strings.CutPrefix(body, "@"); ok {
		body = ts.ReadFile(file)
	}
	text, status := askOrg(ts, args[0], args[1], body)
	fmt.Fprintf(ts.Stdout(), "%s\n", text)
	if (status >= 300) != neg {
		ts.Fatalf("%s %s: status %d", args[0], args[1], status)
	}
}

func askOrg(ts *testscript.TestScript, method, path, body string) (text []byte, status int) {
	req, err := http.NewRequest(method, ts.Getenv("ORG_URL")+path, strings.NewReader(body))
	ts.Check(err)
	req.Header.Set("Authorization", "Bearer "+ts.Getenv("ORG_TOKEN"))
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	ts.Check(err)
	defer resp.Body.Close()
	text, err = io.ReadAll(resp.Body)
	ts.Check(err)
	return text, resp.StatusCode
}

// changeContacts: changes UPDATES DELETES UNDELETES changes that many contacts
// through the REST API, one call each.
func changeContacts(ts *testscript.TestScript, neg bool, args []string) {
	var n [3]int
	for i := range n {
		var err error
		n[i], err = strconv.Atoi(args[i])
		ts.Check(err)
	}
	must := func(method, path, body string) []byte {
		text, status := askOrg(ts, method, path, body)
		if status >= 300 {
			ts.Fatalf("%s %s: status %d: %s", method, path, status, text)
		}
		return text
	}
	var page struct{ Records []struct{ ID string } }
	ts.Check(json.Unmarshal(must("GET", "/services/data/v66.0/query?q=SELECT+Id+FROM+Contact+ORDER+BY+Id", ""), &page))
	var undelete []string
	for i, r := range page.Records[:n[0]+n[1]] {
		path := "/services/data/v66.0/sobjects/Contact/" + r.ID
		if i < n[0] {
			must("PATCH", path, fmt.Sprintf(`{"Title":"Keeper %d of the \"seal\"\r\n🦭"}`, i))
			continue
		}
		must("DELETE", path, "")
		if len(undelete) < n[2] {
			undelete = append(undelete, r.ID)
		}
	}
	body, err := json.Marshal(map[string]any{"ids": undelete})
	ts.Check(err)
	must("POST", "/_org/undelete", string(body))
}

// exitCode: code N COMMAND... runs a command that has to end with code N.
func exitCode(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// awaitRequest: await KIND waits until the org was asked for something of that
// kind, however slow the machine is.
func awaitRequest(ts *testscript.TestScript, neg bool, args []string) {
	for {
		text, _ := askOrg(ts, "GET", "/_org/requests", "")
		var counts map[string]int
		ts.Check(json.Unmarshal(text, &counts))
		if counts[args[0]] > 0 {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// queryDuck: duck FILE SQL prints the rows of a query, tab between columns. @FILE is the SQL in
// that file.
func queryDuck(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: duck FILE SQL")
	}
	db, err := stdsql.Open("duckdb", ts.MkAbs(args[0])+"?autoinstall_known_extensions=false")
	ts.Check(err)
	defer db.Close()
	if file, ok := strings.CutPrefix(args[1], "@"); ok {
		args[1] = ts.ReadFile(file)
	}
	rows, err := db.Query(args[1])
	if err != nil {
		if neg {
			return
		}
		ts.Fatalf("%v", err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	ts.Check(err)
	for rows.Next() {
		cells := make([]any, len(columns))
		for i := range cells {
			cells[i] = new(any)
		}
		ts.Check(rows.Scan(cells...))
		for i, c := range cells {
			if i > 0 {
				fmt.Fprint(ts.Stdout(), "\t")
			}
			fmt.Fprint(ts.Stdout(), *c.(*any))
		}
		fmt.Fprintln(ts.Stdout())
	}
	ts.Check(rows.Err())
}

// sameNumber: same KEY VALUE adds up KEY over the JSON lines of the last
// command's stdout.
func sameNumber(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: same KEY VALUE")
	}
	sum := 0.0
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var v map[string]any
		ts.Check(json.Unmarshal([]byte(line), &v))
		n, _ := v[args[0]].(float64)
		sum += n
	}
	want, err := strconv.ParseFloat(args[1], 64)
	ts.Check(err)
	if (sum == want) == neg {
		ts.Fatalf("%s adds up to %v, want %v", args[0], sum, want)
	}
}

// editFile: edit FILE OLD NEW replaces a text in a file; OLD must be there.
func editFile(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 3 {
		ts.Fatalf("usage: edit FILE OLD NEW")
	}
	path := ts.MkAbs(args[0])
	text, err := os.ReadFile(path)
	ts.Check(err)
	old, repl := strings.ReplaceAll(args[1], `\n`, "\n"), strings.ReplaceAll(args[2], `\n`, "\n")
	if !bytes.Contains(text, []byte(old)) {
		ts.Fatalf("%s has no %q", args[0], old)
	}
	ts.Check(os.WriteFile(path, bytes.ReplaceAll(text, []byte(old), []byte(repl)), 0o644))
}
