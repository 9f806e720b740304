package main

import (
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// `make bench` runs TestSpeed, which prints the table of docs/benchmarks.md.
// That page says how to read it.
var (
	speedRecords = flag.Int("speed.records", 0, "measure with this many Accounts; 0 measures nothing")
	speedBig     = flag.Int("speed.big", 0, "measure merges and memory with this many as well")
	speedIn      = flag.String("speed.in", "PostgreSQL,DuckDB", "measure in these warehouses")
	speedRounds  = flag.Int("speed.rounds", 9, "take the median of so many rounds")
)

// perPage makes pages of about 50 MB.
const perPage = 130_000

// changes is how many records of a merge have changed.
const changes = 10_000

// speedOrg is the fake org as a process of its own: speedorg RECORDS
// ANSWERS says where it listens.
func speedOrg() {
	var records int
	if _, err := fmt.Sscan(os.Args[1], &records); err != nil {
		panic(err)
	}
	clock := fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, PageRecords: perPage, Plain: os.Args[2] == "plain",
		DailyAPIRequests: 1_000_000, Clock: clock})
	if err != nil {
		panic(err)
	}
	if err := org.GenerateCounts(map[string]int{"Account": records}, 1); err != nil {
		panic(err)
	}
	// nobody has written a record in this very minute: the org would look through all of them for those
	clock.Advance(time.Hour)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, org))
}

// A yard is a warehouse to be measured, with people at hand who type SQL.
type yard interface {
	name() string
	marks() marks
	renew(t *testing.T) string                      // an empty warehouse; its URL
	open(t *testing.T) sql.Driver                   // that warehouse
	checkpoint(t *testing.T)                        // so that nobody pays for what was before
	floor(t *testing.T, m *material) time.Duration  // the warehouse's own loader, into a table like staging
	variants(t *testing.T, table shape.Table) []way // to merge staging by hand
}

// marks are the ratios that the issue asks for.
type marks struct{ load, run float64 }

// A way is one that somebody would merge by hand.
type way struct {
	name string
	do   func() time.Duration
}

// A material is what the org gave: its pages as text, and their table.
type material struct {
	dir   string
	table shape.Table
	pages []warehouse.Page
	bytes int64
}

func (m *material) paths() []string {
	var all []string
	for _, p := range m.pages {
		all = append(all, p.Path)
	}
	return all
}

// A speed is one measurement on its way.
type speed struct {
	t     *testing.T
	bin   string
	lines []string

	merged time.Duration // the last merge of our own
}

