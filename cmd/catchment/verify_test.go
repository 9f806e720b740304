package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/warehouse/sql"
)

// `make verify-big` runs TestVerifyLiveOrg with millions of records; the tests
// run its short form.
var (
	verifyRecords = flag.Int("verify.records", 50_000, "verify a copy of so many Accounts")
	verifyIn      = flag.String("verify.in", "DuckDB", "in these warehouses: PostgreSQL,DuckDB")
)

// callsAtMost is what a comparison of 5,000,000 records may cost.
const callsAtMost = 200

// TestVerifyLiveOrg seeds seven differences into a copy and finds them, and no
// others, while records of the org go on changing; then it mends them.
func TestVerifyLiveOrg(t *testing.T) {
	t.Parallel()
	for _, y := range []yard{&postgresYard{}, &duckYard{}} {
		if strings.Contains(*verifyIn, y.name()) {
			t.Run(y.name(), func(t *testing.T) { verifyLiveOrg(t, y, *verifyRecords) })
		}
	}
}

func verifyLiveOrg(t *testing.T, y yard, records int) {
	s := &speed{t: t, bin: t.TempDir()}
	self, err := os.Executable()
	s.must(err)
	for _, name := range []string{"catchment", "speedorg"} {
		s.must(os.Symlink(self, filepath.Join(s.bin, name)))
	}
	o := s.startOrg(records, "packed")
	defer o.stop()
	p := s.newRun(o, y.renew(t))
	took, peak := p.do(s, "run", "--json")
	t.Logf("first run: %s, %d MiB", took, peak>>10)
	seven(t, y, records)

	life := o.live(s, records)
	defer life.end()
	found := p.verify(s)
	found.is(t, "missing 2, extra 2, stale 2, wrong 0, repaired 0, remaining 6")
	found = p.verify(s, "--digest", "--repair", "--certificate", "verified.json")
	found.is(t, "missing 2, extra 2, stale 2, wrong 1, repaired 7, remaining 0")
	if got := fmt.Sprint(found.WrongIDs); got != "[{"+accountID(7)+" [name]}]" {
		t.Errorf("wrong: %s", got)
	}
	found = p.verify(s)
	found.is(t, "missing 0, extra 0, stale 0, wrong 0, repaired 0, remaining 0")
	if found.Pending == 0 {
		t.Error("nothing changed meanwhile")
	}
	life.end()
	var c struct {
		Agrees  bool
		Objects []struct {
			SourceSet    certified `json:"source_set"`
			WarehouseSet certified `json:"warehouse_set"`
		}
	}
	text, err := os.ReadFile(filepath.Join(p.dir, "verified.json"))
	s.must(err)
	s.must(json.Unmarshal(text, &c))
	if !c.Agrees || c.Objects[0].SourceSet != c.Objects[0].WarehouseSet ||
		c.Objects[0].SourceSet.Records < int64(records*9/10) {
		t.Errorf("certificate: %s", text)
	}
}

type certified struct {
	Records int64
	SHA256  string
}

