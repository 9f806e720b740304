package removal_test

import (
	"encoding/base64"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/archive/planning"
	"catchment/internal/body"
	"catchment/internal/fakeorg"
	"catchment/internal/policy"
	"catchment/internal/rig"
)

// An office is an org with Cases and their files.
type office struct{ *house }

func newOffice(t *testing.T, in string) *office {
	t.Helper()
	org := rig.NewOrg(t, map[string]int{"User": 3, "Case": 0}, func(o *fakeorg.Options) { o.StandardDelete = true })
	if err := org.GenerateFiles(fakeorg.Files{}); err != nil {
		t.Fatal(err)
	}
	h := &house{t: t, names: map[string]string{}, ids: map[string]string{}, stop: make(chan struct{})}
	h.Rig = rig.New(t, org, "Case", "Attachment", "ContentDocument", "ContentVersion", "ContentDocumentLink")
	h.Shelf = rig.NewShelf(t, &cluster, in)
	h.Keeps("Case", "Subject", "Status")
	for i := range h.Flows {
		if o := h.Flows[i].Object; o == "ContentVersion" || o == "Attachment" {
			h.Flows[i].Bodies = body.All
		}
	}
	h.Begun = func(p *rig.Process) { p.Options.Folder = h.Path("spool") }
	h.now = policy.Policy{Name: "old", Root: "Case", Where: "Status = 'Closed'", Cascades: true, Files: policy.AllFiles,
		Cool: cool, Approve: 1, Expires: 90 * 24 * time.Hour,
		Cap: policy.Cap{Records: 50_000, PerDay: 20_000, Share: 100}}
	return &office{h}
}

// closed makes a Case that is to leave.
func (o *office) closed(name string) string {
	return o.add(name, "Case", map[string]any{"Subject": name, "Status": "Closed"})
}

// file makes a file that hangs on some Cases, and names its document so.
func (o *office) file(name string, on ...string) string {
	o.t.Helper()
	v := o.add(name+" version", "ContentVersion", map[string]any{"PathOnClient": name + ".txt",
		"VersionData": base64.StdEncoding.EncodeToString([]byte(name)), "FirstPublishLocationId": o.ids[on[0]]})
	id := o.Truth("ContentVersion", "Id = '"+v+"'")[v]["contentdocumentid"]
	o.ids[name], o.names[id] = id, name
	for _, more := range on[1:] {
		o.link(name, more)
	}
	return id
}

// link lets a file hang on another Case.
func (o *office) link(name, on string) {
	_, err := o.Org.Create("ContentDocumentLink", map[string]any{"ContentDocumentId": o.ids[name],
		"LinkedEntityId": o.ids[on], "ShareType": "V"})
	o.Must(err)
}

// planned makes a plan by the planner, of which every loss is agreed to.
func (o *office) planned() {
	o.t.Helper()
	o.Done(nil)
	o.Later(time.Hour)
	o.Done(rig.Full) // objects without a log of changes are proven by a whole reading
	for range 2 {
		p := o.Start(nil)
		planner := planning.Planner{Org: p.Client, Warehouse: p.Warehouse, Flows: o.remover(p).Flows, Store: p.Stage,
			Prover: p.Verifier(), Now: o.Now, ReadFile: os.ReadFile, Catchment: "test", Author: "somebody"}
		made, err := planner.Plan(p.Ctx, o.now)
		p.Close()
		if err == nil {
			o.plan = made.Name
			return
		}
		for _, l := range made.Losses {
			if !l.Allowed {
				o.now.Lose = append(o.now.Lose, l.What)
			}
		}
		o.t.Logf("loses %q: %v", o.now.Lose, err)
	}
	o.t.Fatal("no plan")
}