func TestSpeed(t *testing.T) {
	if *speedRecords == 0 {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	for _, y := range []yard{&postgresYard{}, &duckYard{}} {
		if !strings.Contains(*speedIn, y.name()) {
			continue
		}
		s.first(y, *speedRecords)
		if *speedBig > 0 {
			s.big(y, *speedBig)
		}
	}
	fmt.Printf("\n| warehouse | what | records | ours | by hand | ratio | mark |\n|---|---|---|---|---|---|---|\n%s\n",
		strings.Join(s.lines, "\n"))
}

func (s *speed) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// say adds a line to the table.
func (s *speed) say(y yard, what string, records int, ours, hand, ratio, mark string) {
	line := fmt.Sprintf("| %s | %s | %d | %s | %s | %s | %s |", y.name(), what, records, ours, hand, ratio, mark)
	s.lines = append(s.lines, line)
	fmt.Println(line)
}

// compare adds a line about two times.
func (s *speed) compare(y yard, what string, records int, ours, hand time.Duration, mark float64) {
	ratio := ours.Seconds() / hand.Seconds()
	verdict := fmt.Sprintf("%.2f", mark)
	switch {
	case mark == 0:
		verdict = "-"
	case ratio > mark:
		verdict += " missed"
	}
	s.say(y, what, records, seconds(ours), seconds(hand), fmt.Sprintf("%.2f", ratio), verdict)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// first measures the first run, with what it is made of, and leaves its table
// to be merged into.
func (s *speed) first(y yard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	var m *material
	var runs, floors, loads []time.Duration
	var peak int64
	// each round has all three, so that a slow moment of the machine slows all of them
	for round := range *speedRounds {
		p := s.newRun(o, y.renew(s.t))
		y.checkpoint(s.t)
		took, rss := p.do(s, "run", "--json")
		runs, peak = append(runs, took), max(peak, rss)
		if m == nil {
			m = s.material(o, p)
			s.quiet(y, o, p, records)
		}
		for turn := range 2 { // who is second finds the disk as the first one left it, so they take turns
			y.renew(s.t)
			if turn == round%2 {
				floors = append(floors, y.floor(s.t, m))
			} else {
				loads = append(loads, s.load(y, m))
			}
		}
	}
	floor := median(floors)
	s.compare(y, fmt.Sprintf("load of %d pages, %d MB", len(m.pages), m.bytes/1e6), records, median(loads),
		floor, y.marks().load)
	s.compare(y, "the whole first run", records, median(runs), floor, y.marks().run)
	s.compare(y, "the same, pages packed on the way", records, s.packed(y, records), floor, 0)
	s.peak(y, records, peak)
	p := s.newRun(o, y.renew(s.t))
	p.do(s, "run", "--json")
	s.merges(y, m, records)
}

// packed is a first run from an org that packs its answers, as Salesforce does
// most of the time.
func (s *speed) packed(y yard, records int) time.Duration {
	o := s.startOrg(records, "packed")
	defer o.stop()
	var runs []time.Duration
	for range *speedRounds {
		p := s.newRun(o, y.renew(s.t))
		y.checkpoint(s.t)
		took, _ := p.do(s, "run", "--json")
		runs = append(runs, took)
	}
	return median(runs)
}

// big measures what must stay as it is when the table grows.
func (s *speed) big(y yard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	p := s.newRun(o, y.renew(s.t))
	_, peak := p.do(s, "run", "--json")
	s.peak(y, records, peak)
	small := s.merged
	s.merges(y, s.material(o, p), records)
	s.compare(y, fmt.Sprintf("the same merge into %d and into %d rows", records, *speedRecords), records,
		s.merged, small, 2)
}

func (s *speed) peak(y yard, records int, peak int64) {
	mark := "-"
	if y.name() == "PostgreSQL" {
		if mark = "150 MiB"; peak > 150<<10 {
			mark += " missed"
		}
	}
	s.say(y, "peak memory of the run", records, fmt.Sprintf("%d MiB", peak>>10), "-", "-", mark)
}

// quiet proves that a run without changes takes three calls.
func (s *speed) quiet(y yard, o *orgProcess, p *speedRun, records int) {
	o.advance(s, "1h")
	p.do(s, "run", "--json")
	o.advance(s, "1h")
	p.do(s, "run", "--json")
	var line struct {
		Calls int `json:"api_calls"`
	}
	s.must(json.Unmarshal([]byte(strings.SplitN(p.out.String(), "\n", 2)[0]), &line))
	mark := "3"
	if line.Calls > 3 {
		mark += " missed"
	}
	s.say(y, "API calls of a run without changes", records, fmt.Sprint(line.Calls), "-", "-", mark)
}

// load loads the material as a run does, batch by batch.
func (s *speed) load(y yard, m *material) time.Duration {
	ctx := context.Background()
	d := y.open(s.t)
	w, f := s.claimed(d, m.table)
	y.checkpoint(s.t)
	start := time.Now()
	for pages := range slices.Chunk(m.pages, w.PagesPerLoad()) {
		_, err := w.Load(ctx, f, warehouse.Batch{Table: m.table, Attempt: "a1", Job: "j1", ReadAt: start, Pages: pages})
		s.must(err)
	}
	if y.name() == "DuckDB" {
		y.checkpoint(s.t)
	}
	took := time.Since(start)
	s.must(d.Close())
	return took
}

func (s *speed) claimed(d sql.Driver, t shape.Table) (warehouse.Warehouse, warehouse.Fence) {
	ctx := context.Background()
	w := sql.New(d, warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: time.Now})
	f := warehouse.Fence{Flow: "Account", Number: 1 << 40}
	s.must(w.Migrate(ctx))
	mark, known, err := w.Mark(ctx, f.Flow)
	s.must(err)
	org := "00D000000000001AAA"
	if known {
		org = mark.Org
	}
	_, err = w.Claim(ctx, f, t.Name, org)
	s.must(err)
	_, err = w.Prepare(ctx, f, t)
	s.must(err)
	return w, f
}

// merges consolidates changed records into the table that the last run left,
// and does the same by hand in copies of it.
func (s *speed) merges(y yard, m *material, records int) {
	ctx := context.Background()
	d := y.open(s.t)
	defer func() { s.must(d.Close()) }()
	w, f := s.claimed(d, m.table)
	ways := y.variants(s.t, m.table)
	hand := make([][]time.Duration, len(ways))
	var ours []time.Duration
	for round := range *speedRounds {
		name := fmt.Sprintf("merge-%d", round)
		changed := s.changed(m, records, round)
		_, err := w.Load(ctx, f, warehouse.Batch{Table: m.table, Attempt: name, Job: name, ReadAt: time.Now(),
			Pages: []warehouse.Page{changed}})
		s.must(err)
		for i, way := range ways {
			y.checkpoint(s.t)
			hand[i] = append(hand[i], way.do())
		}
		y.checkpoint(s.t)
		start := time.Now()
		c, err := w.Consolidate(ctx, f, warehouse.Merge{Table: m.table, Attempt: name, Policy: gone.Flag,
			Pages: 1, Rows: changes})
		ours = append(ours, time.Since(start))
		s.must(err)
		if c.Updated+c.Deleted != changes {
			s.t.Fatalf("%+v of %d changes", c, changes)
		}
	}
	best := 0
	for i := range ways {
		if median(hand[i]) < median(hand[best]) {
			best = i
		}
	}
	s.merged = median(ours)
	s.compare(y, fmt.Sprintf("merge of %d changed records; by hand: %s", changes, ways[best].name), records,
		median(ours), median(hand[best]), 1.5)
}

// changed is a page of records spread over the table, each stamped later.
func (s *speed) changed(m *material, records, round int) warehouse.Page {
	path := filepath.Join(m.dir, fmt.Sprintf("changed-%d.csv", round))
	out, err := os.Create(path)
	s.must(err)
	header := m.pages[0].Header
	stamp := slices.Index(header, "SystemModstamp")
	w := page.NewWriter(out, header)
	n, every := 0, records/changes
	for _, p := range m.pages {
		in, err := os.Open(p.Path)
		s.must(err)
		r := page.NewReader(in)
		_, err = r.Header()
		s.must(err)
		for i := 0; ; i++ {
			fields, err := r.Next()
			if err == io.EOF {
				break
			}
			s.must(err)
			if i%every != 0 || n == changes {
				continue
			}
			n++
			texts := make([]string, len(fields))
			for i, f := range fields {
				texts[i] = string(f)
			}
			texts[stamp] = time.Date(2030, 1, 1, 0, round, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")
			s.must(w.Write(texts))
		}
		s.must(in.Close())
	}
	s.must(w.Flush())
	s.must(out.Close())
	return s.page(path, int64(1000+round))
}

// page looks at a file as a run does.
func (s *speed) page(path string, seq int64) warehouse.Page {
	f, err := os.Open(path)
	s.must(err)
	defer f.Close()
	in := page.Check(f, false, -1, func(field string) page.Look {
		if field == "AnnualRevenue" {
			return page.Look{Number: &page.Number{Digits: 38, Whole: 38, Fraction: 38}}
		}
		return page.Look{}
	})
	_, err = io.Copy(io.Discard, in)
	s.must(err)
	shape := in.Shape()
	p := warehouse.Page{Key: path, Seq: seq, Header: shape.Header, Rows: shape.Records,
		Digest: shape.Digest, Path: path}
	for _, d := range shape.Digits {
		p.Digits = append(p.Digits, room.Digits{Field: d.Column, Whole: d.Whole, Fraction: d.Fraction})
	}
	return p
}

// material unpacks the pages of a run.
func (s *speed) material(o *orgProcess, p *speedRun) *material {
	m := &material{dir: s.t.TempDir(), table: s.table(o)}
	files, err := filepath.Glob(filepath.Join(p.dir, "stage", "Account", "*", "*", "*"))
	s.must(err)
	for i, path := range files {
		in, err := os.Open(path)
		s.must(err)
		var text io.Reader = in
		if strings.HasSuffix(path, ".gz") {
			text, err = gzip.NewReader(in)
			s.must(err)
		}
		plain := filepath.Join(m.dir, fmt.Sprintf("page-%02d.csv", i))
		out, err := os.Create(plain)
		s.must(err)
		n, err := io.Copy(out, text)
		s.must(err)
		m.bytes += n
		s.must(in.Close())
		s.must(out.Close())
		m.pages = append(m.pages, s.page(plain, int64(i+1)))
	}
	return m
}

func (s *speed) table(o *orgProcess) shape.Table {
	c, err := salesforce.New(salesforce.Config{URL: o.url, APIVersion: "66.0", HTTP: http.DefaultClient,
		Login: login.ClientCredentials{ClientID: o.credentials.ClientID, ClientSecret: o.credentials.ClientSecret}})
	s.must(err)
	object, err := c.Describe(context.Background(), "Account")
	s.must(err)
	fields, _, err := flow.Flow{Object: "Account"}.Choose(object)
	s.must(err)
	t, err := shape.TableFor(object, fields, false)
	s.must(err)
	return t
}

// An orgProcess is the fake org on the other side of a socket.
type orgProcess struct {
	url         string
	cmd         *exec.Cmd
	credentials fakeorg.Credentials
}

func (s *speed) startOrg(records int, answers string) *orgProcess {
	return s.startOrgAs("speedorg", fmt.Sprint(records), answers)
}

// startOrgAs starts one of the programs that are an org.
func (s *speed) startOrgAs(program string, args ...string) *orgProcess {
	// its secrets come from the seed
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, Clock: fakeorg.FollowClock(time.Now(), time.Now)})
	s.must(err)
	o := &orgProcess{credentials: org.Credentials()}
	o.cmd = exec.Command(filepath.Join(s.bin, program), args...)
	o.cmd.Stderr = os.Stderr
	said, err := o.cmd.StdoutPipe()
	s.must(err)
	s.must(o.cmd.Start())
	addr, err := bufio.NewReader(said).ReadString('\n') // it says where it listens, once it has made its records
	s.must(err)
	o.url = "http://" + strings.TrimSpace(addr)
	return o
}

