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
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/page"
	"catchment/internal/salesforce"
	"catchment/internal/salesforce/login"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/room"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql"
)

// `make bench` runs TestSpeed, which prints the table of docs/benchmarks.md.
// That page says how to read it.
var (
	speedRecords = flag.Int("speed.records", 0, "measure with this many Accounts; 0 measures nothing")
	speedBig     = flag.Int("speed.big", 0, "measure merges and memory with this many as well")
	speedIn      = flag.String("speed.in", "PostgreSQL,DuckDB", "measure in these warehouses; the third is lake")
	speedRounds  = flag.Int("speed.rounds", 9, "take the median of so many rounds")
)

// perPage makes pages of about 50 MB.
const perPage = 130_000

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

// What is named is told in the first column of the table.
type named interface{ name() string }

// A yard is a warehouse to be measured, with people at hand who type SQL.
type yard interface {
	named
	marks() marks
	renew(t *testing.T) string                      // an empty warehouse; its URL
	open(t *testing.T) sql.Driver                   // that warehouse
	checkpoint(t *testing.T)                        // so that nobody pays for what was before
	floor(t *testing.T, m *material) time.Duration  // the warehouse's own loader, into a table like staging
	variants(t *testing.T, table shape.Table) []way // to merge staging by hand
}

// marks are the ratios that the issue asks for.
type marks struct{ load, run, packed float64 }

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

	kept *kept // the ratios of the short form; nil where they aren't looked at
	heap int64 // the most that Go's heap took in a run of this part, in bytes

	ran    time.Duration // the first run of few records, the last one measured
	merged time.Duration // our own merge into few records
}

