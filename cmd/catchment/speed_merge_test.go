package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"catchment/internal/page"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/own"
)

// changes is how many records of a merge have changed.
const changes = 10_000

// A change is which fields of a changed record differ from its row.
type change struct {
	name   string
	fields func(field string) bool
}

// changeShapes are those that are measured. What a change always moves is the stamp.
func changeShapes() []change {
	return []change{
		{"1 of 26 columns", func(string) bool { return false }},
		{"5 of 26 columns", func(field string) bool {
			return slices.Contains([]string{"Name", "Phone", "AnnualRevenue", "Description"}, field)
		}},
		// another Id would be another record, and IsDeleted is what makes one deleted
		{"all columns", func(field string) bool { return field != "Id" && field != "IsDeleted" }},
	}
}

// A way is one that somebody would merge by hand.
type way struct {
	name string
	do   func() time.Duration
}

// A handWay is the text of such a way, into a copy of the final table.
type handWay struct {
	name, table string
	statements  []string
}

// byHand writes the ways from staging into copies of the final table. They write what ours
// writes: our own columns too.
func byHand(t shape.Table) []handWay {
	var names, values, set, excluded []string
	add := func(name, value string) {
		names, values = append(names, name), append(values, value)
		if name != "id" {
			set, excluded = append(set, name+" = "+value), append(excluded, name+" = excluded."+name)
		}
	}
	for _, c := range t.Columns {
		add(c.Name, "s."+c.Name)
	}
	add(own.SyncedAt, "now()")
	add(own.At, "s.systemmodstamp")
	add(own.ReadAt, "s."+own.ReadAt)
	for _, name := range []string{own.DeletedAt, own.DeleteReason, own.RejectedAt} {
		add(name, "NULL")
	}
	list, selected := strings.Join(names, ", "), strings.Join(values, ", ")
	const staged = "salesforce_incremental.account"
	return []handWay{
		{"MERGE", "hand_merge", []string{"MERGE INTO hand_merge h USING " + staged +
			" s ON s.id = h.id WHEN MATCHED AND s.systemmodstamp > h.systemmodstamp THEN UPDATE SET " +
			strings.Join(set, ", ") + " WHEN NOT MATCHED THEN INSERT (" + list + ") VALUES (" + selected + ")"}},
		{"ON CONFLICT", "hand_conflict", []string{"INSERT INTO hand_conflict AS h (" + list + ") SELECT " + selected +
			" FROM " + staged + " s ON CONFLICT (id) DO UPDATE SET " + strings.Join(excluded, ", ") +
			" WHERE excluded.systemmodstamp > h.systemmodstamp"}},
		{"delete+insert", "hand_delete", []string{"DELETE FROM hand_delete h USING " + staged + " s WHERE s.id = h.id",
			"INSERT INTO hand_delete (" + list + ") SELECT " + selected + " FROM " + staged + " s"}},
	}
}

// mergeMark is the ratio that a merge may take at most.
func mergeMark(y yard) float64 {
	if y.name() == "PostgreSQL" {
		return 1.2
	}
	return 1.3
}

// merges consolidates changed records into the table that the last run left,
// and does the same by hand in copies of it, for each shape of changes. It tells how long
// ours took for the second shape.
func (s *speed) merges(y yard, m *material, records int) time.Duration {
	ctx := context.Background()
	d := y.open(s.t)
	defer func() { s.must(d.Close()) }()
	w, f := s.claimed(d, m.table)
	ways := y.variants(s.t, m.table)
	shapes := changeShapes()
	measured := make([]*contest, len(shapes))
	for round := range *speedRounds {
		for i, shape := range shapes {
			turn := round*len(shapes) + i
			name := fmt.Sprintf("merge-%d", turn)
			_, err := w.Load(ctx, f, warehouse.Batch{Table: m.table, Attempt: name, Job: name, ReadAt: time.Now(),
				Pages: []warehouse.Page{s.changed(m, records, turn, shape)}})
			s.must(err)
			ours := func() time.Duration {
				start := time.Now()
				c, err := w.Consolidate(ctx, f, warehouse.Merge{Table: m.table, Attempt: name, Policy: gone.Flag,
					Pages: 1, Rows: changes})
				took := time.Since(start)
				s.must(err)
				if c.Updated+c.Deleted != changes {
					s.t.Fatalf("%+v of %d changes", c, changes)
				}
				return took
			}
			if measured[i] == nil {
				measured[i] = &contest{ways: slices.Concat(ways, []way{{name: "ours"}})}
			}
			measured[i].ways[len(ways)].do = ours
			measured[i].round(s, y)
		}
	}
	for i, c := range measured {
		what := fmt.Sprintf("merge of %d records, %s changed", changes, shapes[i].name)
		c.compare(s, y, what, records, c.commits)
		if y.name() == "DuckDB" { // whose file is closed after a run: somebody waits for that
			c.compare(s, y, what+", CHECKPOINT included", records, c.checkpoints)
		}
	}
	return median(measured[1].commits[len(ways)])
}