func (o *orgProcess) stop() {
	_ = o.cmd.Process.Kill()
	_ = o.cmd.Wait()
}

func (o *orgProcess) advance(s *speed, by string) { o.post(s, "clock", map[string]any{"advance": by}) }

// post asks the org for something that no client of Salesforce can.
func (o *orgProcess) post(s *speed, path string, asked map[string]any) {
	s.t.Helper()
	body, err := json.Marshal(asked)
	s.must(err)
	req, err := http.NewRequest("POST", o.url+"/_org/"+path, bytes.NewReader(body))
	s.must(err)
	req.Header.Set("Authorization", "Bearer "+o.credentials.AccessToken)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	s.must(err)
	s.must(resp.Body.Close())
	if resp.StatusCode >= 300 {
		s.t.Fatal(path, ": ", resp.Status)
	}
}

// A speedRun is a configuration in a folder of its own.
type speedRun struct {
	dir string
	bin string // the binary that is run; this one where empty
	env []string
	out *bytes.Buffer
}

func (s *speed) newRun(o *orgProcess, url string) *speedRun {
	p := &speedRun{dir: s.t.TempDir(), env: append(os.Environ(), "SF_CLIENT_ID="+o.credentials.ClientID,
		"SF_CLIENT_SECRET="+o.credentials.ClientSecret)}
	p.wants(s, o.url, url, "{object: Account}")
	return p
}

