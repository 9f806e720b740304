package redshift_test

import (
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// psql is the client that people type into.
func psql(t *testing.T, url, sql string) (string, error) {
	t.Helper()
	bin := "psql"
	if out, err := osexec.Command("pg_config", "--bindir").Output(); err == nil {
		if path := filepath.Join(strings.TrimSpace(string(out)), bin); osexec.Command(path, "--version").Run() == nil {
			bin = path
		}
	}
	cmd := osexec.Command(bin, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", url)
	cmd.Stdin = strings.NewReader(sql)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestPsql(t *testing.T) {
	t.Parallel()
	s := start(t, store{"b/k": []byte("1,a\n2,b\n")})
	out, err := psql(t, s.URL(), `create table t (n int, v varchar(3)) diststyle even;
		begin;
		copy t from 's3://b/k' iam_role default csv;
		select n, v from t order by n;
		commit;
		select count(*) from t;`)
	want := "CREATE TABLE\nBEGIN\nINFO:  Load into table 't' completed, 2 record(s) loaded successfully.\nCOPY\n1|a\n" +
		"2|b\nCOMMIT\n2\n"
	if err != nil || out != want {
		t.Errorf("got %v\n%s\nwant\n%s", err, out, want)
	}
	out, err = psql(t, s.URL(), `insert into t values (1, 'äöü');`)
	if err == nil || !strings.Contains(out, "ERROR:  Value too long for character type") ||
		!strings.Contains(out, "code:      8001") {
		t.Errorf("got %v %s", err, out)
	}
	if out, err = psql(t, strings.Replace(s.URL(), "Secret-1", "wrong", 1), "select 1"); err == nil ||
		!strings.Contains(out, "password authentication failed") {
		t.Errorf("got %v %s", err, out)
	}
}
