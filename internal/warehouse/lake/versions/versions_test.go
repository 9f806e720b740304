package versions_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/gone"
	"catchment/internal/warehouse/lake/versions"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
	"catchment/internal/warehouse/warehousetest/memory"
)

// TestLikeMemory holds the rules to the warehouse of maps over random histories: both end with the same rows,
// tombstones, rejections and counts. rapid prints the seed of a history that fails.
func TestLikeMemory(t *testing.T) {
	tries := 0
	rapid.Check(t, func(rt *rapid.T) {
		tries++
		h := newHistory(t, rt, tries)
		for n := range rapid.IntRange(1, 6).Draw(rt, "attempts") {
			h.attempt(n)
		}
	})
}

const moment = "2006-01-02 15:04:05.999999"

// at is a moment of the histories, in minutes.
func at(minutes int) time.Time { return time.Date(2026, 3, 1, 0, minutes, 0, 0, time.UTC) }

// A history is the same attempts, done to a warehouse of maps and by the rules.
type history struct {
	t       *testing.T
	rt      *rapid.T
	subject warehousetest.Subject
	w       warehouse.Warehouse
	fence   warehouse.Fence
	table   shape.Table
	clock   time.Time
	seq     int64

	records    map[string]*record
	rejections []rejection
}

// A record is what the rules have made of one so far.
type record struct {
	hasRow, hasTomb bool
	row             versions.Row
	tomb            versions.Tomb
	values          map[string]string
	synced          string
}

type rejection struct {
	versions.Rejection
	key, attempt string
}

func newHistory(t *testing.T, rt *rapid.T, n int) *history {
	h := &history{t: t, rt: rt, subject: memory.New(), fence: warehouse.Fence{Flow: "Account", Number: 1},
		clock: at(1000), records: map[string]*record{}}
	h.table = shape.Table{Object: "Account", Name: "account", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text},
		{Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "masterrecordid", Field: "MasterRecordId", Kind: shape.Text},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "name", Field: "Name", Kind: shape.Text},
		{Name: "employees", Field: "Employees", Kind: shape.Text},
		{Name: "left", Field: "Left", Kind: shape.Text},
	}}
	h.w = h.subject.Open(warehouse.Options{Schema: "salesforce", Staging: "salesforce_incremental",
		Now: func() time.Time { return h.clock }}, warehousetest.Fault{})
	h.must(h.w.Migrate(t.Context()))
	_, err := h.w.Claim(t.Context(), h.fence, "account", "00D000000000001AAA")
	h.must(err)
	_, err = h.w.Prepare(t.Context(), h.fence, h.table)
	h.must(err)
	return h
}

func (h *history) must(err error) {
	if err != nil {
		h.rt.Fatal(err)
	}
}

// A staged record is a version, and its values.
type staged struct {
	key    string
	job    int
	values map[string]string
	at     versions.Moment
	seq    int64
}

// attempt draws an attempt and does it to both.
func (h *history) attempt(n int) {
	h.clock = h.clock.Add(time.Minute)
	m := warehouse.Merge{Table: h.table, Attempt: fmt.Sprint("a", n),
		Policy:       rapid.SampledFrom([]gone.Policy{gone.Flag, gone.Remove, gone.Ignore}).Draw(h.rt, "policy"),
		Complete:     rapid.IntRange(0, 3).Draw(h.rt, "complete") == 0,
		Override:     rapid.IntRange(0, 5).Draw(h.rt, "override") == 0,
		AllowDeletes: true,
	}
	if rapid.IntRange(0, 4).Draw(h.rt, "retired") == 0 {
		m.Table.Retired = []string{"left"}
	}
	var jobs []versions.Job
	var all []staged
	var mine []rejection
	for j := range rapid.IntRange(0, 4).Draw(h.rt, "jobs") {
		b, versions, rejected := h.job(m.Attempt, j)
		_, err := h.w.Load(h.t.Context(), h.fence, b)
		h.must(err)
		m.Pages++
		m.Rows += b.Pages[0].Rows
		jobs = append(jobs, jobOf(b, h.table))
		all = append(all, versions...)
		mine = append(mine, rejected...)
	}
	slices.SortStableFunc(jobs, func(a, b versions.Job) int { return a.ReadAt.Compare(b.ReadAt) })
	h.rejections = append(h.rejections, mine...)
	want, err := h.w.Consolidate(h.t.Context(), h.fence, m)
	h.must(err)
	got := h.apply(m, jobs, all)
	got.Rows = h.rows()
	if got != want {
		h.rt.Fatalf("counts of %s\n got %+v\nwant %+v", m.Attempt, got, want)
	}
	h.compare()
}

