package replicate_test

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"catchment/internal/control"
	"catchment/internal/fakeorg"
	"catchment/internal/flow"
	"catchment/internal/rig"
	"catchment/internal/value"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte("pepper" + text))
	return hex.EncodeToString(sum[:])
}

// Values are changed before they are stored, by either mover, packed or not,
// and all others stay as they are.
func TestMasks(t *testing.T) {
	t.Parallel()
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		for _, plain := range []bool{true, false} {
			t.Run(string(mover), func(t *testing.T) {
				org := rig.NewOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) { o.Plain = plain })
				r := rig.New(t, org, "Contact")
				ids := r.IDs("Contact")
				r.Set(ids[0], "Title", "say \"hi\",\r\nthere 🎈")
				r.Set(ids[0], "Email", "secret@acme.example")
				r.Set(ids[0], "Phone", "+49 30 1234")
				r.Set(ids[0], "MailingStreet", "Am Ende 7\r\nHinterhaus \"B\"")
				r.Later(time.Hour)
				fl := &r.Flows[0]
				fl.Mover, fl.Salt = mover, "env:SALT"
				fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256},
					{Field: "phone", Mask: value.Last, N: 4}, {Field: "Title", Truncate: 10}}
				fl.Rename, fl.Drop = map[string]string{"Email": "email_digest"}, []string{"MailingCity"}
				keep := func(p *rig.Process) { p.Options.Keep = time.Hour }
				r.Done(keep)
				truth, columns := r.Truth("Contact", ""), r.Columns("contact")
				got := r.Texts("contact", "id", "email_digest", "phone", "title", "mailingstreet", "lastname")
				if len(got) != 20 || slices.Contains(columns, "email") || slices.Contains(columns, "mailingcity") {
					t.Fatalf("%d rows, columns %q", len(got), columns)
				}
				for id, want := range truth {
					row := got[id]
					if want["email"] != "" && row[1] != digest(want["email"]) || want["email"] == "" && row[1] != "" {
						t.Errorf("email %q", row[1])
					}
					if row[4] != want["mailingstreet"] || row[5] != want["lastname"] {
						t.Errorf("%q, want %q", row, want)
					}
				}
				if row := got[ids[0]]; row[2] != "+49 30 ****" || row[3] != "say \"hi\",\r" {
					t.Errorf("%q", row)
				}
				nowhere(r, "secret@acme.example", "30 1234", "there 🎈", "pepper")
			})
		}
	}
}

// nowhere proves that texts are in no stored page, no control row, and no row of
// any table of the warehouse. (What DuckDB has freed in its file is not looked
// at: it isn't written over at once.)
func nowhere(r *rig.Rig, texts ...string) {
	r.T.Helper()
	found := func(where, got string) {
		for _, text := range texts {
			if strings.Contains(got, text) {
				r.T.Errorf("%s holds %q", where, text)
			}
		}
	}
	p := r.Start(nil)
	defer p.Close()
	for info, err := range p.Stage.List(p.Ctx, "") {
		r.Must(err)
		found("the name of a page", info.Key)
		found(info.Key, r.Stored(p, info.Key))
	}
	for _, table := range p.Query("SELECT CAST(table_schema || '.' || table_name AS VARCHAR) FROM " +
		"information_schema.tables") {
		for _, row := range p.Query("SELECT CAST(t AS VARCHAR) FROM " + *table[0] + " t") {
			found(*table[0], *row[0])
		}
	}
	names, err := filepath.Glob(r.Path("control.db*"))
	r.Must(err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		r.Must(err)
		found(name, string(data))
	}
}

