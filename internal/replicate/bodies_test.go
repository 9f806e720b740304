package replicate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/body"
	"catchment/internal/control"
	"catchment/internal/engine"
	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/replicate"
	"catchment/internal/rig"
	"catchment/internal/warehouse/bodies"
)

// withFiles is a rig for an org with files, each of whose flows copies bodies.
func withFiles(t *testing.T, files fakeorg.Files, which body.Which, objects ...string) *rig.Rig {
	t.Helper()
	return withFilesIn(t, rig.NewOrg(t, map[string]int{"Account": 5}, nil), files, which, objects...)
}

// withFilesIn copies the bodies of files of an org.
func withFilesIn(t *testing.T, org *fakeorg.Org, files fakeorg.Files, which body.Which, objects ...string) *rig.Rig {
	t.Helper()
	if err := org.GenerateFiles(files); err != nil {
		t.Fatal(err)
	}
	r := rig.New(t, org, objects...)
	for i := range r.Flows {
		r.Flows[i].Bodies = which
	}
	r.Begun = func(p *rig.Process) { p.Options.Folder = r.Path("spool") }
	return r
}

// register looks at the register of an object, by Id.
func register(r *rig.Rig, object string) map[string]bodies.Line {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	known, _ := bodies.Of(p.Warehouse)
	lines, err := known.Lines(r.T.Context(), object, "", 1_000_000)
	if err != nil {
		r.T.Fatal(err)
	}
	all := map[string]bodies.Line{}
	for _, l := range lines {
		all[l.ID] = l
	}
	return all
}

// stored checks that each body that the register names is in the blob store, and is what its
// name says.
func stored(r *rig.Rig, lines map[string]bodies.Line) {
	r.T.Helper()
	p := r.Start(nil)
	defer p.Close()
	for id, l := range lines {
		if l.State != bodies.Copied {
			continue
		}
		sum, size := sumOf(r.T, p.Stage, body.Key(l.SHA256))
		if sum != l.SHA256 || size != l.Size {
			r.T.Errorf("%s: %d bytes of %s, the register says %+v", id, size, sum, l)
		}
	}
}

func sumOf(t *testing.T, store blob.Store, key string) (string, int64) {
	t.Helper()
	in, err := store.Open(t.Context(), key)
	if err != nil {
		t.Error(err)
		return "", 0
	}
	defer in.Close()
	sum := sha256.New()
	size, err := io.Copy(sum, in)
	if err != nil {
		t.Error(err)
	}
	return hex.EncodeToString(sum.Sum(nil)), size
}

func TestBodies(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 40, External: 2, Attachments: 7, Documents: 3, Size: 1000}, body.All,
		"ContentVersion", "Attachment", "Document")
	calls := r.Calls(func() { r.Done(nil) })
	if calls["body"] != 40-2+7+3 {
		t.Error(calls)
	}
	for object, want := range map[string]int{"ContentVersion": 40, "Attachment": 7, "Document": 3} {
		lines := register(r, object)
		if len(lines) != want {
			t.Errorf("%d files of %s", len(lines), object)
		}
		stored(r, lines)
	}
	r.Later(1)
	if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != 0 {
		t.Error(calls)
	}
}