// jobOf is what the ledger says of a batch.
func jobOf(b warehouse.Batch, t shape.Table) versions.Job {
	j := versions.Job{Name: b.Job, Op: b.Op, ReadAt: b.ReadAt, Reason: b.Reason, Override: b.Override}
	for _, field := range b.Pages[0].Header {
		c, _ := t.Column(field)
		j.Columns = append(j.Columns, c.Name)
		j.Fields = append(j.Fields, strings.ToLower(field))
	}
	return j
}

// headers are what a page of each operation may carry.
var headers = map[warehouse.Op][]string{
	warehouse.Put: {"Id,IsDeleted,MasterRecordId,SystemModstamp,Name,Left", "Id,SystemModstamp,Name",
		"Id,IsDeleted,SystemModstamp,Employees", "Id,Name"},
	warehouse.Patch:  {"Id,SystemModstamp,Employees", "Id,SystemModstamp,Name,Left", "Id,Employees"},
	warehouse.Delete: {"Id", "Id,SystemModstamp"},
	warehouse.Seen:   {"Id", "Id,IsDeleted"},
}

// job draws a job of an attempt: one page, and what was kept out of it.
func (h *history) job(attempt string, n int) (warehouse.Batch, []staged, []rejection) {
	op := rapid.SampledFrom([]warehouse.Op{warehouse.Put, warehouse.Put, warehouse.Patch, warehouse.Delete,
		warehouse.Seen}).Draw(h.rt, "op")
	header := strings.Split(rapid.SampledFrom(headers[op]).Draw(h.rt, "header"), ",")
	h.seq++
	b := warehouse.Batch{Table: h.table, Attempt: attempt, Job: fmt.Sprint(attempt, "-", n), Op: op,
		ReadAt:   at(rapid.IntRange(1, 5).Draw(h.rt, "read at")),
		Reason:   rapid.SampledFrom([]gone.Reason{"", gone.Purged, gone.Hidden, gone.Archived}).Draw(h.rt, "reason"),
		Override: rapid.IntRange(0, 5).Draw(h.rt, "override") == 0}
	var all []staged
	var lines []string
	seen := map[string]bool{}
	for range rapid.IntRange(0, 5).Draw(h.rt, "records") {
		s := staged{key: fmt.Sprint(rapid.IntRange(1, 5).Draw(h.rt, "id")), job: n, values: map[string]string{},
			seq: h.seq}
		if seen[s.key] {
			continue // two versions of one key in a page have no order
		}
		seen[s.key] = true
		lines = append(lines, h.line(header, &s))
		all = append(all, s)
	}
	p := h.page(strings.Join(header, ","), lines)
	rejected := h.kept(b, &p)
	b.Pages = []warehouse.Page{p}
	return b, all, rejected
}

// line draws the values of a record.
func (h *history) line(header []string, s *staged) string {
	var fields []string
	s.at = versions.None
	for _, field := range header {
		c, _ := h.table.Column(field)
		value := ""
		switch field {
		case "Id":
			value = s.key
		case "IsDeleted":
			value = fmt.Sprint(rapid.Bool().Draw(h.rt, "deleted"))
		case "SystemModstamp":
			stamp := at(rapid.IntRange(1, 5).Draw(h.rt, "stamp"))
			value, s.at = stamp.Format("2006-01-02T15:04:05.000Z"), versions.At(stamp)
		default:
			value = rapid.SampledFrom([]string{"", "x", "y"}).Draw(h.rt, field)
		}
		fields = append(fields, value)
		if field == "SystemModstamp" {
			value = s.at.Time().Format(moment) + "+00"
		}
		s.values[c.Name] = value
	}
	return strings.Join(fields, ",")
}

