package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/warehouse/pgtest"
)

// A shell is a bash that a reader types into.
type shell struct {
	dir  string
	to   io.Writer
	ends *bufio.Reader // the exit code of each command
	n    int
}

// openShell starts one in the folder of a script. It ends, and with it what it has
// left in the background, when nobody can type any more, so also with a test that
// was killed.
func openShell(ts *testscript.TestScript) *shell {
	typedIn, to, err := os.Pipe()
	ts.Check(err)
	ends, ended, err := os.Pipe()
	ts.Check(err)
	bash := exec.Command("bash", "--norc")
	bash.Dir = ts.MkAbs(".")
	bash.Env = []string{"HOME=" + bash.Dir, "PATH=" + readersPath(ts), "LANG=C.UTF-8"}
	bash.Stdin, bash.ExtraFiles = typedIn, []*os.File{ended}
	bash.Stderr = os.Stderr
	ts.Check(bash.Start())
	ts.Check(errors.Join(typedIn.Close(), ended.Close()))
	ts.Defer(func() {
		err := errors.Join(to.Close(), bash.Wait(), ends.Close())
		if err != nil {
			fmt.Fprintln(os.Stderr, "the shell of a page:", err)
		}
	})
	sh := &shell{dir: bash.Dir, to: to, ends: bufio.NewReader(ends)}
	_, err = io.WriteString(to, "set -u\ntrap 'kill $(jobs -p) 2>/dev/null; wait' EXIT\n")
	ts.Check(err)
	return sh
}

// do types a command, and gives what it said and its exit code.
func (sh *shell) do(ts *testscript.TestScript, command string) (said string, code int) {
	sh.n++
	in := filepath.Join(sh.dir, fmt.Sprintf(".typed-%d", sh.n))
	out := in + ".out"
	ts.Check(os.WriteFile(in, []byte(command+"\n"), 0o600))
	_, err := fmt.Fprintf(sh.to, ". '%s' >'%s' 2>&1 </dev/null 3>&-; echo $? >&3\n", in, out)
	ts.Check(err)
	end, err := sh.ends.ReadString('\n')
	text, _ := os.ReadFile(out) // a shell that ended may have opened none
	if err != nil {
		ts.Fatalf("the shell ended: %v\n%s\n%s", err, command, text)
	}
	code, err = strconv.Atoi(strings.TrimSpace(end))
	ts.Check(err)
	return string(text), code
}

// export gives the shell a variable that the reader has set.
func (sh *shell) export(ts *testscript.TestScript, name, value string) {
	if _, code := sh.do(ts, fmt.Sprintf("export %s='%s'", name, value)); code != 0 {
		ts.Fatalf("%s can't be exported", name)
	}
}

// readersPath is where the programs of a reader are: catchment and DuckDB's command
// first, then what this machine has. The programs of the tests are not on it.
func readersPath(ts *testscript.TestScript) string {
	bin := ts.MkAbs(".bin")
	ts.Check(os.Mkdir(bin, 0o700))
	duckdb, err := filepath.Abs("../../.venv/bin/duckdb")
	ts.Check(err)
	if _, err := os.Stat(duckdb); errors.Is(err, fs.ErrNotExist) {
		ts.Fatalf("the pages need DuckDB's command: `make deps`, which `make test` calls, installs it")
	}
	ts.Check(os.Symlink(duckdb, filepath.Join(bin, "duckdb")))
	linkProgram(ts, "catchment")
	path := []string{bin}
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		if _, err := os.Stat(filepath.Join(dir, "speedorg")); errors.Is(err, fs.ErrNotExist) {
			path = append(path, dir)
		}
	}
	return strings.Join(path, string(filepath.ListSeparator))
}

// secureCluster is the PostgreSQL of the page that is about it.
var secureCluster pgtest.Cluster

// provide gives a page what its reader has beside that: a database where it says
// "$PG_URL"; a server with TLS and passwords, that of one's own, where it says
// "$PG_HOST"; where it says that Redshift is a stand-in, that; and where it says so
// of aws, one before an AppFlow that has filled tables in that database for a while,
// from the org of the page; where it says so of Amazon AppFlow, that and its bucket.
func provide(ts *testscript.TestScript, sh *shell, page string) {
	if strings.Contains(page, "$PG_URL") {
		newDatabase(ts, false, nil)
		sh.export(ts, "PG_URL", ts.Getenv("PG_URL"))
	}
	if strings.Contains(page, "$PG_HOST") {
		host, root, err := secureCluster.Secure(context.Background())
		ts.Check(err)
		sh.export(ts, "PG_HOST", host)
		sh.export(ts, "PG_ROOT", root)
	}
	if strings.Contains(page, "Redshift is a **stand-in**") {
		startRedshift(ts, false, nil)
		sh.export(ts, "RS_PSQL", ts.Getenv("PG_URL"))
		for _, name := range []string{"RS_URL", "PGPASSWORD", "AWS_REGION", "AWS_ACCESS_KEY_ID",
			"AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"} {
			sh.export(ts, name, ts.Getenv(name))
		}
	}
	if strings.Contains(page, "Amazon AppFlow is a **stand-in**") {
		orgAppFlow(ts)
		for _, name := range []string{"AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY",
			"AWS_ENDPOINT_URL_APPFLOW", "AWS_ENDPOINT_URL_CLOUDFORMATION", "AWS_ENDPOINT_URL_S3"} {
			sh.export(ts, name, ts.Getenv(name))
		}
	}
	if strings.Contains(page, "`aws` is a **stand-in**") {
		orgAppFlow(ts)
		oldAppFlow(ts, false, nil)
		sh.export(ts, "APPFLOW_URL", ts.Getenv("APPFLOW_URL"))
		linkProgram(ts, "aws")
	}
}

// orgAppFlow starts an AppFlow that reads the org of the page.
func orgAppFlow(ts *testscript.TestScript) {
	var org map[string]string
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("org.json")), &org))
	for key, name := range map[string]string{"url": "ORG_URL", "client_id": "SF_CLIENT_ID",
		"client_secret": "SF_CLIENT_SECRET", "refresh_token": "ORG_REFRESH_TOKEN", "access_token": "ORG_TOKEN"} {
		ts.Setenv(name, org[key])
	}
	startAppFlow(ts, false, nil)
}

// linkProgram puts a program of this test on the reader's PATH.
func linkProgram(ts *testscript.TestScript, name string) {
	path, err := exec.LookPath(name)
	ts.Check(err)
	ts.Check(os.Symlink(path, filepath.Join(ts.MkAbs(".bin"), name)))
}
