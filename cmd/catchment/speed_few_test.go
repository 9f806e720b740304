package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/notice"
)

// `make bench` runs TestFewSpeed: the run that happens all day, in which a few thousand of
// many records have changed. docs/benchmarks.md says how to read its lines.
var fewRecords = flag.Int("few.records", 0, "measure a run with 2,600 changes in so many Accounts; 0 measures nothing")

// What changes before each run that is measured, of which 100 deleted records are purged.
const (
	fewChanged = 1000
	fewNew     = 1000
	fewDeleted = 600
	fewPurged  = 100
)

// The marks: how much longer than the org's answers a run may take, which part of the time
// of before, and how many calls besides those for pages.
const (
	fewBeyond = 500 * time.Millisecond
	fewOfOld  = 0.5
	fewCalls  = 6
)

func TestFewSpeed(t *testing.T) {
	if *fewRecords == 0 {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	s.everywhere(func(y yard) { s.part("few", y, *fewRecords, s.few) })
	s.print("| warehouse | what | records | ours | by hand | ratio | mark |")
}

// A fewRun is what a run took, and what the org's log says of it.
type fewRun struct {
	took, org    time.Duration
	calls, pages int
}

// few measures a run with few changes, by this binary and by the one of before, each of
// which has a copy of its own. They take turns.
func (s *speed) few(y yard, records int) {
	o := s.startLoggedOrg(records)
	defer o.stop()
	copies := []*fewCopy{o.copy(y.name(), "")}
	if *speedBefore != "" {
		copies = append(copies, o.copy(y.name(), *speedBefore))
	}
	for _, c := range copies {
		c.run()
	}
	runs := make([][]fewRun, len(copies))
	for round := range *speedRounds {
		o.change()
		for turn := range copies {
			i := (round + turn) % len(copies)
			copies[i].yard.checkpoint(s.t)
			runs[i] = append(runs[i], copies[i].run())
		}
	}
	ours := runs[0]
	took := median(of(ours, func(r fewRun) time.Duration { return r.took }))
	org := median(of(ours, func(r fewRun) time.Duration { return r.org }))
	beyond := median(of(ours, func(r fewRun) time.Duration { return r.took - r.org }))
	changes := fewChanged + fewNew + fewDeleted
	s.say(y, fmt.Sprintf("a run with %d changes; by hand: the org's answers", changes), records, seconds(took),
		seconds(org), "+"+seconds(beyond), missed("+"+seconds(fewBeyond), beyond > fewBeyond))
	calls, pages := ours[len(ours)-1].calls, ours[len(ours)-1].pages
	s.say(y, fmt.Sprintf("its API calls, %d of them for pages", pages), records, fmt.Sprint(calls), "-", "-",
		missed(fmt.Sprint(pages+fewCalls), calls > pages+fewCalls))
	if len(copies) > 1 {
		s.compare(y, fmt.Sprintf("a run with %d changes; by hand: the binary of before, with %d API calls", changes,
			runs[1][len(runs[1])-1].calls), records, took,
			median(of(runs[1], func(r fewRun) time.Duration { return r.took })), fewOfOld)
	}
}

func of(runs []fewRun, what func(fewRun) time.Duration) []time.Duration {
	all := make([]time.Duration, len(runs))
	for i, r := range runs {
		all[i] = what(r)
	}
	return all
}

// A loggedOrg is the fake org as anybody starts it, with its log of requests.
type loggedOrg struct {
	*speed
	cmd   *exec.Cmd
	about notice.Org
	log   string // a file
	next  int    // the first record that no change has touched
	ids   []string
}

func (s *speed) startLoggedOrg(accounts int) *loggedOrg {
	o := &loggedOrg{speed: s, log: filepath.Join(s.t.TempDir(), "org.log")}
	log, err := os.Create(o.log)
	s.must(err)
	// a fifth of the records that it makes are Accounts
	o.cmd = exec.Command(filepath.Join(s.bin, "catchment"), "org", "--records", fmt.Sprint(5*accounts), "--seed", "1",
		"--log")
	o.cmd.Stderr = log
	said, err := o.cmd.StdoutPipe()
	s.must(err)
	s.must(o.cmd.Start())
	line, err := bufio.NewReader(said).ReadBytes('\n')
	s.must(err)
	s.must(json.Unmarshal(line, &o.about))
	o.ids = o.query("SELECT Id FROM Account ORDER BY Id LIMIT 40000")
	return o
}

func (o *loggedOrg) stop() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}

// ask does a request as somebody who works in the org.
func (o *loggedOrg) ask(method, path string, asked, answer any) {
	o.t.Helper()
	body, err := json.Marshal(asked)
	o.must(err)
	req, err := http.NewRequest(method, o.about.URL+path, bytes.NewReader(body))
	o.must(err)
	req.Header.Set("Authorization", "Bearer "+o.about.AccessToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	o.must(err)
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		o.t.Fatal(method, " ", path, ": ", resp.Status)
	}
	if answer != nil {
		o.must(json.NewDecoder(resp.Body).Decode(answer))
	}
}

func (o *loggedOrg) query(soql string) (ids []string) {
	for path := "/services/data/v66.0/query?q=" + url.QueryEscape(soql); path != ""; {
		var answer struct {
			Records []struct{ ID string }
			Next    string `json:"nextRecordsUrl"`
		}
		o.ask("GET", path, nil, &answer)
		for _, r := range answer.Records {
			ids = append(ids, r.ID)
		}
		path = answer.Next
	}
	return ids
}