// What becomes of bodies fails no flow: its rows are there, the run says what is left, and later
// runs read that.
func TestBodiesThatFail(t *testing.T) {
	t.Parallel()
	fifth := func(goes fakeorg.BodyRule) fakeorg.Rule { return fakeorg.Rule{Kind: "body", Nth: 5, BodyRule: goes} }
	tests := []struct {
		name   string
		rule   fakeorg.Rule
		reason string // of one file; "" where none is kept aside
		calls  int    // more than files
	}{
		{"shorter than its row says", fifth(fakeorg.BodyRule{Resize: -3}), "shorter", 0},
		{"longer", fifth(fakeorg.BodyRule{Resize: 3}), "longer", 0},
		{"others than its checksum says", fifth(fakeorg.BodyRule{Spoil: true}), "another checksum", 0},
		{"gone while it is read", fifth(fakeorg.BodyRule{Vanish: true}), "gone", 1},
		{"refused", fakeorg.Rule{Kind: "body", Nth: 5, Answer: "insufficient-access"}, "refused", 0},
		{"cut", fakeorg.Rule{Kind: "body", Nth: 5, Truncate: 400, Reset: true}, "", 1},
		{"the server has trouble", fakeorg.Rule{Kind: "body", Nth: 5, Times: 2, Status: 503}, "", 2},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := withFiles(t, fakeorg.Files{Versions: 30, Size: 1000}, body.All, "ContentVersion")
			r.Org.Fault(test.rule)
			var o control.RunObject
			calls := r.Calls(func() { o = r.Done(nil).Objects[0] })
			if calls["body"] != 30+test.calls || o.Grade != "lagged" || o.State != control.FlowDone {
				t.Errorf("%v, %s, %s", calls, o.Grade, o.State)
			}
			aside := 0
			for _, l := range register(r, "ContentVersion") {
				if l.State == bodies.Aside && strings.HasPrefix(l.Reason, test.reason) {
					aside++
				}
			}
			note := strings.Join(o.Notes, "\n")
			told := strings.Contains(note, "1 file couldn't be read")
			if (aside == 1) != (test.reason != "") || (aside == 1) != told {
				t.Errorf("%d aside: %s", aside, note)
			}
			r.Org.ClearFaults()
			r.Later(2 * time.Hour)
			if test.reason == "gone" { // its row says so by now, and nobody asks again
				aside = 0
			}
			if calls := r.Calls(func() { r.Done(nil) }); calls["body"] != aside {
				t.Errorf("%v", calls)
			}
			lines := register(r, "ContentVersion")
			for _, l := range lines {
				if l.State != bodies.Copied && test.reason != "gone" {
					t.Errorf("%+v", l)
				}
			}
			stored(r, lines)
		})
	}
}

// The org's calls are used up in the middle: the run waits, and reads nothing twice.
func TestBodiesWaitForTheOrg(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 30, Size: 1000}, body.All, "ContentVersion")
	r.Org.Fault(fakeorg.Rule{Kind: "body", Nth: 12, Answer: "daily-limit"})
	slept := 0
	calls := r.Calls(func() { r.Done(func(p *rig.Process) { p.Sleep = func() { slept++ } }) })
	if calls["body"] > 30+1+2 || slept == 0 { // what two slots had begun may be asked for again
		t.Error(calls, slept)
	}
	stored(r, register(r, "ContentVersion"))
}

// A budget of calls is spread over days.
func TestBudgetOfBodies(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 20, Attachments: 5, Size: 100}, body.All, "ContentVersion", "Attachment")
	few := func(p *rig.Process) { p.Options.BodyCalls = 10 }
	for day, want := range []int{10, 10, 5, 0} {
		var row control.RunRow
		if calls := r.Calls(func() { row = r.Done(few) }); calls["body"] != want {
			t.Errorf("day %d: %v", day, calls)
		}
		if calls := r.Calls(func() { r.Done(few) }); calls["body"] != 0 {
			t.Errorf("day %d, again: %v", day, calls)
		}
		note := fmt.Sprint(row.Objects)
		if left := want == 10; left != strings.Contains(note, "limits.bodies allows 10 calls a day") {
			t.Errorf("day %d: %s", day, note)
		}
		r.Later(24 * time.Hour)
	}
	if n := len(register(r, "ContentVersion")) + len(register(r, "Attachment")); n != 25 {
		t.Errorf("%d files", n)
	}
	p := r.Start(nil)
	defer p.Close()
	row, err := p.Control.Flow(t.Context(), "Attachment")
	if err != nil || row.Files == nil || row.Files.Copied != 5 || row.Files.Waiting != 0 || row.Files.Why != "" {
		t.Errorf("%+v, %v", row.Files, err)
	}
}

// A run that dies at any moment while it reads bodies reads none of them twice, but for what
// was under way.
func TestKilledAmongBodies(t *testing.T) {
	t.Parallel()
	const files = 24
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	draw := rand.New(rand.NewPCG(seed, 1))
	for range 12 {
		at := 60 + draw.IntN(150)
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			r := withFiles(t, fakeorg.Files{Versions: files, Size: 1000}, body.All, "ContentVersion")
			r.Keeps("ContentVersion", "Title")
			fate := &rig.Fate{At: at}
			calls := r.Calls(func() {
				p := r.Start(fate)
				p.Run()
				p.Close()
				r.Later(time.Hour)
				r.Done(nil)
			})
			if calls["body"] < files || calls["body"] > files+2 {
				t.Errorf("%d calls for %d files, killed at %d of %d moments", calls["body"], files, at, fate.Moments)
			}
			lines := register(r, "ContentVersion")
			if len(lines) != files {
				t.Errorf("%d lines", len(lines))
			}
			stored(r, lines)
		})
	}
}

