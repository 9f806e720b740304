package main

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/schema"
)

// `make bench` runs TestManySpeed: an org has hundreds of objects, most of which are small
// and quiet. The binary of before takes turns with this one.
var (
	manyObjects = flag.String("many.objects", "", "measure with so many objects: 71,400,1200; nothing where empty")
	manyRecords = flag.Int("many.records", 20, "that have so many records each")
	manyMost    = flag.Int("many.before-most", 400, "measure it with more objects than that in one round alone")
)

// manyFields are the fields of each object, beside those that every object has.
var manyFields = []string{"string", "string", "string", "picklist", "double", "currency", "date", "datetime", "boolean",
	"int", "textarea", "email"}

// manyOrg is a fake org of many small objects as a process of its own: manyorg OBJECTS
// RECORDS says where it listens.
func manyOrg() {
	var objects, records int
	if _, err := fmt.Sscan(strings.Join(os.Args[1:], " "), &objects, &records); err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "many")
	if err != nil {
		panic(err)
	}
	if err := writeMany(dir, objects, records); err != nil {
		panic(err)
	}
	clock := fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, DailyAPIRequests: 1_000_000, DailyQueryJobs: 1_000_000,
		Clock: clock})
	if err != nil {
		panic(err)
	}
	if err := org.LoadDir(dir, ""); err != nil {
		panic(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	clock.Advance(time.Hour)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, org))
}

// manyName is what an object is called.
func manyName(i int) string { return fmt.Sprintf("Many%04d__c", i) }

// manyPrefix is how the Ids of its records begin.
func manyPrefix(i int) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	return "a" + string(digits[i/len(digits)]) + string(digits[i%len(digits)])
}

// manyID is the Id of a record.
func manyID(object, record int) string {
	id, err := schema.ID18(fmt.Sprintf("%sHo%010d", manyPrefix(object), record))
	if err != nil {
		panic(err)
	}
	return id
}

// writeMany writes a folder for LoadDir.
func writeMany(dir string, objects, records int) error {
	about := map[string]any{}
	header, fields := []string{"Id", "Name"}, []map[string]string{{"name": "Id", "type": "id"},
		{"name": "Name", "type": "string"}}
	for i, kind := range manyFields {
		name := fmt.Sprintf("F%02d__c", i)
		header, fields = append(header, name), append(fields, map[string]string{"name": name, "type": kind})
	}
	for i := range objects {
		lines := [][]string{header}
		for k := range records {
			line := []string{manyID(i, k), fmt.Sprintf("Record %d", k)}
			for j, kind := range manyFields {
				line = append(line, manyValue(kind, i+j+k))
			}
			lines = append(lines, line)
		}
		var text bytes.Buffer
		if err := csv.NewWriter(&text).WriteAll(lines); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, manyName(i)+".csv"), text.Bytes(), 0o600); err != nil {
			return err
		}
		about[manyName(i)] = map[string]any{"keyPrefix": manyPrefix(i), "rows": records, "fields": fields}
	}
	text, err := json.Marshal(about)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "objects.json"), text, 0o600)
}

// manyValue is a value of a field's type.
func manyValue(kind string, n int) string {
	switch kind {
	case "double", "currency":
		return fmt.Sprintf("%d.25", n)
	case "int":
		return fmt.Sprint(n)
	case "boolean":
		return fmt.Sprint(n%2 == 0)
	case "date":
		return fmt.Sprintf("2025-01-%02d", n%28+1)
	case "datetime":
		return fmt.Sprintf("2025-01-%02dT10:00:00.000Z", n%28+1)
	case "email":
		return fmt.Sprintf("somebody%d@example.com", n)
	}
	return fmt.Sprintf("a value of %s %d", kind, n)
}

// A manyTimes is what a binary took, by kind of run.
type manyTimes struct{ first, quiet, changed []time.Duration }

func (m *manyTimes) of(kind string) *[]time.Duration {
	switch kind {
	case "first":
		return &m.first
	case "quiet":
		return &m.quiet
	}
	return &m.changed
}