// accountID is the Id of the n-th generated Account.
func accountID(n int) string {
	const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	body := []byte("001Ho0000000000")
	for i := len(body) - 1; n > 0; n, i = n/62, i-1 {
		body[i] = digits[n%62]
	}
	suffix := ""
	for part := range 3 {
		bits := 0
		for i := range 5 {
			if c := body[part*5+i]; c >= 'A' && c <= 'Z' {
				bits |= 1 << i
			}
		}
		suffix += string("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits])
	}
	return string(body) + suffix
}

// seven seeds two missing records, two stale ones of the same day, two extra
// ones, and a wrong value under an equal stamp.
func seven(t *testing.T, y yard, records int) {
	t.Helper()
	ctx := context.Background()
	d := y.open(t)
	defer func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}()
	id := func(n int) string { return "'" + accountID(n) + "'" }
	last := records - 1
	err := d.Tx(ctx, func(tx sql.Tx) error {
		for _, c := range []struct {
			sql     string
			touches int64
		}{
			{"DELETE FROM salesforce.account WHERE id IN (" + id(1) + ", " + id(last) + ")", 2},
			{"UPDATE salesforce.account SET systemmodstamp = systemmodstamp - INTERVAL '1 second' WHERE id IN (" +
				id(3) + ", " + id(4) + ")", 2},
			{"CREATE TEMP TABLE seeded AS SELECT * FROM salesforce.account WHERE id IN (" + id(5) + ", " +
				id(6) + ")", -1},
			{"UPDATE seeded SET id = '001Ho00000zzzzzIAA' WHERE id = " + id(5), 1},
			{"UPDATE seeded SET id = '001Ho00000zzzzyIAA' WHERE id = " + id(6), 1},
			{"INSERT INTO salesforce.account SELECT * FROM seeded", 2},
			{"DROP TABLE seeded", -1},
			{"UPDATE salesforce.account SET name = 'Nobody' WHERE id = " + id(7), 1},
		} {
			n, err := tx.Exec(ctx, c.sql)
			if err != nil {
				return err
			}
			if c.touches >= 0 && n != c.touches {
				return fmt.Errorf("%s: %d rows", c.sql, n)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// A life is an org that goes on changing.
type life struct {
	stop    chan struct{}
	once    sync.Once
	done    sync.WaitGroup
	changed int
	t       *testing.T
}

// live changes, creates and deletes Accounts until end, none of the seeded.
func (o *orgProcess) live(s *speed, records int) *life {
	l := &life{stop: make(chan struct{}), t: s.t}
	call := func(method, path, body string) {
		req, err := http.NewRequest(method, o.url+"/services/data/v66.0/sobjects/Account"+path, strings.NewReader(body))
		if err != nil {
			s.t.Error(err)
			return
		}
		req.Header.Set("Authorization", "Bearer "+o.credentials.AccessToken)
		req.Header.Set("Content-Type", "application/json")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			s.t.Error(err)
			return
		}
		resp.Body.Close()
		if resp.StatusCode >= 300 {
			s.t.Errorf("%s %s: %s", method, path, resp.Status)
		}
	}
	l.done.Go(func() {
		for n := 100; n < records-100; n += 1 + records/20_000 {
			select {
			case <-l.stop:
				return
			case <-time.After(10 * time.Millisecond):
			}
			switch l.changed % 10 {
			case 0:
				call("POST", "", fmt.Sprintf(`{"Name":"Born while somebody looks %d"}`, n))
			case 1:
				call("DELETE", "/"+accountID(n), "")
			default:
				call("PATCH", "/"+accountID(n), fmt.Sprintf(`{"Phone":"%d"}`, n))
			}
			l.changed++
		}
	})
	return l
}

func (l *life) end() {
	l.once.Do(func() {
		close(l.stop)
		l.done.Wait()
		l.t.Logf("%d records changed meanwhile", l.changed)
	})
}

// A finding is the line of a comparison.
type finding struct {
	Source, Warehouse, Missing, Extra, Stale, Wrong, Pending, Cleared, Repaired, Remaining int64
	Calls                                                                                  int64 `json:"api_calls"`
	WrongIDs                                                                               []struct {
		ID      string
		Columns []string
	} `json:"wrong_ids"`
}

func (f finding) is(t *testing.T, want string) {
	t.Helper()
	got := fmt.Sprintf("missing %d, extra %d, stale %d, wrong %d, repaired %d, remaining %d", f.Missing, f.Extra,
		f.Stale, f.Wrong, f.Repaired, f.Remaining)
	if got != want {
		t.Errorf("found %s, want %s", got, want)
	}
	if f.Calls > callsAtMost {
		t.Errorf("%d API calls, more than %d", f.Calls, callsAtMost)
	}
}

// verify compares, and tells what that took.
func (p *speedRun) verify(s *speed, args ...string) finding {
	s.t.Helper()
	took, peak := p.exits(s, 4, append([]string{"verify", "--json"}, args...)...)
	var f finding
	s.must(json.Unmarshal(p.out.Bytes(), &f))
	if f.Repaired == 0 && f.Remaining == 0 {
		f.Remaining = f.Missing + f.Extra + f.Stale + f.Wrong
	}
	s.t.Logf("verify %s: %d records, %d pending, %d cleared, %d API calls, %.1f s, %d MiB",
		strings.Join(args, " "), f.Source, f.Pending, f.Cleared, f.Calls, took.Seconds(), peak>>10)
	return f
}