// A mask added later: pages, staging, rows of records that are gone, and
// rejected records keep nothing in clear.
func TestMaskAddedLater(t *testing.T) {
	t.Parallel()
	for _, policy := range []flow.Deletes{flow.Flag, flow.Ignore, flow.Remove} {
		t.Run(string(policy), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			ids := r.IDs("Contact")
			for i, id := range ids {
				r.Set(id, "Email", "clear"+string(rune('a'+i))+"@acme.example")
				r.Set(id, "Phone", "030-clear")
			}
			r.Set(ids[7], "Title", "reject me")
			r.Later(time.Hour)
			fl := &r.Flows[0]
			fl.Deletes, fl.Invalid = policy, flow.Reject
			fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^[^r]"}}
			keep := func(p *rig.Process) { p.Options.Keep = 100 * time.Hour }
			if o := r.Done(keep).Objects[0]; o.Rejected == 0 || o.Records+o.Rejected != 20 {
				t.Fatalf("%+v", o)
			}
			r.Later(time.Hour)
			r.Delete(ids[1], ids[2])
			r.Later(time.Hour)
			r.Done(keep)
			r.Must(r.Org.Purge(ids[1], ids[3])) // 2 stays in the recycle bin
			r.Later(time.Hour)
			before := stageKeys(r)

			fl.Changes, fl.Drop, fl.Salt = []value.Change{{Field: "Email", Mask: value.SHA256}},
				[]string{"Phone"}, "env:SALT"
			r.Org.Fault(fakeorg.Rule{Path: "/results", Status: 400, Body: `[{"errorCode":"X","message":"no"}]`})
			if row := r.Run(keep); row.State != control.Failed { // the attempt that learnt of the mask comes to nothing
				t.Fatal(row.State)
			}
			r.Org.ClearFaults()
			for _, key := range stageKeys(r) {
				if slices.Contains(before, key) {
					t.Errorf("%s is still stored", key)
				}
			}
			r.Later(time.Hour)
			row := r.Done(func(p *rig.Process) { keep(p); p.Options.AllowDeletes = true })
			nowhere(r, "@acme.example", "030-clear", "pepper")
			if o := row.Objects[0]; o.Rejected == 0 ||
				!strings.Contains(strings.Join(o.Notes, " "), "_catchment_rejected") {
				t.Errorf("%+v", o)
			}
			for id, got := range r.Texts("contact", "id", "email", "phone") {
				live := !slices.Contains(ids[1:4], id)
				if live && len(got[1]) != 64 || got[2] != "" {
					t.Errorf("%q", got)
				}
			}
			// what is masked stays when everything is read again under the same mask
			emails := r.Texts("contact", "id", "email")
			r.Later(time.Hour)
			r.Must(r.Org.Purge(ids[2]))
			r.Later(time.Hour)
			r.Done(rig.Full)
			if again := r.Texts("contact", "id", "email"); policy != flow.Remove &&
				!maps.EqualFunc(emails, again, slices.Equal) {
				t.Errorf("%q, then %q", emails, again)
			}
		})
	}
}

func stageKeys(r *rig.Rig) []string {
	p := r.Start(nil)
	defer p.Close()
	var keys []string
	for info, err := range p.Stage.List(p.Ctx, "") {
		r.Must(err)
		keys = append(keys, info.Key)
	}
	return keys
}

// A record that breaks a rule is kept apart with its reason, counted, and not
// taken for one that is gone; what becomes valid is copied.
func TestRejected(t *testing.T) {
	t.Parallel()
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := rig.Small(t, "Contact", 20)
			ids := r.IDs("Contact")
			for _, id := range ids {
				r.Set(id, "Title", "fine")
				r.Set(id, "Phone", "007")
			}
			r.Set(ids[4], "Title", "bad")
			r.Set(ids[9], "Phone", "")
			r.Later(time.Hour)
			fl := &r.Flows[0]
			fl.Mover, fl.Invalid = mover, flow.Reject
			fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^fine$"},
				{Field: "Phone", Rule: value.NotNull}}
			fl.Changes = []value.Change{{Field: "Phone", Mask: value.Fixed, Text: "***"}}
			o := r.Done(nil).Objects[0]
			if o.Records != 18 || o.Rejected != 2 {
				t.Errorf("%+v", o)
			}
			p := r.Start(nil)
			got := p.Query("SELECT CAST(record_key AS VARCHAR), CAST(field AS VARCHAR), CAST(rule AS VARCHAR), " +
				"CAST(record AS VARCHAR) FROM salesforce_incremental._catchment_rejected ORDER BY record_key")
			p.Close()
			if len(got) != 2 || *got[0][0] != ids[4] || *got[0][1] != "Title" || *got[0][2] != `pattern "^fine$"` ||
				*got[1][0] != ids[9] || *got[1][1] != "Phone" || *got[1][2] != "not_null" ||
				!strings.Contains(*got[0][3], `"Title":"bad"`) || !strings.Contains(*got[0][3], `"Phone":"***"`) ||
				!strings.Contains(*got[1][3], `"Phone":null`) {
				t.Errorf("%d rejected", len(got))
			}
			r.Later(time.Hour)
			r.Set(ids[4], "Title", "fine") // mended
			r.Set(ids[5], "Title", "bad")  // spoilt: its last good version stays
			r.Later(time.Hour)
			if o := r.Done(nil).Objects[0]; o.Records != 1 || o.Rejected != 1 {
				t.Errorf("%+v", o)
			}
			r.Later(time.Hour)
			r.Done(rig.Full) // and no rejected record is taken for a purged one
			titles := r.Texts("contact", "id", "title", "_catchment_delete_reason")
			if len(titles) != 19 || titles[ids[4]][1] != "fine" || titles[ids[5]][1] != "fine" ||
				titles[ids[5]][2] != "" {
				t.Errorf("%d rows, %q, %q", len(titles), titles[ids[4]], titles[ids[5]])
			}
			r.Later(time.Hour)
			r.Delete(ids[5]) // the news of its deletion isn't held back
			r.Later(time.Hour)
			r.Done(nil)
			if got := r.Texts("contact", "id", "_catchment_delete_reason"); got[ids[5]][1] != "soft" {
				t.Errorf("%q", got[ids[5]])
			}
		})
	}
}

