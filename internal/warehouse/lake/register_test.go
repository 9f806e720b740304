package lake_test

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow/memory"
	parquetfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/pqarrow"

	"catchment/internal/body"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/bodies"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/own"
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/warehousetest"
)

// attachments is a flow of files.
func attachments() shape.Table {
	return shape.Table{Object: "Attachment", Name: "attachment", Key: []string{"id"}, Columns: []shape.Column{
		{Name: "id", Field: "Id", Kind: shape.Text}, {Name: "isdeleted", Field: "IsDeleted", Kind: shape.Bool},
		{Name: "systemmodstamp", Field: "SystemModstamp", Kind: shape.Timestamp},
		{Name: "bodylength", Field: "BodyLength", Kind: shape.Int},
	}}
}

// A clerk keeps a register, and remembers what it is to say.
type clerk struct {
	*subject
	t     testing.TB
	fence warehouse.Fence
	says  map[string]bodies.Line
}

// newClerk is one of a lake that copies files.
func newClerk(t testing.TB) *clerk {
	t.Helper()
	c := &clerk{subject: newSubject(t), t: t, fence: warehouse.Fence{Flow: "Attachment", Number: 1},
		says: map[string]bodies.Line{}}
	w := c.plain()
	must(t, w.Migrate(t.Context()))
	_, err := w.Claim(t.Context(), c.fence, "attachment", org)
	must(t, err)
	_, err = w.Prepare(t.Context(), c.fence, attachments())
	must(t, err)
	return c
}

// registerOf is the register of a warehouse.
func registerOf(t testing.TB, w warehouse.Warehouse) bodies.Register {
	t.Helper()
	r, is := bodies.Of(w)
	if !is {
		t.Fatal("a lake has no register")
	}
	return r
}

// lineOf is a line of a file, in one of several versions.
func lineOf(id string, version int) bodies.Line {
	at := time.Date(2026, 3, 1, 0, version, 0, 123_000, time.UTC)
	l := bodies.Line{ID: id, State: bodies.Copied, Version: bodies.Version{Stamp: at}, SHA256: fmt.Sprint("s", version),
		MD5: fmt.Sprint("m", version), Size: int64(version), Type: "text/plain", ReadAt: at}
	if version%5 == 0 {
		l.State, l.Reason, l.Tries, l.Again = bodies.Aside, "refused", version, at.Add(time.Hour)
	}
	return l
}

// A change is what is done to the register: lines that are written, or files that are forgotten.
type change struct {
	lines  []bodies.Line
	forget []string
}

// draw is any change.
func draw(random *rand.Rand) (c change) {
	ids := map[string]bool{}
	for range 1 + random.IntN(40) {
		ids[fmt.Sprintf("00P%06d", random.IntN(200))] = true
	}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		if random.IntN(4) == 0 {
			c.forget = append(c.forget, id)
			continue
		}
		c.lines = append(c.lines, lineOf(id, random.IntN(20)))
	}
	if random.IntN(3) > 0 {
		c.forget = nil
	} else {
		c.lines = nil
	}
	return c
}

// do makes a change.
func (c *clerk) do(w warehouse.Warehouse, to change) error {
	r := registerOf(c.t, w)
	if len(to.lines) > 0 {
		return r.Write(c.t.Context(), c.fence, "Attachment", to.lines)
	}
	_, err := r.Forget(c.t.Context(), c.fence, "Attachment", to.forget)
	return err
}

// remember is what the register is to say after a change.
func (c *clerk) remember(to change) map[string]bodies.Line {
	says := maps.Clone(c.says)
	for _, l := range to.lines {
		says[l.ID] = l
	}
	for _, id := range to.forget {
		delete(says, id)
	}
	return says
}

// read is what the register says. No file has two lines.
func (c *clerk) read() map[string]bodies.Line {
	c.t.Helper()
	says := map[string]bodies.Line{}
	lines, err := registerOf(c.t, c.plain()).Lines(c.t.Context(), "Attachment", "", 1_000_000)
	must(c.t, err)
	for _, l := range lines {
		if _, twice := says[l.ID]; twice {
			c.t.Errorf("%s has two lines", l.ID)
		}
		says[l.ID] = l
	}
	if n := len(c.all(c.t, warehousetest.Final, body.Table)); n != len(lines) {
		c.t.Errorf("others read %d lines of %d", n, len(lines))
	}
	return says
}

// snapshots counts those of the register.
func (c *clerk) snapshots() int {
	return len(c.find(c.t, warehousetest.Final, body.Table).Metadata().Snapshots())
}

