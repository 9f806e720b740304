package trial

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// One byte in a blob, one value in a row, one stamp: exactly that Id is kept, with its reason,
// and what it goes with.
func TestFlips(t *testing.T) {
	t.Parallel()
	for what, flip := range map[string]func(f *flipped) (id, says string){
		"byte of a body": func(f *flipped) (string, string) {
			f.flipBody(f.attachment)
			return f.attachment, "body"
		},
		"value of a row": func(f *flipped) (string, string) {
			f.Exec("UPDATE salesforce.visit__c SET text__c = 'another' WHERE id = '" + f.child + "'")
			return f.child, "text__c"
		},
		"stamp of a row": func(f *flipped) (string, string) {
			f.Exec("UPDATE salesforce.visit__c SET systemmodstamp = systemmodstamp + INTERVAL 1 SECOND WHERE id = '" +
				f.child + "'")
			return f.child, "systemmodstamp"
		},
		"value of a root's row": func(f *flipped) (string, string) {
			f.Exec("UPDATE salesforce.\"case\" SET subject = 'another' WHERE id = '" + f.one + "'")
			return f.one, "subject"
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			m := newMishap(t, nil)
			f := &flipped{mishap: m, attachment: m.people.attach(m.one)}
			others := []string{m.other}
			for range 4 {
				id := m.people.closed(nil)
				others = append(others, id, m.people.create(visit, map[string]any{"Of__c": id, "Text__c": "y"}),
					m.people.attach(id))
			}
			m.Later(time.Hour)
			m.prepared()
			id, says := flip(f)
			m.runs()
			lines := m.lines()
			if l := lines[id]; l.state != "failed" || !strings.Contains(strings.ToLower(l.reason), says) ||
				strings.Contains(l.reason, "another") {
				t.Errorf("%s ended as %s: %s", id, l.state, l.reason)
			}
			if l := lines[m.one]; id != m.one && l.state != "changed" {
				t.Errorf("its root ended as %s: %s", l.state, l.reason)
			}
			want := map[string]string{}
			for _, other := range others {
				want[other] = "deleted"
			}
			m.ended(want)
		})
	}
}

// A flipped house is one whose copy was changed behind everybody's back.
type flipped struct {
	*mishap
	attachment string
}

// flipBody changes one byte of the copy of a body.
func (f *flipped) flipBody(id string) {
	f.T.Helper()
	p := f.Start(nil)
	sum := registered(p, attachment)[id]
	p.Close()
	path := filepath.Join(f.Path("stage"), "bodies", sum[:2], sum)
	text, err := os.ReadFile(path)
	f.Must(err)
	text[0] ^= 1
	f.Must(os.Chmod(path, 0o600))
	f.Must(os.WriteFile(path, text, 0o600))
}
