package flow

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"catchment/internal/merger"
	"catchment/internal/plan"
	"catchment/internal/schedule"
	"catchment/internal/upkeep"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// known is the warehouses of these tests, as the command has them.
func known() Warehouses {
	return Warehouses{
		Local: "duckdb:catchment.duckdb", Tip: "?memory_limit=2GB&threads=2 leaves room on a small machine",
		Files: []string{"duckdb", "iceberg"}, Lakes: []string{"iceberg"},
		Text:     map[string]string{"redshift": "Redshift", "redshift-data": "Redshift"},
		Variable: func(name string) string { return map[string]string{"PLACE": "/var/lib/catchment"}[name] },
	}
}

// TestProblems reads every testdata/*.yaml, each wrong in its own ways, and
// compares what is reported with the *.txt beside it.
func TestProblems(t *testing.T) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse("catchment.yaml", data, known())
			problems, ok := errors.AsType[*fileError](err)
			if !ok || plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
				t.Fatalf("error %v of class %s, hint %q", err, plan.ClassOf(err), plan.HintOf(err))
			}
			got := problems.Error() + "\n"
			if strings.Contains(got, "hunter2") {
				t.Errorf("repeats a secret:\n%s", got)
			}
			golden := strings.TrimSuffix(file, ".yaml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || got != string(want) {
				t.Errorf("%v; got:\n%swant:\n%s", err, got, want)
			}
		})
	}
}

const small = `version: 1
org:
  url: https://acme.my.salesforce.com/
  login: {flow: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: file:secret}
flows:
  - object: Account
`

func mustParse(t *testing.T, text string) *File {
	t.Helper()
	f, err := Parse("catchment.yaml", []byte(text), known())
	if err != nil {
		t.Fatal(err)
	}
	for i := range f.Flows {
		f.Flows[i].source = nil // for comparisons; problems keep theirs in other tests
	}
	return f
}

func week() schedule.Sweep { return schedule.Sweep{Every: 7 * 24 * time.Hour} }

func TestParseFillsIn(t *testing.T) {
	want := &File{
		Name: "catchment.yaml",
		Org: Org{
			URL: "https://acme.my.salesforce.com", Reserve: 40, Composite: CompositeAuto,
			Login: Login{Flow: "client_credentials", ClientID: "env:SF_CLIENT_ID", ClientSecret: "file:secret"},
		},
		Warehouse: Warehouse{URL: "duckdb:catchment.duckdb", Schema: "salesforce",
			StagingSchema: "salesforce_incremental", File: true, Wait: 5 * time.Minute,
			Maintain: upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * aDay, Orphans: 3 * aDay},
			Merge:    merger.Merger{By: merger.Go, Patience: 2 * time.Hour}},
		Stage:   Stage{URL: "dir:stage", Keep: 7 * 24 * time.Hour},
		Control: Control{URL: "sqlite:control.db"},
		defaults: defaults{Deletes: Flag, Mover: Auto, Naming: Lower, NUL: Replace,
			Invalid: Reject, Rejects: keep,
			Refresh: schedule.Refresh{Every: schedule.Never}, Sweep: week()},
		Settle: 15 * time.Minute,
		Limits: Limits{Flows: 4, Downloads: 5, Stage: 20_000_000_000, Answer: 10 * time.Minute, Stall: time.Minute},
		Flows: []Flow{{Object: "Account", Deletes: Flag, Mover: Auto, Naming: Lower, NUL: Replace,
			Invalid: Reject, Rejects: keep,
			Refresh: schedule.Refresh{Every: schedule.Never}, Sweep: week(), Line: 6}},
	}
	if got := mustParse(t, small); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// TestParseEverything uses every key; the defaults stand behind the flows, and