// TestRegisterThroughDeaths has processes die, lose answers and come second while they change the register. Each change
// is there as a whole or not at all; whoever repeats it ends where one would that never died, and a repeat of what is
// done commits nothing.
func TestRegisterThroughDeaths(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano()) // #nosec G115 -- any number will do
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0)) // #nosec G115 -- it is no secret
	c := newClerk(t)
	o := options()
	o.Maintain = usual()
	met := map[warehousetest.FaultKind]int{}
	for n := range 40 {
		to := draw(random)
		kinds := []warehousetest.FaultKind{warehousetest.Dies, warehousetest.Fails, warehousetest.LostAnswer,
			warehousetest.Cancelled}
		fault := warehousetest.Fault{Kind: kinds[n%len(kinds)], At: random.IntN(14)}
		after := c.remember(to)
		err := c.do(c.Open(o, fault), to)
		if err != nil {
			met[fault.Kind]++
			now := c.read()
			if !maps.Equal(now, c.says) && !maps.Equal(now, after) {
				t.Fatalf("change %d, %+v: a part of it is there, of %d lines", n, fault, len(after))
			}
			must(t, c.do(c.plain(), to))
		}
		if got := c.read(); !maps.Equal(got, after) {
			t.Fatalf("change %d, %+v: there are %d lines of %d, or they differ", n, fault, len(got), len(after))
		}
		c.says = after
		before := c.snapshots()
		if must(t, c.do(c.plain(), to)); c.snapshots() != before {
			t.Fatalf("change %d: a repeat has made a snapshot", n)
		}
	}
	t.Logf("what went wrong: %v", met)
	if met[warehousetest.Dies] == 0 || met[warehousetest.Fails] == 0 {
		t.Error("nothing went wrong")
	}
}

// TestRegisterIsKept writes many small batches. The table has few files all the same, and few snapshots; where it is
// said that nobody tends to them, they are all there.
func TestRegisterIsKept(t *testing.T) {
	t.Parallel()
	for by, few := range map[upkeep.Keeper]bool{upkeep.ByUs: true, upkeep.ByNobody: false} {
		c := newClerk(t)
		o := options()
		o.Maintain = usual()
		o.Maintain.By = by
		w := lake.New(lake.Place{Catalog: c.Catalog, Scratch: c.folder}, o)
		const batches = 40
		for n := range batches {
			to := change{lines: []bodies.Line{lineOf(fmt.Sprintf("00P%06d", n), n), lineOf("00P000000", n)}}
			c.says = c.remember(to)
			must(t, c.do(w, to))
		}
		if got := c.read(); !maps.Equal(got, c.says) {
			t.Errorf("%s: there are %d lines of %d, or they differ", by, len(got), len(c.says))
		}
		tasks, err := c.find(t, warehousetest.Final, body.Table).Scan().PlanFiles(t.Context())
		must(t, err)
		if (len(tasks) < batches) != few {
			t.Errorf("%s: after %d batches there are %d files", by, batches, len(tasks))
		}
	}
}

// TestRegisterOfAnotherOrg has another org take a lake over, without the rows and what is known of bodies.
func TestRegisterOfAnotherOrg(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	w := c.plain()
	must(t, c.do(w, change{lines: []bodies.Line{lineOf("00P1", 1), lineOf("00P2", 2)}}))
	must(t, c.do(w, change{lines: []bodies.Line{lineOf("00P2", 3)}}))
	c.insertLine("Document", "015A")
	must(t, w.Rebind(t.Context(), "00D000000000002AAA", true))
	if left := c.all(t, warehousetest.Final, body.Table); len(left) != 1 || *left[0]["record_id"] != "015A" {
		t.Errorf("%d lines are left: %v", len(left), left)
	}
}

// insertLine has a line of another object stand in the register.
func (c *clerk) insertLine(object, id string) {
	c.Insert(c.t, warehousetest.Final, body.Table, row("object", object, "record_id", id, "state", "copied"))
}

// TestRegisterOfAnOlderLake adds the table to a lake that was made before there was one.
func TestRegisterOfAnOlderLake(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	c.Drop(t, warehousetest.Final, body.Table)
	if err := c.do(c.plain(), change{lines: []bodies.Line{lineOf("00P1", 1)}}); err == nil {
		t.Error("there is no register, and it was written")
	}
	version := "1"
	c.Insert(t, warehousetest.Staging, versionTable, warehousetest.Row{"version": &version})
	w := c.Open(options(), warehousetest.Fault{})
	must(t, w.Migrate(t.Context()))
	to := change{lines: []bodies.Line{lineOf("00P1", 1)}}
	must(t, c.do(w, to))
	if c.says = c.remember(to); !maps.Equal(c.read(), c.says) {
		t.Error("the register doesn't say what was written")
	}
}