// A year of runs, with retention, a rebuild, changed and deleted files, loses no body.
func TestBodiesOfAYear(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 40, Attachments: 10, Size: 500}, body.All, "ContentVersion", "Attachment")
	for i := range r.Flows {
		r.Flows[i].Sweep = week
	}
	keep := func(p *rig.Process) { p.Options.Keep, p.Options.StageLimit = 24*time.Hour, 1_000_000 }
	r.Done(keep)
	known, ids := map[string]bodies.Line{}, r.IDs("Attachment")
	for month := range 12 {
		r.Later(30 * 24 * time.Hour)
		if month < 5 {
			r.Must(r.Org.Delete(ids[month]))
		}
		r.Must(r.Org.Update(ids[5+month%5], map[string]any{"Description": fmt.Sprint("month ", month)}))
		r.Later(time.Hour)
		r.Done(func(p *rig.Process) {
			keep(p)
			p.Options.Full = month == 6
			p.Options.AllowDeletes = true
		})
		for _, object := range []string{"ContentVersion", "Attachment"} {
			now := register(r, object)
			for id, l := range now {
				known[id] = l
			}
			stored(r, now)
		}
		stored(r, known)
	}
	if len(known) != 50 {
		t.Errorf("%d bodies", len(known))
	}
}

// A machine reads bodies as the engine does, each call in a process of its own, and says so where
// it was made before a flow asked for them.
func TestMachineReadsBodies(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 20, Size: 1000}, body.All, "ContentVersion")
	c := machinesOf(r)
	calls := r.Calls(func() { r.Must(c.execute(nil)) })
	lines := register(r, "ContentVersion")
	if calls["body"] != 20 || len(lines) != 20 {
		t.Errorf("%v, %d lines", calls, len(lines))
	}
	stored(r, lines)
	r.Later(time.Hour)
	p := r.Start(nil)
	defer p.Close()
	id, err := p.Control.NewRunID()
	r.Must(err)
	e := engine.Engine{Steps: p.Replicator().Steps(), Now: p.Now}
	r.Must(e.Run(t.Context(), replicate.Plan(2), plan.Task{Run: id}))
	row, err := p.Control.Run(t.Context(), id)
	r.Must(err)
	if note := strings.Join(row.Objects[0].Notes, "\n"); !strings.Contains(note, "deploy it anew") {
		t.Errorf("%+v", row.Objects[0])
	}
}

// A run that dies while the register takes its lines leaves them in the journal.
func TestKilledWhileTheRegisterIsWritten(t *testing.T) {
	t.Parallel()
	const files = 520
	fresh := func(t *testing.T) *rig.Rig {
		r := withFiles(t, fakeorg.Files{Versions: files, Size: 50}, body.All, "ContentVersion")
		r.Keeps("ContentVersion", "Title")
		return r
	}
	var whole rig.Fate
	counting := fresh(t)
	p := counting.Start(&whole)
	p.Run()
	p.Close()
	var writes []int
	for i, kind := range whole.Kinds {
		if kind == "warehouse" && i > len(whole.Kinds)/2 {
			writes = append(writes, i+1)
		}
	}
	t.Logf("%d moments, of the warehouse: %v", whole.Moments, writes)
	for _, at := range writes {
		t.Run(fmt.Sprint(at), func(t *testing.T) {
			t.Parallel()
			r := fresh(t)
			calls := r.Calls(func() {
				p := r.Start(&rig.Fate{At: at})
				p.Run()
				p.Close()
				r.Done(nil)
			})
			if calls["body"] > files+2 {
				t.Errorf("%d calls for %d files", calls["body"], files)
			}
		})
	}
}

// Links are copied whole, of documents that were linked again and again, too, where the user may
// query all files.
func TestLinksOfFiles(t *testing.T) {
	t.Parallel()
	r := withFiles(t, fakeorg.Files{Versions: 44, Size: 100}, "", "ContentDocumentLink", "ContentDocument")
	r.Done(nil)
	r.Same()
	if n := len(r.Table("ContentDocumentLink")); n != 80 { // two of each of 40 documents
		t.Errorf("%d links", n)
	}
}