// A contest is ways to do the same, with ours last, and how long they took: until they were
// committed, and until the next checkpoint had ended.
type contest struct {
	ways                 []way
	commits, checkpoints [][]time.Duration
}

// round measures each once. Ours comes last, since it empties staging.
func (c *contest) round(s *speed, y yard) {
	if c.commits == nil {
		c.commits, c.checkpoints = make([][]time.Duration, len(c.ways)), make([][]time.Duration, len(c.ways))
	}
	for i, way := range c.ways {
		y.checkpoint(s.t)
		took := way.do()
		start := time.Now()
		y.checkpoint(s.t)
		c.commits[i] = append(c.commits[i], took)
		c.checkpoints[i] = append(c.checkpoints[i], took+time.Since(start))
	}
}

// compare adds a line about ours and the cheapest of the others.
func (c *contest) compare(s *speed, y yard, what string, records int, took [][]time.Duration) {
	ours, best := len(took)-1, 0
	for i := range ours {
		if median(took[i]) < median(took[best]) {
			best = i
		}
	}
	s.compare(y, what+"; by hand: "+c.ways[best].name, records, median(took[ours]), median(took[best]), mergeMark(y))
}

// changed is a page of records spread over the table, each stamped later. Every turn has
// other records, as long as there are so many.
func (s *speed) changed(m *material, records, turn int, c change) warehouse.Page {
	path := filepath.Join(m.dir, fmt.Sprintf("changed-%d.csv", turn))
	out, err := os.Create(path)
	s.must(err)
	header := m.pages[0].Header
	w := page.NewWriter(out, header)
	n, at, every := 0, 0, records/changes
	for _, p := range m.pages {
		in, err := os.Open(p.Path)
		s.must(err)
		r := page.NewReader(in)
		_, err = r.Header()
		s.must(err)
		for ; ; at++ {
			fields, err := r.Next()
			if err == io.EOF {
				break
			}
			s.must(err)
			if at%every != turn%every || n == changes {
				continue
			}
			n++
			texts := make([]string, len(fields))
			for i, f := range fields {
				texts[i] = string(f)
				if c.fields(header[i]) {
					texts[i] = anotherText(m.table, header[i], texts[i], turn)
				}
				if header[i] == shape.FieldStamp {
					texts[i] = later(turn)
				}
			}
			s.must(w.Write(texts))
		}
		s.must(in.Close())
	}
	s.must(w.Flush())
	s.must(out.Close())
	return s.page(path, int64(1000+turn))
}

// anotherText is a value of a field that differs from what it was, and is as long.
func anotherText(t shape.Table, field, was string, turn int) string {
	c, _ := t.Column(field)
	switch {
	case c.Kind == shape.Timestamp:
		return later(turn)
	case was == "":
		return "1"
	}
	return strings.Map(func(r rune) rune {
		switch {
		case r >= '0' && r <= '9':
			return '0' + (r-'0'+1+rune(turn%9))%10
		case r >= 'a' && r <= 'z':
			return 'a' + (r-'a'+1+rune(turn%9))%26
		}
		return r
	}, was)
}

func later(turn int) string {
	return time.Date(2030, 1, 1, 0, turn, 0, 0, time.UTC).Format("2006-01-02T15:04:05.000Z")
}