// bins tells which named records are deleted.
func (o *office) bins() (names []string) {
	for _, object := range []string{"Case", "Attachment", "ContentDocument", "ContentVersion"} {
		for id, r := range o.Truth(object, "") {
			if name := o.names[id]; name != "" && r["isdeleted"] == "true" {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

// A file goes with its versions and links, once all that it hangs on goes.
func TestFiles(t *testing.T) {
	both(t, func(t *testing.T, in string) {
		o := newOffice(t, in)
		o.closed("one")
		o.closed("two")
		o.add("open", "Case", map[string]any{"Subject": "open", "Status": "New"})
		o.file("file", "one", "two")
		o.file("shared", "one", "open")
		o.add("attachment", "Attachment", map[string]any{"ParentId": o.ids["one"], "Name": "a",
			"Body": base64.StdEncoding.EncodeToString([]byte("a"))})
		o.planned()
		o.cools()
		status, err := o.run(nil, nil)
		if err != nil || !status.Finished {
			t.Fatalf("%+v, %v", status, err)
		}
		for name, end := range o.ends() {
			kept := strings.HasPrefix(name, "shared")
			if kept && !strings.HasPrefix(end, "blocked") || !kept && !strings.HasPrefix(end, "deleted") {
				t.Errorf("%s is %q", name, end)
			}
		}
		if bins := o.bins(); !slices.Equal(bins, []string{"attachment", "file", "file version", "one", "two"}) {
			t.Errorf("%q are deleted", bins)
		}
		o.checks()
	})
}

// A file that changes after the plan stays, and so does what it hangs on.
func TestFilesThatChange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(o *office){
		"a new version": func(o *office) {
			_, err := o.Org.Create("ContentVersion", map[string]any{"PathOnClient": "b.txt",
				"ContentDocumentId": o.ids["file"], "VersionData": base64.StdEncoding.EncodeToString([]byte("new"))})
			o.Must(err)
		},
		"a new link": func(o *office) { o.link("file", "open") },
		"a new link right before the delete": func(o *office) {
			o.onDelete("ids="+o.ids["file"][:3], func() { o.link("file", "open") })
		},
		"a body that is lost": func(o *office) {
			paths := 0
			for _, digest := range o.digests() {
				o.Must(os.Remove(o.Path("stage/" + body.Key(digest))))
				paths++
			}
			if paths != 1 {
				o.t.Errorf("%d bodies", paths)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, "duckdb")
			o.closed("one")
			o.closed("two")
			o.add("open", "Case", map[string]any{"Subject": "open", "Status": "New"})
			o.file("file", "one")
			o.planned()
			o.cools()
			change(o)
			status, err := o.run(nil, nil)
			if err != nil || !status.Finished {
				t.Fatalf("%+v, %v", status, err)
			}
			ends := o.ends()
			kept := strings.HasPrefix(ends["file"], "changed") || strings.HasPrefix(ends["file"], "failed: body: ")
			if !kept || ends["one"] != "changed: a file that hangs on it was kept" || ends["two"] != "deleted" {
				t.Errorf("%q", ends)
			}
			if bins := o.bins(); !slices.Equal(bins, []string{"two"}) {
				t.Errorf("%q are deleted", bins)
			}
			o.checks()
		})
	}
}

// A file that changes after the plan stays. Where somebody else deletes it then, the archive has no part in that: its
// versions and links have vanished, in the bin or out of it.
func TestFilesThatOthersDelete(t *testing.T) {
	t.Parallel()
	for name, purge := range map[string]bool{"into the bin": false, "for good": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newOffice(t, "duckdb")
			o.closed("one")
			o.closed("two")
			o.file("file", "one")
			for id := range o.Truth("ContentDocumentLink", "") {
				o.names[id] = "link " + id
			}
			o.planned()
			o.cools()
			_, err := o.Org.Create("ContentVersion", map[string]any{"PathOnClient": "b.txt",
				"ContentDocumentId": o.ids["file"], "VersionData": base64.StdEncoding.EncodeToString([]byte("new"))})
			o.Must(err)
			o.onDelete("ids="+o.ids["two"][:3], func() { // the last batch: the file's is over
				o.Must(o.Org.By(o.other()).Delete(o.ids["file"]))
				if purge {
					o.Must(o.Org.Purge(o.ids["file"]))
				}
			})
			status, err := o.run(nil, nil)
			if err != nil || !status.Finished {
				t.Fatalf("%+v, %v", status, err)
			}
			links := 0
			for name, end := range o.ends() {
				want := map[string]string{"one": "changed", "file": "changed", "file version": "vanished",
					"two": "deleted"}
				if strings.HasPrefix(name, "link") {
					want[name] = "vanished"
					links++
				}
				if !strings.HasPrefix(end, want[name]) || want[name] == "" {
					t.Errorf("%s is %q, want %q", name, end, want[name])
				}
			}
			if links == 0 {
				t.Error("no link was to go")
			}
			o.checks()
		})
	}
}

// A file whose delete is refused, and that somebody else deletes at that moment, isn't of the archive's doing either.
func TestFileThatOthersDeleteWhileItIsRefused(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "duckdb")
	for _, name := range []string{"one", "two"} {
		o.closed(name)
		o.file("file of "+name, name)
	}
	o.planned()
	o.cools()
	file := o.ids["file of one"]
	o.onDelete("ids="+file[:3], func() { o.Must(o.Org.By(o.other()).Delete(file)) })
	o.Org.Fault(fakeorg.Rule{Method: "DELETE", Path: "/" + file, Answer: "insufficient-access"})
	status, err := o.run(nil, nil)
	if err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	ends := o.ends()
	for name, want := range map[string]string{"file of one": "failed", "file of one version": "vanished",
		"file of two": "deleted", "file of two version": "deleted"} {
		if !strings.HasPrefix(ends[name], want) {
			t.Errorf("%s is %q, want %q", name, ends[name], want)
		}
	}
	o.checks()
}

// A link of a file that somebody else has deleted in the meantime was gone before the record that was to take it.
func TestLinkThatWentBefore(t *testing.T) {
	t.Parallel()
	o := newOffice(t, "duckdb")
	o.closed("one")
	o.add("open", "Case", map[string]any{"Subject": "open", "Status": "New"})
	o.file("shared", "open", "one")
	for id, r := range o.Truth("ContentDocumentLink", "") {
		if r["linkedentityid"] == o.ids["one"] {
			o.names[id] = "link"
		}
	}
	o.planned()
	o.cools()
	o.Must(o.Org.By(o.other()).Delete(o.ids["shared"]))
	status, err := o.run(nil, nil)
	if err != nil || !status.Finished {
		t.Fatalf("%+v, %v", status, err)
	}
	if ends := o.ends(); ends["one"] != "deleted" || !strings.HasPrefix(ends["link"], "vanished") {
		t.Errorf("%q", ends)
	}
	o.checks()
}

// digests are those of the bodies in the stage.
func (o *office) digests() []string {
	p := o.Start(nil)
	defer p.Close()
	found := map[string]bool{}
	for info, err := range p.Stage.List(p.Ctx, body.Prefix) {
		o.Must(err)
		digest, _ := body.DigestOf(info.Key)
		found[digest] = true
	}
	return slices.Collect(maps.Keys(found))
}
