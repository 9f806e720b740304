package main

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/page"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/tables"
)

// The marks of a lake: beside two COPYs by DuckDB of the same pages, beside PyIceberg's upsert of the same changes,
// into five times as many rows, and in memory.
const (
	lakeFirst  = 1.5
	lakeUpsert = 0.2
	lakeBig    = 5
	lakeMemory = 512 // MiB
)

// A lakeYard is a lake in a folder.
type lakeYard struct{}

func (lakeYard) name() string { return "lake" }

// TestLakeSpeed measures a lake beside engines that others wrote: a lake has no loader of its own.
func TestLakeSpeed(t *testing.T) {
	if *speedRecords == 0 || !strings.Contains(*speedIn, lakeYard{}.name()) {
		t.Skip("make bench measures")
	}
	s := newSpeed(t)
	var small time.Duration
	for _, records := range []int{*speedRecords, *speedBig} {
		if records == 0 {
			continue
		}
		s.measured("first", func() { s.lakeFirst(records) })
		s.measured("merge", func() {
			took := s.lakeMerge(records)
			if records == *speedRecords {
				small = took
				return
			}
			if small > 0 {
				s.compare(lakeYard{}, fmt.Sprintf("the same merge into %d and into %d rows", records, *speedRecords),
					records, took, small, lakeBig)
			}
		})
	}
	s.print("| warehouse | what | records | ours | by hand | ratio | mark |")
}

// lakeFirst measures the first run, and what of it is the lake's. By hand is DuckDB, which writes the pages into a
// file of Parquet as they come, and into another by the order of their Ids, packed as ours are.
func (s *speed) lakeFirst(records int) {
	org := s.startOrg(records, "plain")
	defer org.stop()
	var m *material
	var runs, floors, ours []time.Duration
	var peak int64
	for round := range *speedRounds {
		p := s.newRun(org, "iceberg:lake")
		took, rss := p.do(s, "run", "--json")
		runs, peak = append(runs, took), max(peak, rss)
		if m == nil {
			m = s.material(org, p)
		}
		s.must(os.RemoveAll(p.dir))
		for turn := range 2 { // they take turns, as elsewhere
			if turn == round%2 {
				floors = append(floors, s.twoCopies(m))
			} else {
				ours = append(ours, s.fillLake(m))
			}
		}
	}
	y, floor := lakeYard{}, median(floors)
	s.compare(y, fmt.Sprintf("load and merge of %d pages, %d MB; by hand: two COPYs to Parquet by DuckDB", len(m.pages),
		m.bytes/1e6), records, median(ours), floor, lakeFirst)
	s.compare(y, "the whole first run; by hand: the same", records, median(runs), floor, lakeFirst)
	s.lakePeak("peak memory of the run", records, peak)
}

func (s *speed) lakePeak(what string, records int, kib int64) {
	s.say(lakeYard{}, what, records, fmt.Sprintf("%d MiB", kib>>10), "-", "-",
		missed(fmt.Sprintf("%d MiB", lakeMemory), kib>>10 > lakeMemory))
}

// twoCopies is DuckDB's way: the pages as they come, as our stage has them, and by Id, as our final table.
func (s *speed) twoCopies(m *material) time.Duration {
	dir := s.t.TempDir()
	return s.inDuckDB("COPY (SELECT * FROM "+m.csv()+") TO '"+dir+"/stage.parquet' (FORMAT parquet, COMPRESSION zstd)",
		"COPY (SELECT * FROM "+m.csv()+" ORDER BY id) TO '"+dir+"/final.parquet' (FORMAT parquet, COMPRESSION zstd)")
}

// inDuckDB has DuckDB do statements, and tells how long they take.
func (s *speed) inDuckDB(statements ...string) time.Duration {
	s.t.Helper()
	db, err := stdsql.Open("duckdb", filepath.Join(s.t.TempDir(), "hand.duckdb"))
	s.must(err)
	defer db.Close()
	s.must(db.Ping())
	start := time.Now()
	for _, q := range statements {
		_, err := db.Exec(q)
		s.must(err)
	}
	return time.Since(start)
}

// fillLake loads the pages into an empty lake, and merges them.
func (s *speed) fillLake(m *material) time.Duration {
	ctx := context.Background()
	dir := s.t.TempDir()
	w := s.openLake(dir)
	f := s.claim(w, m.table)
	start := time.Now()
	for pages := range slices.Chunk(m.pages, w.PagesPerLoad()) {
		_, err := w.Load(ctx, f, warehouse.Batch{Table: m.table, Attempt: "a1", Job: "j1", ReadAt: start, Pages: pages})
		s.must(err)
	}
	var rows int64
	for _, p := range m.pages {
		rows += p.Rows
	}
	c, err := w.Consolidate(ctx, f, warehouse.Merge{Table: m.table, Attempt: "a1", Policy: gone.Flag,
		Pages: int64(len(m.pages)), Rows: rows, Complete: true})
	took := time.Since(start)
	s.must(err)
	if c.Inserted != rows {
		s.t.Fatalf("%+v of %d rows", c, rows)
	}
	s.must(w.Close())
	s.must(os.RemoveAll(dir))
	return took
}

func (s *speed) openLake(dir string) warehouse.Warehouse {
	at, err := folder.Open(dir)
	s.must(err)
	return lake.New(at, measuredIn)
}