func TestSpeed(t *testing.T) {
	if *speedRecords == 0 {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	s.everywhere(func(y yard) {
		s.part("quiet", y, *speedRecords, s.quiet)
		for _, records := range []int{*speedRecords, *speedBig} {
			if records > 0 {
				s.part("first", y, records, s.first)
				s.part("merge", y, records, s.merge)
			}
		}
		s.part("verify", y, max(*speedRecords, *speedBig), s.verifies)
	})
	s.print("| warehouse | what | records | ours | by hand | ratio | mark |")
}

// everywhere measures in each warehouse that was asked for.
func (s *speed) everywhere(measure func(y yard)) {
	for _, y := range []yard{&postgresYard{}, &duckYard{}} {
		if strings.Contains(*speedIn, y.name()) {
			measure(y)
		}
	}
}

// print prints the lines as a table under its head.
func (s *speed) print(head string) {
	fmt.Printf("\n%s\n|---|---|---|---|---|---|---|\n%s\n", head, strings.Join(s.lines, "\n"))
}

func (s *speed) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

// say adds a line to the table.
func (s *speed) say(y named, what string, records int, ours, hand, ratio, mark string) {
	line := fmt.Sprintf("| %s | %s | %d | %s | %s | %s | %s |", y.name(), what, records, ours, hand, ratio, mark)
	s.lines = append(s.lines, line)
	fmt.Println(line)
}

// missed is a mark, and whether it was missed.
func missed(mark string, is bool) string {
	if is {
		return mark + " missed"
	}
	return mark
}

// compare adds a line about two times.
func (s *speed) compare(y named, what string, records int, ours, hand time.Duration, mark float64) {
	ratio := ours.Seconds() / hand.Seconds()
	verdict := "-"
	if mark > 0 { // what promises nothing can't break a promise
		verdict = missed(fmt.Sprintf("%.2f", mark), ratio > mark)
		s.kept.note(lineName(y, what, records), ours, hand)
	}
	s.say(y, what, records, seconds(ours), seconds(hand), fmt.Sprintf("%.2f", ratio), verdict)
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f s", d.Seconds()) }

// first measures the first run, with what it is made of.
func (s *speed) first(y yard, records int) {
	plain, packed := s.startOrg(records, "plain"), s.startOrg(records, "packed")
	defer plain.stop()
	defer packed.stop()
	var m *material
	var runs, packs, floors, loads []time.Duration
	var peak int64
	// each round has all of them, so that a slow moment of the machine slows all
	for round := range *speedRounds {
		p := s.newRun(plain, y.renew(s.t))
		y.checkpoint(s.t)
		took, rss := p.do(s, "run", "--json")
		runs, peak = append(runs, took), max(peak, rss)
		if m == nil {
			m = s.material(plain, p)
		}
		s.must(os.RemoveAll(p.dir))
		for turn := range 2 { // who is second finds the disk as the first one left it, so they take turns
			y.renew(s.t)
			if turn == round%2 {
				floors = append(floors, y.floor(s.t, m))
			} else {
				loads = append(loads, s.load(y, m))
			}
		}
		p = s.newRun(packed, y.renew(s.t))
		y.checkpoint(s.t)
		took, _ = p.do(s, "run", "--json")
		packs = append(packs, took)
		s.must(os.RemoveAll(p.dir))
	}
	floor := median(floors)
	s.compare(y, fmt.Sprintf("load of %d pages, %d MB", len(m.pages), m.bytes/1e6), records, median(loads),
		floor, y.marks().load)
	s.compare(y, "the whole first run", records, median(runs), floor, y.marks().run)
	s.compare(y, "the same, pages packed on the way", records, median(packs), floor, y.marks().packed)
	s.peak(y, records, peak)
	if small := *speedRecords; records == small {
		s.ran = median(runs)
	} else if s.ran > 0 {
		of := time.Duration(float64(s.ran) * float64(records) / float64(small))
		s.compare(y, fmt.Sprintf("the same for %d records and %d times that for %d", records, records/small, small),
			records, median(runs), of, 1.1)
	}
}

// merge measures a merge into the table of a first run.
func (s *speed) merge(y yard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	p := s.newRun(o, y.renew(s.t))
	p.do(s, "run", "--json")
	ours := s.merges(y, s.material(o, p), records)
	if records == *speedRecords {
		s.merged = ours
	} else if s.merged > 0 {
		s.compare(y, fmt.Sprintf("the same merge into %d and into %d rows", records, *speedRecords), records,
			ours, s.merged, 2)
	}
}

func (s *speed) peak(y yard, records int, peak int64) {
	mark := "-"
	if y.name() == "PostgreSQL" {
		mark = missed("150 MiB", peak > 150<<10)
	}
	s.say(y, "peak memory of the run", records, fmt.Sprintf("%d MiB", peak>>10), "-", "-", mark)
}

// quiet proves that a run without changes takes three calls.
func (s *speed) quiet(y yard, records int) {
	o := s.startOrg(records, "plain")
	defer o.stop()
	p := s.newRun(o, y.renew(s.t))
	p.do(s, "run", "--json")
	o.advance(s, "1h")
	p.do(s, "run", "--json")
	o.advance(s, "1h")
	p.do(s, "run", "--json")
	var line struct {
		Calls int `json:"api_calls"`
	}
	s.must(json.Unmarshal([]byte(strings.SplitN(p.out.String(), "\n", 2)[0]), &line))
	s.say(y, "API calls of a run without changes", records, fmt.Sprint(line.Calls), "-", "-",
		missed("3", line.Calls > 3))
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

// measuredIn is where the copies are that are measured.
var measuredIn = warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental", Now: time.Now}

func (s *speed) claimed(d sql.Driver, t shape.Table) (warehouse.Warehouse, warehouse.Fence) {
	w := sql.New(d, measuredIn)
	return w, s.claim(w, t)
}

// claim takes the flow of Accounts, over whoever had it.
func (s *speed) claim(w warehouse.Warehouse, t shape.Table) warehouse.Fence {
	ctx := context.Background()
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
	return f
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
	heap := filepath.Join(p.dir, "heap")
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, append(slices.Clone(p.env), heapFile+"="+heap), p.out, &talk
	start := time.Now()
	if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != code {
		s.t.Fatalf("%v: %v\n%s%s", args, err, p.out, &talk)
	}
	took := time.Since(start)
	if p.bin != "" { // another binary doesn't tell
		return took, 0
	}
	used, peak := readHeap(s.t, heap)
	s.heap = max(s.heap, used)
	return took, peak
}

// calls is how many calls of the API the last run took.
func (p *speedRun) calls(s *speed) int {
	lines := strings.Split(strings.TrimSpace(p.out.String()), "\n")
	var run struct {
		Calls int `json:"api_calls"`
	}
	s.must(json.Unmarshal([]byte(lines[len(lines)-1]), &run))
	return run.Calls
}

func median(all []time.Duration) time.Duration {
	all = slices.Sorted(slices.Values(all))
	return all[len(all)/2]
}