// wants writes the configuration.
func (p *speedRun) wants(s *speed, org, url, flows string) {
	config := fmt.Sprintf(`version: 1
org: {url: %q, login: {flow: client_credentials, client_id: env:SF_CLIENT_ID, client_secret: env:SF_CLIENT_SECRET}}
warehouse: {url: %q}
stage: {url: dir:stage}
control: {url: sqlite:control.db}
flows: [%s]
`, org, url, flows)
	s.must(os.WriteFile(filepath.Join(p.dir, "catchment.yaml"), []byte(config), 0o600))
}

// do runs catchment, and tells how long it took and its peak memory in KiB.
func (p *speedRun) do(s *speed, args ...string) (time.Duration, int64) {
	s.t.Helper()
	return p.exits(s, 0, args...)
}

// exits is do for a command that may end with another code too.
func (p *speedRun) exits(s *speed, code int, args ...string) (time.Duration, int64) {
	s.t.Helper()
	cmd := exec.Command(cmp.Or(p.bin, filepath.Join(s.bin, "catchment")), args...)
	p.out = new(bytes.Buffer)
	var talk bytes.Buffer
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, p.out, &talk
	start := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != code {
		s.t.Fatalf("%v: %v\n%s%s", args, err, p.out, &talk)
	}
	return time.Since(start), cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