// kept draws what is kept out of a page.
func (h *history) kept(b warehouse.Batch, p *warehouse.Page) []rejection {
	if b.Op != warehouse.Put && b.Op != warehouse.Patch {
		return nil
	}
	var all []rejection
	var lines []string
	for range rapid.IntRange(0, 1).Draw(h.rt, "rejections") {
		x := rejection{key: fmt.Sprint(rapid.IntRange(1, 6).Draw(h.rt, "id")), attempt: b.Attempt}
		x.Whole, x.Field, x.ReadAt = b.Op == warehouse.Put, "employees", versions.At(b.ReadAt)
		stamp, text := rapid.IntRange(0, 3).Draw(h.rt, "stamp"), ""
		x.Stamp = versions.None
		if stamp > 0 {
			x.Stamp, text = versions.At(at(stamp)), at(stamp).Format("2006-01-02T15:04:05.000Z")
		}
		all = append(all, x)
		lines = append(lines, fmt.Sprintf("Account,%s,%s,Employees,not_null,{}", x.key, text))
	}
	if len(lines) > 0 {
		out := h.page(strings.Join(warehouse.RejectedHeader(), ","), lines)
		p.Rejected = &out
	}
	return all
}

func (h *history) page(header string, lines []string) warehouse.Page {
	name := fmt.Sprint("page-", h.seq)
	path := filepath.Join(h.t.TempDir(), name)
	h.must(os.WriteFile(path, []byte(header+"\n"+strings.Join(append(lines, ""), "\n")), 0o600))
	return warehouse.Page{Key: name, Digest: name, Seq: h.seq, Rows: int64(len(lines)), Path: path,
		Header: strings.Split(header, ",")}
}

// apply has the rules decide each record.
func (h *history) apply(m warehouse.Merge, jobs []versions.Job, all []staged) warehouse.Counts {
	r := versions.Rules{Parts: versions.PartsOf(jobs, m, "isdeleted"), Policy: m.Policy, Complete: m.Complete,
		Override: m.Override, Absent: cmp.Or(m.AbsentReason, gone.Purged), Now: versions.At(h.clock), Tells: true}
	r.ReadAt = versions.ReadAt(jobs, h.clock)
	keys := map[string]bool{}
	for key := range h.records {
		keys[key] = true
	}
	for _, s := range all {
		keys[s.key] = true
	}
	for _, x := range h.rejections {
		keys[x.key] = true
	}
	past := map[string][]int{}
	var fate versions.Fate
	for _, key := range slices.Sorted(maps.Keys(keys)) {
		if h.records[key] == nil {
			h.records[key] = &record{}
		}
		k := h.records[key]
		in := versions.Record{HasRow: k.hasRow, Row: k.row, HasTomb: k.hasTomb, Tomb: k.tomb}
		for place, s := range all {
			if s.key == key {
				in.Staged = append(in.Staged, h.version(r, m.Attempt, jobs, s, place))
			}
		}
		for _, x := range h.rejections {
			if x.key == key {
				x.Mine = x.attempt == m.Attempt
				in.Rejections = append(in.Rejections, x.Rejection)
			}
		}
		in.Differs = func(layers []versions.Layer, patch versions.Version) bool {
			over := k.laid(r, m.Table, layers, all)
			under := maps.Clone(over)
			patched(r.Parts[patch.Part], all[patch.Place], over)
			return !maps.Equal(over, under)
		}
		r.Decide(&in, &fate)
		k.become(r, m.Table, &fate, all, h.clock)
		past[key] = slices.Clone(fate.Past)
	}
	h.forget(past)
	c := r.Counts
	c.Unchanged = c.Staged - r.Applied
	return c
}

// version is a staged record as the rules see it.
func (h *history) version(
	r versions.Rules, attempt string, jobs []versions.Job, s staged, place int,
) versions.Version {
	name := fmt.Sprint(attempt, "-", s.job)
	i := slices.IndexFunc(r.Parts, func(p versions.Part) bool { return slices.Contains(p.Jobs, name) })
	j := slices.IndexFunc(jobs, func(j versions.Job) bool { return j.Name == name })
	readAt := versions.At(jobs[j].ReadAt)
	return versions.Version{Part: i, At: versions.Stamped(jobs[j].Op, versions.None, s.at, readAt), ReadAt: readAt,
		Seq: s.seq, Deleted: s.values["isdeleted"] == "true", Merged: s.values["masterrecordid"] != "", Place: place}
}

// forget forgets the rejections that are past.
func (h *history) forget(past map[string][]int) {
	met := map[string]int{}
	h.rejections = slices.DeleteFunc(h.rejections, func(x rejection) bool {
		n := met[x.key]
		met[x.key]++
		return slices.Contains(past[x.key], n)
	})
}