// manyMarked is the number of objects that manyMarks are of.
const manyMarked = 400

// manyMarks are how much of the time of before a run may take.
var manyMarks = map[string]map[string]float64{
	"DuckDB":     {"quiet": 0.1, "changed": 1.0 / 3, "first": 0.5},
	"PostgreSQL": {"quiet": 1.0 / 3, "changed": 0.5, "first": 0.5},
}

func TestManySpeed(t *testing.T) {
	if *manyObjects == "" {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	s.everywhere(func(y yard) {
		least := map[string]float64{} // seconds of a flow, of the smallest number
		for _, text := range strings.Split(*manyObjects, ",") {
			n, err := strconv.Atoi(text)
			s.must(err)
			s.part("many", y, n, func(y yard, n int) { s.many(y, n, least) })
		}
	})
	s.print("| warehouse | what | objects | ours | before | ratio | mark |")
}

// many measures runs over so many objects: the first one, a quiet one, and one of which
// each object has one changed record.
func (s *speed) many(y yard, objects int, least map[string]float64) {
	var ours, before manyTimes
	calls := 0
	for round := range *speedRounds {
		with := *speedBefore != "" && (round == 0 || objects <= *manyMost)
		o := s.startMany(objects)
		for turn := range 2 { // each has an org that nobody has asked anything yet
			if turn == round%2 {
				calls = s.manyRuns(y, o, objects, "", &ours)
			} else if with {
				s.manyRuns(y, o, objects, *speedBefore, &before)
			}
		}
		o.stop()
	}
	s.say(y, "API calls of a quiet run", objects, fmt.Sprint(calls), "-", "-", "-")
	for _, kind := range []string{"quiet", "changed", "first"} {
		what := map[string]string{"quiet": "a run without changes", "changed": "one changed record each",
			"first": "the first run"}[kind]
		took := median(*ours.of(kind))
		if by := *before.of(kind); len(by) > 0 {
			mark := 0.0
			if objects == manyMarked {
				mark = manyMarks[y.name()][kind]
			}
			s.compare(y, what, objects, took, median(by), mark)
		} else {
			s.say(y, what, objects, seconds(took), "-", "-", "-")
		}
		each := took.Seconds() / float64(objects)
		if least[kind] == 0 {
			least[kind] = each
			continue
		}
		s.say(y, what+", a flow against the smallest number", objects, fmt.Sprintf("%.1f ms", each*1000),
			fmt.Sprintf("%.1f ms", least[kind]*1000), fmt.Sprintf("%.2f", each/least[kind]),
			missed("1.20", each > 1.2*least[kind]))
	}
}

// startMany starts an org of many objects.
func (s *speed) startMany(objects int) *orgProcess {
	return s.startOrgAs("manyorg", fmt.Sprint(objects), fmt.Sprint(*manyRecords))
}

// manyRuns measures the runs of one binary, and tells how many calls the quiet one took.
func (s *speed) manyRuns(y yard, o *orgProcess, objects int, binary string, took *manyTimes) (calls int) {
	url := y.renew(s.t)
	p := s.newRun(o, url)
	p.bin = binary
	flows := make([]string, objects)
	for i := range flows {
		flows[i] = "{object: " + manyName(i) + "}"
	}
	p.wants(s, o.url, url, strings.Join(flows, ", "))
	run := func(kind string) {
		y.checkpoint(s.t)
		d, _ := p.do(s, "run", "--json")
		*took.of(kind) = append(*took.of(kind), d)
		if n := strings.Count(p.out.String(), `"state":"done"`); n != objects+1 { // and the run itself
			s.t.Fatalf("%d of %d flows are done:\n%s", n-1, objects, p.out)
		}
	}
	run("first")
	o.advance(s, "1h")
	run("quiet")
	calls = p.calls(s)
	ids := make([]string, objects)
	for i := range ids {
		ids[i] = manyID(i, 3)
	}
	o.post(s, "records", map[string]any{"do": "touch", "ids": ids})
	o.advance(s, "1h")
	run("changed")
	return calls
}