// the file looks as an editor on Windows leaves it.
func TestParseEverything(t *testing.T) {
	text := `# every key
version: 1
org:
  url: http://127.0.0.1:8080
  api_version: 67.0
  reserve: 0%
  accept_encrypted: true
  composite: off
  instance_hosts: [gateway.acme.com, "Tunnel.acme.com:8443"]
  pubsub: http://127.0.0.1:7011/
  login:
    flow: password
    client_id: env:ID
    client_secret: env:SECRET
    username: env:USER_NAME
    password: file:/run/secrets/a b
warehouse: {url: duckdb:/var/lib/x.duckdb, schema: crm, staging_schema: crm_in, grant_to: [analysts, "a b"], wait: 90s}
stage: {url: dir:pages, keep: 1d12h}
control: {url: sqlite:c.db}
limits: {flows: 1, downloads: 100, stage: 64MiB, answer: 30m, stall: 90s}
flows:
  - object: Account
    fields: [Name, Phone__c]
    where: >-
      Name != ')' AND
      (Name != 'it\'s (')
    deletes: flag
    mover: bulk
    naming: lower
    nul: replace
    sweep: off
    window: {last: 2d, zone: Europe/Berlin}
    paused: true
  - object: "*"
    exclude_objects: [Task]
    exclude: [Fax]
defaults: {deletes: remove, mover: rest, naming: snake, nul: fail, sweep: 30d}
`
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	f := mustParse(t, "\uFEFF"+strings.ReplaceAll(text, "\n", "\r\n"))
	want := &File{
		Name: "catchment.yaml",
		Org: Org{
			URL: "http://127.0.0.1:8080", APIVersion: "67.0", AcceptEncrypted: true, Composite: CompositeOff,
			InstanceHosts: []string{"gateway.acme.com", "tunnel.acme.com:8443"}, PubSub: "http://127.0.0.1:7011",
			Login: Login{Flow: "password", ClientID: "env:ID", ClientSecret: "env:SECRET", Username: "env:USER_NAME",
				Password: "file:/run/secrets/a b"},
		},
		Warehouse: Warehouse{URL: "duckdb:/var/lib/x.duckdb", Schema: "crm", StagingSchema: "crm_in",
			GrantTo: []string{"analysts", "a b"}, File: true, Wait: 90 * time.Second,
			Maintain: upkeep.Maintain{By: upkeep.ByUs, Snapshots: 5 * aDay, Orphans: 3 * aDay},
			Merge:    merger.Merger{By: merger.Go, Patience: 2 * time.Hour}},
		Stage:   Stage{URL: "dir:pages", Keep: 36 * time.Hour},
		Control: Control{URL: "sqlite:c.db"},
		defaults: defaults{Deletes: Remove, Mover: REST, Naming: Snake, NUL: Fail,
			Invalid: Reject, Rejects: keep,
			Refresh: schedule.Refresh{Every: schedule.Never}, Sweep: schedule.Sweep{Every: 30 * 24 * time.Hour}},
		Settle: 15 * time.Minute,
		Limits: Limits{Flows: 1, Downloads: 100, Stage: 64 << 20, Answer: 30 * time.Minute, Stall: 90 * time.Second},
		Flows: []Flow{
			{Object: "Account", Fields: []string{"Name", "Phone__c"}, Where: `Name != ')' AND (Name != 'it\'s (')`,
				Deletes: Flag, Mover: Bulk, Naming: Lower, NUL: Replace,
				Invalid: Reject, Rejects: keep,
				Refresh: schedule.Refresh{Every: schedule.Never}, Paused: true, AcceptEncrypted: true, Line: 22,
				Sweep: schedule.Sweep{Every: schedule.Never}, Window: schedule.Window{Last: 2, Zone: berlin},
				chosen: true},
			{Object: Star, ExcludeObjects: []string{"Task"}, Exclude: []string{"Fax"},
				Deletes: Remove, Mover: REST, Naming: Snake, NUL: Fail,
				Invalid: Reject, Rejects: keep,
				Refresh: schedule.Refresh{Every: schedule.Never}, Sweep: schedule.Sweep{Every: 30 * 24 * time.Hour},
				AcceptEncrypted: true, Line: 34},
		},
	}
	if !reflect.DeepEqual(f, want) {
		t.Errorf("got  %+v\nwant %+v", f, want)
	}
}

// What becomes of long texts is for the driver of Redshift, which reads its URL.
func TestRedshiftText(t *testing.T) {
	for url, want := range map[string]string{
		"redshift://u@h/d": "redshift://u@h/d?text=truncate",
		"redshift-data://workgroup/w/d?stage=s3://b/p": "redshift-data://workgroup/w/d?stage=s3://b/p&text=truncate",
	} {
		f := mustParse(t, small+"warehouse: {url: \""+url+"\", text: truncate}\n")
		if f.Warehouse.URL != want || f.Warehouse.Text != "truncate" {
			t.Errorf("got %s, %s", f.Warehouse.URL, f.Warehouse.Text)
		}
	}
}