// laid is the values of a record with layers over them.
func (k *record) laid(
	r versions.Rules, t shape.Table, layers []versions.Layer, all []staged,
) map[string]string {
	values := maps.Clone(k.values)
	if values == nil {
		values = map[string]string{}
	}
	for _, l := range layers {
		switch {
		case l.Told:
			values["isdeleted"] = fmt.Sprint(l.Says)
		case l.Patch:
			patched(r.Parts[l.Version.Part], all[l.Version.Place], values)
		default:
			for _, name := range t.Retired {
				put(values, name, "")
			}
			for _, name := range r.Parts[l.Version.Part].Columns {
				put(values, name, all[l.Version.Place].values[name])
			}
		}
	}
	return values
}

// patched lays the columns of a patch over values.
func patched(p versions.Part, s staged, values map[string]string) {
	for _, name := range p.Columns {
		if !slices.Contains([]string{"systemmodstamp", "isdeleted", "masterrecordid"}, name) {
			put(values, name, s.values[name])
		}
	}
}

// put sets a value that may be null, which "" stands for.
func put(values map[string]string, name, value string) {
	delete(values, name)
	if value != "" {
		values[name] = value
	}
}

// become has a record follow its fate.
func (k *record) become(r versions.Rules, t shape.Table, f *versions.Fate, all []staged, now time.Time) {
	if f.Anew || !k.hasRow {
		k.values = nil
	}
	k.values = k.laid(r, t, f.Layers, all)
	k.hasRow, k.row, k.hasTomb, k.tomb = f.HasRow, f.Row, f.HasTomb, f.Tomb
	if f.Written {
		k.synced = now.Format(moment) + "+00"
	}
	if !k.hasRow {
		k.values = nil
	}
}

func (h *history) rows() (n int64) {
	for _, k := range h.records {
		if k.hasRow {
			n++
		}
	}
	return n
}

func show(m versions.Moment) string {
	if m == versions.None {
		return ""
	}
	return m.Time().Format(moment) + "+00"
}

// compare holds rows, tombstones and rejections to those of the warehouse of maps.
func (h *history) compare() {
	var rows, tombs, rejected []string
	for key, k := range h.records {
		if k.hasRow {
			rows = append(rows, strings.Join([]string{key, k.values["isdeleted"], k.values["masterrecordid"],
				k.values["systemmodstamp"], k.values["name"], k.values["employees"], k.values["left"], show(k.row.At),
				show(k.row.ReadAt), show(k.row.Deleted), string(k.row.Reason), show(k.row.Rejected), k.synced}, "|"))
		}
		if k.hasTomb {
			tombs = append(tombs, strings.Join([]string{key, show(k.tomb.At), show(k.tomb.ReadAt),
				string(k.tomb.Reason)}, "|"))
		}
	}
	for _, x := range h.rejections {
		rejected = append(rejected, strings.Join([]string{x.key, show(x.Stamp), x.attempt}, "|"))
	}
	h.same("rows", rows, warehousetest.Final, "account", "id", "isdeleted", "masterrecordid", "systemmodstamp",
		"name", "employees", "left", "_catchment_at", "_catchment_read_at", "_catchment_deleted_at",
		"_catchment_delete_reason", "_catchment_rejected_at", "_catchment_synced_at")
	h.same("tombstones", tombs, warehousetest.Staging, "_catchment_tombstone", "record_key", "_catchment_at",
		"_catchment_read_at", "reason")
	h.same("rejections", rejected, warehousetest.Staging, "_catchment_rejected", "record_key", "stamp",
		"_catchment_attempt")
}

func (h *history) same(what string, got []string, side warehousetest.Side, table string, columns ...string) {
	var want []string
	for _, row := range h.subject.Look(h.t, side, table) {
		var values []string
		for _, c := range columns {
			value := ""
			if row[c] != nil {
				value = *row[c]
			}
			values = append(values, value)
		}
		want = append(want, strings.Join(values, "|"))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		h.rt.Fatalf("%s\n got:\n%s\nwant:\n%s", what, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestMayDelete proves where the stop before a mass delete is.
func TestMayDelete(t *testing.T) {
	r := versions.Rules{Tally: versions.Tally{Sudden: 101, Living: -101, Counts: warehouse.Counts{Deleted: 101}}}
	m := warehouse.Merge{Table: shape.Table{Name: "account"}}
	if err := r.MayDelete(m, 2000); plan.ClassOf(err) != plan.Fix {
		t.Errorf("101 of 2000 rows: %v", err)
	}
	if err := r.MayDelete(m, 2020); err != nil {
		t.Errorf("101 of 2020 rows: %v", err)
	}
	m.AllowDeletes = true
	if err := r.MayDelete(m, 200); err != nil {
		t.Errorf("allowed: %v", err)
	}
}
