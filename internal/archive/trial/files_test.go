package trial

import (
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/plan"
)

// A file that hangs on a record that stays, stays.
func TestFileSharedElsewhere(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	stays := m.people.closed(map[string]any{"Status": "New"})
	_, shared := m.people.file(m.one, stays)
	_, own := m.people.file(m.other)
	m.Later(time.Hour)
	m.prepared().runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", own: "deleted"})
	if now := m.witness.now(); now[shared].deleted() || now[stays].deleted() {
		t.Error("a file that hangs elsewhere is gone")
	}
}

// A new version, or a new link, of a file that is about to go keeps it.
func TestFileChangesDuringTheRun(t *testing.T) {
	t.Parallel()
	for what, change := range map[string]func(m *mishap, file string){
		"version": func(m *mishap, file string) { m.people.revise(file) },
		"link": func(m *mishap, file string) {
			stays := m.people.closed(map[string]any{"Status": "New"})
			m.people.create(link, map[string]any{"ContentDocumentId": file, "LinkedEntityId": stays, "ShareType": "V"})
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := newMishap(t, nil)
			_, document := m.people.file(m.one)
			m.Later(time.Hour)
			m.prepared()
			m.before(document, func() { change(m, document) })
			m.runs()
			m.ended(map[string]string{document: "changed", m.other: "deleted"})
		})
	}
}

// One document on many records goes with the last of them, and stays with one that stays.
func TestHardis486OneDocumentWithManyLinks(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	_, document := m.people.file(m.one, m.other, m.people.closed(nil), m.people.closed(nil))
	m.Later(time.Hour)
	m.prepared().runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "deleted", document: "deleted"})
}

// An Attachment goes with its copy, and isn't forgotten.
func TestHardis296AttachmentsForgotten(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	one := m.people.attach(m.one)
	m.Later(time.Hour)
	m.prepared().runs()
	m.ended(map[string]string{m.one: "deleted", one: "deleted"})
}

// A body of which half came is no copy: its file stays, and what it hangs on.
func TestHardis1409HalfDownloads(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	id, document := m.people.file(m.one)
	m.Later(time.Hour)
	m.Org.Fault(fakeorg.Rule{Kind: "body", BodyRule: fakeorg.BodyRule{Resize: -3}})
	m.prepared().runs()
	lines := m.lines()
	for _, kept := range []string{m.one, document, id} {
		if l, there := lines[kept]; there && l.state == "deleted" {
			t.Errorf("%s is deleted", kept)
		}
	}
	m.ended(map[string]string{m.other: "deleted"})
	if now := m.witness.now(); now[document].deleted() || now[m.one].deleted() {
		t.Error("what has half a copy is deleted")
	}
}

// Salesforce tells no checksum: the body is proven otherwise, or stays.
func TestChecksumIsNull(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	id, document := m.people.file(m.one)
	m.Must(m.Org.Drift(id, "Checksum", ""))
	m.Later(time.Hour)
	m.prepared().runs()
	state := m.lines()[document].state
	t.Logf("the document ended as %s: %s", state, m.lines()[document].reason)
	m.ended(map[string]string{m.other: "deleted"})
}

// Who lacks Query All Files doesn't see where a file hangs: it stays.
func TestGraxQueryAllFilesMissing(t *testing.T) {
	t.Parallel()
	m := newMishap(t, func(o *fakeorg.Options) { o.NoQueryAllFiles = true })
	m.witness = newWitness(m.Rig, root, visit, note) // that user can't list files for it either
	_, file := m.people.file(m.one)                  // of another user
	m.Later(time.Hour)
	m.copied(true)
	sum, err := m.plan(nil, m.pol)
	if err != nil {
		t.Logf("no plan: %v", err)
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" {
			t.Errorf("%v, hint %q", err, plan.HintOf(err))
		}
		return
	}
	m.name = sum.Name
	m.approve(m.name)
	m.runs()
	m.judge(m.name)
	if now := m.Truth(document, "Id = '"+file+"'")[file]; now["isdeleted"] != "false" {
		t.Errorf("a file that the user can't see is deleted: %v", now)
	}
}

// What a file keeps, keeps what the file hangs on: else its link would go with that.
func TestFileThatIsKeptKeepsItsRecord(t *testing.T) {
	t.Parallel()
	m := newMishap(t, nil)
	_, file := m.people.file(m.other)
	m.Later(time.Hour)
	m.prepared()
	m.Later(time.Hour)
	m.people.revise(file)
	m.runs()
	m.ended(map[string]string{m.one: "deleted", m.other: "changed", file: "changed"})
}