// TestEraseOfAFile leaves nothing of it in any file of the register: not in lines that others have replaced, and not in
// older snapshots.
func TestEraseOfAFile(t *testing.T) {
	t.Parallel()
	c := newClerk(t)
	w := c.plain()
	must(t, c.do(w, change{lines: []bodies.Line{lineOf("00P1", 1), lineOf("00P2", 2), lineOf("00P3", 3)}}))
	must(t, c.do(w, change{lines: []bodies.Line{lineOf("00P2", 4)}}))
	must(t, c.do(w, change{forget: []string{"00P2"}}))
	if !c.holds("00P2") {
		t.Fatal("a line that is dead by its position is gone: the test shows nothing")
	}
	e := warehouse.Erasure{Table: attachments(), Column: "id", Values: []string{"00P2"}}
	fault := warehousetest.Fault{Kind: warehousetest.Dies, At: 40}
	_, err := warehouse.RolesOf(c.Open(options(), fault)).Eraser.Erase(t.Context(), c.fence, e)
	if !errors.Is(err, warehousetest.ErrDied) {
		t.Fatal(err)
	}
	_, err = warehouse.RolesOf(c.plain()).Eraser.Erase(t.Context(), c.fence, e)
	must(t, err)
	if c.holds("00P2") {
		t.Error("the file's Id is in the folder of the register")
	}
	if n := c.snapshots(); n != 1 {
		t.Errorf("there are %d snapshots", n)
	}
	want := map[string]bodies.Line{"00P1": lineOf("00P1", 1), "00P3": lineOf("00P3", 3)}
	if got := c.read(); !maps.Equal(got, want) {
		t.Errorf("%v", got)
	}
}

// holds tells whether a file in the folder of the register has a line of an Id, living or dead.
func (c *clerk) holds(id string) bool {
	c.t.Helper()
	folder := strings.TrimPrefix(c.find(c.t, warehousetest.Final, body.Table).Location(), "file://") + "/data"
	paths, err := filepath.Glob(folder + "/*.parquet")
	must(c.t, err)
	held := false
	for _, path := range paths {
		file, err := parquetfile.OpenParquetFile(path, false)
		must(c.t, err)
		reader, err := pqarrow.NewFileReader(file, pqarrow.ArrowReadProperties{}, memory.DefaultAllocator)
		must(c.t, err)
		all, err := reader.ReadTable(c.t.Context())
		must(c.t, err)
		for _, at := range all.Schema().FieldIndices(own.FileKey) {
			for _, chunk := range all.Column(at).Data().Chunks() {
				for i := range chunk.Len() {
					held = held || chunk.ValueStr(i) == id
				}
			}
		}
		must(c.t, file.Close())
	}
	return held
}

// batch is lines of so many files from one on, as long as those of real files are.
func batch(from, files int) (to change) {
	for i := range files {
		l := lineOf(fmt.Sprintf("068%015d", from+i), 1)
		sum := sha256.Sum256([]byte(l.ID))
		l.SHA256, l.MD5 = hex.EncodeToString(sum[:]), hex.EncodeToString(sum[:16])
		to.lines = append(to.lines, l)
	}
	return to
}

// BenchmarkRegister writes 100 batches of 1,000 lines into a register of 1,000,000, and asks what waits then.
func BenchmarkRegister(b *testing.B) {
	const lines, atOnce, batches = 1_000_000, 50_000, 100
	c := newClerk(b)
	o := options()
	o.Maintain = usual()
	w := lake.New(lake.Place{Catalog: c.Catalog, Scratch: c.folder}, o)
	for from := 0; from < lines; from += atOnce {
		must(b, c.do(w, batch(from, atOnce)))
	}
	for b.Loop() {
		for n := range batches {
			must(b, c.do(w, batch(lines+n*1000, 1000)))
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)/batches, "s/batch")

	began := time.Now()
	named, err := registerOf(b, w).Named(b.Context(), []string{"no body's"})
	b.Logf("whether a body is named: %v (%v, %v)", time.Since(began), named, err)
	began = time.Now()
	some, err := registerOf(b, w).Lines(b.Context(), "Attachment", fmt.Sprintf("068%015d", lines-5), 500)
	b.Logf("%d lines of the end: %v (%v)", len(some), time.Since(began), err)
	tasks, err := c.find(b, warehousetest.Final, body.Table).Scan().PlanFiles(b.Context())
	b.Logf("%d files, %d snapshots (%v)", len(tasks), c.snapshots(), err)
}
