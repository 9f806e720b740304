package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/rogpeppe/go-internal/testscript"
)

var dbtProgram = flag.String("dbt", "", "dbt's program: make dbt installs it, and sets this")

// A warehouse is for reports, and those don't know Catchment's own columns: what dbt
// selects by IsDeleted has to be what the org has.
func TestDBT(t *testing.T) {
	if *dbtProgram == "" {
		t.Skip("make dbt runs this: it installs dbt")
	}
	project, err := filepath.Abs("../../deploy/dbt")
	if err != nil {
		t.Fatal(err)
	}
	params := scriptParams(t)
	params.Dir = "../../testdata/dbt"
	params.Setup = func(env *testscript.Env) error {
		env.Setenv("DBT", *dbtProgram)
		env.Setenv("PROJECT", project)
		env.Setenv("DBT_SEND_ANONYMOUS_USAGE_STATS", "false")
		return nil
	}
	fates := map[*testscript.TestScript]*fate{}
	params.Cmds["befall"] = func(ts *testscript.TestScript, _ bool, objects []string) {
		fates[ts] = befall(ts, objects)
	}
	params.Cmds["undo"] = func(ts *testscript.TestScript, _ bool, _ []string) { fates[ts].undo(ts) }
	params.Cmds["login"] = loginAgain
	params.Cmds["counts"] = countOrg
	params.Cmds["libpq"] = exportPostgres
	testscript.Run(t, params)
}

// A fate is the records that come back.
type fate struct{ binned, hidden []string }

// befall: befall OBJECT... lets something happen to five records of each object, and
// exports the path of another one, which is to leave its flow's filter, as LEAVES.
func befall(ts *testscript.TestScript, objects []string) *fate {
	f := &fate{}
	var purged, hidden []string
	for _, object := range objects {
		where := ""
		if object == "Account" {
			where = " WHERE Type <> 'Prospect'"
		}
		ids := idsOf(ts, "SELECT Id FROM "+object+where+" ORDER BY Id LIMIT 6")
		for _, id := range ids[:3] {
			mustOrg(ts, "DELETE", "/services/data/v66.0/sobjects/"+object+"/"+id, nil)
		}
		purged, f.binned = append(purged, ids[0]), append(f.binned, ids[1])
		hidden, f.hidden = append(hidden, ids[3]), append(f.hidden, ids[4])
		if object == "Account" {
			ts.Setenv("LEAVES", "/services/data/v66.0/sobjects/Account/"+ids[5])
		}
	}
	mustOrg(ts, "POST", "/_org/purge", map[string]any{"ids": purged})
	mustOrg(ts, "POST", "/_org/records", map[string]any{"do": "hide", "ids": append(hidden, f.hidden...)})
	return f
}

// undo brings back what comes back.
func (f *fate) undo(ts *testscript.TestScript) {
	mustOrg(ts, "POST", "/_org/undelete", map[string]any{"ids": f.binned})
	mustOrg(ts, "POST", "/_org/records", map[string]any{"do": "show", "ids": f.hidden})
}

// loginAgain: login exports a new ORG_TOKEN, since sessions end as the clock goes on.
func loginAgain(ts *testscript.TestScript, _ bool, _ []string) {
	got, err := http.PostForm(ts.Getenv("ORG_URL")+"/services/oauth2/token", url.Values{
		"grant_type": {"client_credentials"}, "client_id": {ts.Getenv("SF_CLIENT_ID")},
		"client_secret": {ts.Getenv("SF_CLIENT_SECRET")}})
	ts.Check(err)
	defer got.Body.Close()
	var answer struct {
		Token string `json:"access_token"`
	}
	ts.Check(json.NewDecoder(got.Body).Decode(&answer))
	ts.Setenv("ORG_TOKEN", answer.Token)
}

// countOrg: counts MODEL FROM... exports ORG_COUNTS: how many records the flow's user
// counts in the org, for each model.
func countOrg(ts *testscript.TestScript, _ bool, args []string) {
	counts := map[string]int{}
	for i := 0; i+1 < len(args); i += 2 {
		var answer struct{ TotalSize int }
		text := mustOrg(ts, "GET", queryPath("SELECT COUNT() FROM "+args[i+1]), nil)
		ts.Check(json.Unmarshal(text, &answer))
		counts[args[i]] = answer.TotalSize
	}
	text, err := json.Marshal(counts)
	ts.Check(err)
	ts.Setenv("ORG_COUNTS", string(text))
}

// exportPostgres: libpq exports where PG_URL is, as PostgreSQL's own clients want it.
func exportPostgres(ts *testscript.TestScript, _ bool, _ []string) {
	c, err := pgx.ParseConfig(ts.Getenv("PG_URL"))
	ts.Check(err)
	ts.Setenv("PGHOST", c.Host)
	ts.Setenv("PGPORT", fmt.Sprint(c.Port))
	ts.Setenv("PGUSER", c.User)
	ts.Setenv("PGDATABASE", c.Database)
}

func idsOf(ts *testscript.TestScript, soql string) []string {
	var page struct{ Records []struct{ ID string } }
	ts.Check(json.Unmarshal(mustOrg(ts, "GET", queryPath(soql), nil), &page))
	var ids []string
	for _, r := range page.Records {
		ids = append(ids, r.ID)
	}
	return ids
}

func queryPath(soql string) string { return "/services/data/v66.0/query?q=" + url.QueryEscape(soql) }

// mustOrg calls the org with a body of JSON, and has it succeed.
func mustOrg(ts *testscript.TestScript, method, path string, body any) []byte {
	text := []byte{}
	if body != nil {
		var err error
		text, err = json.Marshal(body)
		ts.Check(err)
	}
	answer, status := askOrg(ts, method, path, string(text))
	if status >= 300 {
		ts.Fatalf("%s %s: status %d: %s", method, path, status, answer)
	}
	return answer
}