// change does what people and programs do in an org between two runs.
func (o *loggedOrg) change() {
	const collection = "/services/data/v66.0/composite/sobjects"
	write := func(method string, n int, fields func(i int) map[string]any) {
		for from := 0; from < n; from += 200 {
			var records []map[string]any
			for i := from; i < from+200; i++ {
				record := fields(i)
				record["attributes"] = map[string]string{"type": "Account"}
				records = append(records, record)
			}
			o.ask(method, collection, map[string]any{"records": records}, nil)
		}
	}
	write("PATCH", fewChanged, func(i int) map[string]any {
		return map[string]any{"Id": o.ids[o.next+i], "Phone": fmt.Sprint("changed ", o.next)}
	})
	write("POST", fewNew, func(i int) map[string]any { return map[string]any{"Name": fmt.Sprint("new ", i)} })
	deleted := o.ids[o.next+fewChanged : o.next+fewChanged+fewDeleted]
	for ids := range slices.Chunk(deleted, 200) {
		o.ask("DELETE", collection+"?ids="+strings.Join(ids, ","), nil, nil)
	}
	o.ask("POST", "/_org/records", map[string]any{"do": "purge", "ids": deleted[:fewPurged]}, nil)
	o.next += fewChanged + fewDeleted
	// the logs go up to the last full minute, and are asked about two minutes at least
	o.ask("POST", "/_org/clock", map[string]any{"advance": "5m"}, nil)
}

// A fewCopy is one binary's copy of the org.
type fewCopy struct {
	of   *loggedOrg
	yard yard
	at   *speedRun
}

// copy makes a copy by a binary, this one where it is "".
func (o *loggedOrg) copy(warehouse, bin string) *fewCopy {
	c := &fewCopy{of: o, yard: &duckYard{}}
	if warehouse == "PostgreSQL" {
		c.yard = &postgresYard{}
	}
	org := &orgProcess{url: o.about.URL}
	org.credentials.ClientID, org.credentials.ClientSecret = o.about.ClientID, o.about.ClientSecret
	c.at = o.newRun(org, c.yard.renew(o.t))
	c.at.bin = bin
	return c
}

// run does a run.
func (c *fewCopy) run() fewRun {
	before, err := os.Stat(c.of.log)
	c.of.must(err)
	var r fewRun
	r.took, _ = c.at.do(c.of.speed, "run", "--json")
	log, err := os.ReadFile(c.of.log)
	c.of.must(err)
	r.calls, r.pages, r.org, err = readLog(string(log[before.Size():]))
	c.of.must(err)
	if told := c.at.calls(c.of.speed); told != r.calls {
		c.of.t.Fatalf("the run tells of %d calls, and the org's log of %d", told, r.calls)
	}
	return r
}

// logLine is a line of the org's log: when, which method, which path, what of it, and how
// long the answer took.
var logLine = regexp.MustCompile(`^(\S+Z) ([A-Z]+) (\S+)(.*) \S+ \d+ bytes (\S+)$`)

// readLog reads the org's log of one run: which requests count as API calls, which of them
// brought pages of records, and for how long the org was busy answering. That is the
// critical path: no run that asks the same can be faster.
func readLog(log string) (calls, pages int, busy time.Duration, err error) {
	var until time.Time
	for line := range strings.Lines(log) {
		found := logLine.FindStringSubmatch(strings.TrimSpace(line))
		if found == nil {
			return 0, 0, 0, fmt.Errorf("no line of the log: %s", line)
		}
		begun, err := time.Parse(time.RFC3339, found[1])
		if err != nil {
			return 0, 0, 0, err
		}
		took, err := time.ParseDuration(found[5])
		if err != nil {
			return 0, 0, 0, err
		}
		path, asked := found[3], found[4]
		if strings.HasPrefix(path, "/services/data/v") { // what is neither a login nor the list of versions
			calls++
		}
		reads := strings.Contains(asked, ` q="SELECT Id, IsDeleted`) || strings.Contains(path, "/query/01g")
		if reads || strings.HasSuffix(path, "/results") {
			pages++
		}
		if begun.Before(until) { // two at once
			took -= until.Sub(begun)
			begun = until
		}
		if took > 0 {
			busy, until = busy+took, begun.Add(took)
		}
	}
	return calls, pages, busy, nil
}

func TestReadLog(t *testing.T) {
	t.Parallel()
	const at, data = "2026-03-01T12:00:0", "Z GET /services/data/v68.0/"
	calls, pages, busy, err := readLog(at + "0.000Z GET /services/data/ 200 474 bytes 1ms\n" +
		at + "1.000" + data + "sobjects 200 1296 bytes 200µs\n" +
		at + "2.000" + data + `queryAll q="SELECT Id, IsDeleted, Name FROM Account" 200 9 bytes 10ms` + "\n" +
		at + "2.004" + data + "query/01gHo0000000002IAA-2000 200 7 bytes 8ms\n" +
		at + "2.005" + data + "jobs/query/750Ho/results locator=\"MA\" 200 7 bytes 2ms\n" +
		at + "3.000" + data + `queryAll q="SELECT Id, SystemModstamp FROM Account" 200 7 bytes 1ms` + "\n")
	if calls != 5 || pages != 3 || busy != 14200*time.Microsecond || err != nil {
		t.Errorf("%d calls, %d pages, busy for %s, %v", calls, pages, busy, err)
	}
	if _, _, _, err := readLog("something else\n"); err == nil {
		t.Error("that is no log")
	}
}