// lakeMerge measures merges into the table of a first run, and tells how long one takes.
func (s *speed) lakeMerge(records int) time.Duration {
	org := s.startOrg(records, "plain")
	defer org.stop()
	p := s.newRun(org, "iceberg:lake")
	p.do(s, "run", "--json")
	m := s.material(org, p)
	took, peak := s.changedRun(org, p, m, records)
	s.say(lakeYard{}, fmt.Sprintf("a run with %d changes", changes), records, seconds(took), "-", "-", "-")
	s.lakePeak("its peak memory", records, peak)
	var loads, merges, upserts, ids []time.Duration
	dir := filepath.Join(p.dir, "lake")
	var theirs int64
	for round := range *speedRounds {
		load, merge := s.mergeIntoLake(dir, m, records, round, func(changed warehouse.Page) {
			ids = append(ids, s.readIDs(dir))
			if *lakePython != "" {
				took, peak := s.upsert(dir, changed)
				upserts, theirs = append(upserts, took), max(theirs, peak)
			}
		})
		loads, merges = append(loads, load+merge), append(merges, merge)
	}
	y := lakeYard{}
	what := fmt.Sprintf("merge of %d records", changes)
	if *lakePython != "" {
		s.compare(y, what+"; by hand: PyIceberg's upsert", records, median(merges), median(upserts), lakeUpsert)
		s.compare(y, what+", load included; by hand: the same", records, median(loads), median(upserts), lakeUpsert)
		s.say(y, "peak memory of PyIceberg's upsert", records, "-", fmt.Sprintf("%d MiB", theirs>>10), "-", "-")
	}
	s.compare(y, what+"; by hand: DuckDB reads the Ids", records, median(merges), median(ids), 0)
	return median(merges)
}

// changedRun has records of the org be changed, spread over all, and does a run.
func (s *speed) changedRun(org *orgProcess, p *speedRun, m *material, records int) (time.Duration, int64) {
	var ids []string
	at, every := 0, records/changes
	for _, one := range m.pages {
		in, err := os.Open(one.Path)
		s.must(err)
		r := page.NewReader(in)
		header, err := r.Header()
		s.must(err)
		id := slices.Index(header, "Id")
		for ; ; at++ {
			fields, err := r.Next()
			if err == io.EOF {
				break
			}
			s.must(err)
			if at%every == 0 && len(ids) < changes {
				ids = append(ids, string(fields[id]))
			}
		}
		s.must(in.Close())
	}
	org.post(s, "records", map[string]any{"do": "touch", "ids": ids})
	org.advance(s, "1h")
	return p.do(s, "run", "--json")
}

// mergeIntoLake loads changed records into a lake and merges them; between is done before the merge.
func (s *speed) mergeIntoLake(
	dir string, m *material, records, round int, between func(warehouse.Page),
) (load, merge time.Duration) {
	ctx := context.Background()
	w := s.openLake(dir)
	defer func() { s.must(w.Close()) }()
	f := s.claim(w, m.table)
	name, changed := fmt.Sprint("merge-", round), s.changed(m, records, round, changeShapes()[1])
	start := time.Now()
	_, err := w.Load(ctx, f, warehouse.Batch{Table: m.table, Attempt: name, Job: name, ReadAt: start,
		Pages: []warehouse.Page{changed}})
	load = time.Since(start)
	s.must(err)
	between(changed)
	start = time.Now()
	c, err := w.Consolidate(ctx, f, warehouse.Merge{Table: m.table, Attempt: name, Policy: gone.Flag, Pages: 1,
		Rows: changes})
	merge = time.Since(start)
	s.must(err)
	if c.Updated+c.Deleted != changes {
		s.t.Fatalf("%+v of %d changes", c, changes)
	}
	return load, merge
}

// readIDs has DuckDB read the Ids of all data files: no merge can be decided by less, but for what statistics tell.
func (s *speed) readIDs(dir string) time.Duration {
	at, err := folder.Read(dir)
	s.must(err)
	defer func() { s.must(at.Close()) }()
	of, err := (&tables.Lake{Catalog: at.Catalog}).Find(context.Background(), tables.Name("salesforce", "account"))
	s.must(err)
	files, _, err := tables.Files(context.Background(), of)
	s.must(err)
	var paths []string
	for _, file := range files {
		paths = append(paths, "'"+strings.TrimPrefix(file.FilePath(), "file://")+"'")
	}
	return s.inDuckDB("SELECT count(id), max(id) FROM read_parquet([" + strings.Join(paths, ", ") + "])")
}

// upsert has PyIceberg do the same to the same table. It has a catalog of its own, so that the lake stays as it is.
func (s *speed) upsert(dir string, changed warehouse.Page) (took time.Duration, peakKiB int64) {
	copied := filepath.Join(s.t.TempDir(), folder.File)
	text, err := os.ReadFile(filepath.Join(dir, folder.File))
	s.must(err)
	s.must(os.WriteFile(copied, text, 0o600))
	l := sharedLake{engine: map[string]string{"type": "sql", "uri": "sqlite:///" + copied}}
	var said struct {
		Seconds float64
		Updated int
		Peak    int64
	}
	s.must(json.Unmarshal([]byte(l.python(s.t, "upsert.py", "salesforce.account", changed.Path)), &said))
	if said.Updated != changes {
		s.t.Fatalf("PyIceberg has updated %d of %d", said.Updated, changes)
	}
	return time.Duration(said.Seconds * float64(time.Second)), said.Peak
}