func TestInvalidFails(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 20)
	id := r.IDs("Contact")[11]
	r.Set(id, "Title", "hush")
	r.Later(time.Hour)
	r.Flows[0].Invalid = flow.Refuse
	r.Flows[0].Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^[^h]"}}
	o := r.Run(nil).Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, id) || !strings.Contains(o.Error, "Title") ||
		strings.Contains(o.Error, "hush") || !strings.Contains(o.Hint, "reject") {
		t.Errorf("%+v", o)
	}
	r.Later(time.Hour)
	r.Set(id, "Title", "mended")
	r.Later(time.Hour)
	r.Done(nil) // by another job: the first would go on to say what was there before
	if got := r.Texts("contact", "id", "title"); got[id][1] != "mended" {
		t.Errorf("%q", got[id])
	}
	r.Set(id, "Title", "hush")
	r.Later(time.Hour)
	r.Flows[0].Invalid = flow.Reject
	if o := r.Done(nil).Objects[0]; o.Rejected == 0 {
		t.Errorf("%+v", o)
	}
}

func TestUnsaltedDigestIsTold(t *testing.T) {
	t.Parallel()
	r := rig.Small(t, "Contact", 5)
	r.Flows[0].Changes = []value.Change{{Field: "Email", Mask: value.SHA256}}
	if notes := strings.Join(r.Done(nil).Objects[0].Notes, " "); !strings.Contains(notes, "without a salt") {
		t.Errorf("notes %q", notes)
	}
}

// A run over treated pages may die at any moment as well.
func TestCrashWhileTreating(t *testing.T) {
	t.Parallel()
	template := rig.New(t, crashOrg(t), "Contact")
	fl := &template.Flows[0]
	fl.Salt, fl.Invalid = "env:SALT", flow.Reject
	ids := template.IDs("Contact")
	for _, id := range ids {
		template.Set(id, "Title", "fine")
	}
	template.Set(ids[3], "Title", "bad")
	template.Set(ids[12], "Title", "bad")
	template.Later(time.Hour)
	fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^fine$"}}
	fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256}}
	moments := countMoments(t, template, func(*rig.Process) {})
	for _, n := range deathsAmong(t, moments, 8) {
		r := template.Fork(t)
		dies(r, n, func(*rig.Process) {})
		r.Later(time.Second) // the forks share an org, whose clock only goes on
		r.Done(nil)
		p := r.Start(nil)
		if got := p.Query("SELECT CAST(record_key AS VARCHAR) FROM " +
			"salesforce_incremental._catchment_rejected ORDER BY 1"); len(got) != 2 || *got[0][0] != ids[3] ||
			*got[1][0] != ids[12] {
			t.Fatalf("died at moment %d of %d: %d rejected records are kept", n, moments, len(got))
		}
		if rows := p.Rows("Contact"); len(rows) != 14 {
			t.Fatalf("died at moment %d of %d: %d rows", n, moments, len(rows))
		}
		p.Close()
		r.NothingKept()
	}
}