func TestRelativeTo(t *testing.T) {
	f := mustParse(t, small+"warehouse: {url: duckdb:/abs/x.duckdb}\n")
	f.RelativeTo("/etc/catchment")
	beside := mustParse(t, small)
	beside.RelativeTo("/etc/catchment")
	server := mustParse(t, small+"warehouse: {url: postgres:x}\n")
	server.RelativeTo("/etc/catchment")
	for _, c := range [][2]string{
		{f.Warehouse.URL, "duckdb:/abs/x.duckdb"},
		{beside.Warehouse.URL, "duckdb:/etc/catchment/catchment.duckdb"},
		{server.Warehouse.URL, "postgres:x"},
		{f.Stage.URL, "dir:/etc/catchment/stage"},
		{f.Control.URL, "sqlite:/etc/catchment/control.db"},
		{f.Org.Login.ClientSecret, "file:/etc/catchment/secret"},
		{f.Org.Login.ClientID, "env:SF_CLIENT_ID"},
		{f.Org.Login.Token, ""},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]int64{
		"1B": 1, "5KB": 5000, "100kB": 100e3, "500MB": 500e6, "20GB": 20e9, "2TB": 2e12, "1KiB": 1024, "3GiB": 3 << 30,
		"": 0, "20": 0, "GB": 0, "-1GB": 0, "0GB": 0, "1.5GB": 0, "20 GB": 0, "20gb": 0, "9999999TB": 0,
		"1GBB": 0, "1BKB": 0,
	} {
		if got, err := parseSize(text); got != want || (err == nil) != (want > 0) {
			t.Errorf("size %q: %d, %v; want %d", text, got, err, want)
		}
	}
	for text, want := range map[string]int{
		"0%": 0, "40%": 40, "99%": 99, "100%": -1, "40": -1, "": -1, "%": -1, "4.5%": -1, "-1%": -1, "40%%": -1,
	} {
		if got, err := parsePercent(text); (err == nil) != (want >= 0) || err == nil && got != want {
			t.Errorf("percent %q: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"67": "67.0", "67.0": "67.0", "v67.0": "67.0", "100.0": "100.0", "7": "", "67.1": "", "latest": "", "": "",
	} {
		if got, err := parseAPIVersion(text); got != want || (err == nil) != (want != "") {
			t.Errorf("API version %q: %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"https://acme.my.salesforce.com":        "https://acme.my.salesforce.com",
		"https://acme.my.salesforce.com/":       "https://acme.my.salesforce.com",
		"https://127.0.0.1:8443":                "https://127.0.0.1:8443",
		"http://127.0.0.1:80":                   "http://127.0.0.1:80",
		"http://[::1]:80":                       "http://[::1]:80",
		"http://localhost:80":                   "http://localhost:80",
		"http://acme.my.salesforce.com":         "",
		"http://localhost.example.com":          "",
		"acme.my.salesforce.com":                "",
		"https://":                              "",
		"https://acme.my.salesforce.com/setup":  "",
		"https://acme.my.salesforce.com?x=1":    "",
		"https://me:pw@acme.my.salesforce.com/": "",
		"ftp://acme.my.salesforce.com":          "",
	} {
		if got, err := parseOrgURL(text); got != want || (err == nil) != (want != "") {
			t.Errorf("org url %q: %q, %v; want %q", text, got, err, want)
		}
	}
}

func TestWhere(t *testing.T) {
	for text, right := range map[string]bool{
		`Name = 'x'`: true, `(A = 1 OR B = 2) AND C IN (1, 2)`: true, `Name = ')'`: true, `Name = '\''`: true, `Name = '\\'`: true,
		`Name = '\\\') OR ('`: true, "Name = 'x'\nAND Whereabouts = 'y'": true, `Name = '🌧('`: true,
		``: false, ` `: false, `where Name = 'x'`: false, `WHERE`: false, `a = 1)`: false, `a = 1) OR (b = 2`: false, `(a = 1`: false,
		`Name = 'x`: false, `Name = 'x\'`: false, `Name = '\\''`: false,
	} {
		if got := wrongWhere(text); (got == "") != right {
			t.Errorf("%q: %q; right: %v", text, got, right)
		}
	}
}

func TestMeant(t *testing.T) {
	names := []string{"Account", "Contact", "Opportunity", "Order"}
	for name, want := range map[string]string{
		"Acount": "Account", "account": "Account", "Oportunities": "Opportunity", "Contcat": "Contact", "Xyz": "",
		"": "", "Lead": "",
	} {
		got := strings.TrimSuffix(strings.TrimPrefix(meant(name, names), "; did you mean "), "?")
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(small))
	f.Add(Example(Org{}, known(), nil))
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := Parse("f", data, known())
		if err == nil {
			if len(file.Flows) == 0 || file.Org.URL == "" || file.Org.Login.Flow == "" {
				t.Errorf("accepted, but without what it needs: %+v", file)
			}
			return
		}
		problems, ok := errors.AsType[*fileError](err)
		if !ok || plan.ClassOf(err) != plan.Fix || len(problems.problems) == 0 {
			t.Fatalf("error of class %s: %v", plan.ClassOf(err), err)
		}
		for _, p := range problems.problems {
			if p.line < 1 || p.column < 1 || p.text == "" || p.file != "f" {
				t.Errorf("incomplete: %+v", p)
			}
		}
	})
}

func TestFilesGroup(t *testing.T) {
	t.Parallel()
	f := mustParse(t, string(Example(Org{}, known(), nil))+"\nfiles: {group: analysts}\n")
	if f.Files.Group != "analysts" {
		t.Errorf("%q", f.Files.Group)
	}
	_, err := Parse("c.yaml", []byte(string(Example(Org{}, known(), nil))+"\nfiles: {grp: x}\n"), known())
	if err == nil || !strings.Contains(err.Error(), `files: key "grp" is not one of group`) {
		t.Error(err)
	}
}
