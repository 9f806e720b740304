package replicate_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
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
	"catchment/internal/page"
	"catchment/internal/value"
)

func digest(text string) string {
	sum := sha256.Sum256([]byte("pepper" + text))
	return hex.EncodeToString(sum[:])
}

// Values are changed before they are stored, by either mover, packed or not,
// and all others stay as they are.
func TestMasks(t *testing.T) {
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		for _, plain := range []bool{true, false} {
			t.Run(string(mover), func(t *testing.T) {
				org := newOrg(t, map[string]int{"Contact": 20}, func(o *fakeorg.Options) { o.Plain = plain })
				r := newRig(t, org, "Contact")
				ids := r.ids("Contact")
				r.set(ids[0], "Title", "say \"hi\",\r\nthere 🎈")
				r.set(ids[0], "Email", "secret@acme.example")
				r.set(ids[0], "Phone", "+49 30 1234")
				r.set(ids[0], "MailingStreet", "Am Ende 7\r\nHinterhaus \"B\"")
				r.later(time.Hour)
				fl := &r.flows[0]
				fl.Mover, fl.Salt = mover, "env:SALT"
				fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256}, {Field: "phone", Mask: value.Last, N: 4}, {Field: "Title", Truncate: 10}}
				fl.Rename, fl.Drop = map[string]string{"Email": "email_digest"}, []string{"MailingCity"}
				keep := func(p *process) { p.options.Keep = time.Hour }
				r.done(keep)
				truth, columns := r.truth("Contact", ""), r.columns("contact")
				got := r.texts("contact", "id", "email_digest", "phone", "title", "mailingstreet", "lastname")
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
				r.nowhere("secret@acme.example", "30 1234", "there 🎈", "pepper")
			})
		}
	}
}

// columns lists the columns of a final table.
func (r *rig) columns(table string) []string {
	p := r.start(nil)
	defer p.close()
	var names []string
	for _, row := range p.query("SELECT CAST(column_name AS VARCHAR) FROM information_schema.columns WHERE table_schema = 'salesforce' AND table_name = '" + table + "'") {
		names = append(names, *row[0])
	}
	return names
}

// texts reads columns of a final table by Id; NULL is "".
func (r *rig) texts(table string, columns ...string) map[string][]string {
	r.t.Helper()
	p := r.start(nil)
	defer p.close()
	casts := make([]string, len(columns))
	for i, c := range columns {
		casts[i] = "CAST(" + c + " AS VARCHAR)"
	}
	all := map[string][]string{}
	for _, row := range p.query("SELECT " + strings.Join(casts, ", ") + " FROM " + "salesforce." + table) {
		texts := make([]string, len(row))
		for i, v := range row {
			if v != nil {
				texts[i] = *v
			}
		}
		all[texts[0]] = texts
	}
	return all
}

// nowhere proves that texts are in no stored page, no control row, and no row of
// any table of the warehouse. (What DuckDB has freed in its file is not looked
// at: it isn't written over at once.)
func (r *rig) nowhere(texts ...string) {
	r.t.Helper()
	found := func(where, got string) {
		for _, text := range texts {
			if strings.Contains(got, text) {
				r.t.Errorf("%s holds %q", where, text)
			}
		}
	}
	p := r.start(nil)
	defer p.close()
	for info, err := range p.stage.List(p.ctx, "") {
		r.must(err)
		found("the name of a page", info.Key)
		found(info.Key, r.stored(p, info.Key))
	}
	for _, table := range p.query("SELECT CAST(table_schema || '.' || table_name AS VARCHAR) FROM information_schema.tables") {
		for _, row := range p.query("SELECT CAST(t AS VARCHAR) FROM " + *table[0] + " t") {
			found(*table[0], *row[0])
		}
	}
	names, err := filepath.Glob(r.path("control.db*"))
	r.must(err)
	for _, name := range names {
		data, err := os.ReadFile(name)
		r.must(err)
		found(name, string(data))
	}
}

// stored reads a page of the blob store as text.
func (r *rig) stored(p *process, key string) string {
	r.t.Helper()
	f, err := p.stage.Open(context.WithoutCancel(p.ctx), key)
	r.must(err)
	defer f.Close()
	var in io.Reader = f
	if strings.HasSuffix(key, ".gz") {
		in = page.Unpack(f)
	}
	data, err := io.ReadAll(in)
	r.must(err)
	return string(data)
}

// A mask added later: pages, staging, rows of records that are gone, and
// rejected records keep nothing in clear.
func TestMaskAddedLater(t *testing.T) {
	for _, policy := range []flow.Deletes{flow.Flag, flow.Ignore, flow.Remove} {
		t.Run(string(policy), func(t *testing.T) {
			r := small(t, "Contact", 20)
			ids := r.ids("Contact")
			for i, id := range ids {
				r.set(id, "Email", "clear"+string(rune('a'+i))+"@acme.example")
				r.set(id, "Phone", "030-clear")
			}
			r.set(ids[7], "Title", "reject me")
			r.later(time.Hour)
			fl := &r.flows[0]
			fl.Deletes, fl.Invalid = policy, flow.Reject
			fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^[^r]"}}
			keep := func(p *process) { p.options.Keep = 100 * time.Hour }
			if o := r.done(keep).Objects[0]; o.Rejected == 0 || o.Records+o.Rejected != 20 {
				t.Fatalf("%+v", o)
			}
			r.later(time.Hour)
			r.delete(ids[1], ids[2])
			r.later(time.Hour)
			r.done(keep)
			r.must(r.org.Purge(ids[1], ids[3])) // 2 stays in the recycle bin
			r.later(time.Hour)
			before := r.stageKeys()

			fl.Changes, fl.Drop, fl.Salt = []value.Change{{Field: "Email", Mask: value.SHA256}}, []string{"Phone"}, "env:SALT"
			r.org.Fault(fakeorg.Rule{Path: "/results", Status: 400, Body: `[{"errorCode":"X","message":"no"}]`})
			if row := r.run(keep); row.State != control.Failed { // the attempt that learnt of the mask comes to nothing
				t.Fatal(row.State)
			}
			r.org.ClearFaults()
			for _, key := range r.stageKeys() {
				if slices.Contains(before, key) {
					t.Errorf("%s is still stored", key)
				}
			}
			r.later(time.Hour)
			row := r.done(func(p *process) { keep(p); p.options.AllowDeletes = true })
			r.nowhere("@acme.example", "030-clear", "pepper")
			if o := row.Objects[0]; o.Rejected == 0 || !strings.Contains(strings.Join(o.Notes, " "), "_catchment_rejected") {
				t.Errorf("%+v", o)
			}
			for id, got := range r.texts("contact", "id", "email", "phone") {
				live := !slices.Contains(ids[1:4], id)
				if live && len(got[1]) != 64 || got[2] != "" {
					t.Errorf("%q", got)
				}
			}
			// what is masked stays when everything is read again under the same mask
			emails := r.texts("contact", "id", "email")
			r.later(time.Hour)
			r.must(r.org.Purge(ids[2]))
			r.later(time.Hour)
			r.done(full)
			if again := r.texts("contact", "id", "email"); policy != flow.Remove && !maps.EqualFunc(emails, again, slices.Equal) {
				t.Errorf("%q, then %q", emails, again)
			}
		})
	}
}

func (r *rig) stageKeys() []string {
	p := r.start(nil)
	defer p.close()
	var keys []string
	for info, err := range p.stage.List(p.ctx, "") {
		r.must(err)
		keys = append(keys, info.Key)
	}
	return keys
}

// A record that breaks a rule is kept apart with its reason, counted, and not
// taken for one that is gone; what becomes valid is copied.
func TestRejected(t *testing.T) {
	for _, mover := range []flow.Mover{flow.Bulk, flow.REST} {
		t.Run(string(mover), func(t *testing.T) {
			r := small(t, "Contact", 20)
			ids := r.ids("Contact")
			for _, id := range ids {
				r.set(id, "Title", "fine")
				r.set(id, "Phone", "007")
			}
			r.set(ids[4], "Title", "bad")
			r.set(ids[9], "Phone", "")
			r.later(time.Hour)
			fl := &r.flows[0]
			fl.Mover, fl.Invalid = mover, flow.Reject
			fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^fine$"}, {Field: "Phone", Rule: value.NotNull}}
			fl.Changes = []value.Change{{Field: "Phone", Mask: value.Fixed, Text: "***"}}
			o := r.done(nil).Objects[0]
			if o.Records != 18 || o.Rejected != 2 {
				t.Errorf("%+v", o)
			}
			p := r.start(nil)
			got := p.query("SELECT CAST(record_key AS VARCHAR), CAST(field AS VARCHAR), CAST(rule AS VARCHAR), CAST(record AS VARCHAR) FROM salesforce_incremental._catchment_rejected ORDER BY record_key")
			p.close()
			if len(got) != 2 || *got[0][0] != ids[4] || *got[0][1] != "Title" || *got[0][2] != `pattern "^fine$"` ||
				*got[1][0] != ids[9] || *got[1][1] != "Phone" || *got[1][2] != "not_null" ||
				!strings.Contains(*got[0][3], `"Title":"bad"`) || !strings.Contains(*got[0][3], `"Phone":"***"`) || !strings.Contains(*got[1][3], `"Phone":null`) {
				t.Errorf("%d rejected", len(got))
			}
			r.later(time.Hour)
			r.set(ids[4], "Title", "fine") // mended
			r.set(ids[5], "Title", "bad")  // spoilt: its last good version stays
			r.later(time.Hour)
			if o := r.done(nil).Objects[0]; o.Records != 1 || o.Rejected != 1 {
				t.Errorf("%+v", o)
			}
			r.later(time.Hour)
			r.done(full) // and no rejected record is taken for a purged one
			titles := r.texts("contact", "id", "title", "_catchment_delete_reason")
			if len(titles) != 19 || titles[ids[4]][1] != "fine" || titles[ids[5]][1] != "fine" || titles[ids[5]][2] != "" {
				t.Errorf("%d rows, %q, %q", len(titles), titles[ids[4]], titles[ids[5]])
			}
			r.later(time.Hour)
			r.delete(ids[5]) // the news of its deletion isn't held back
			r.later(time.Hour)
			r.done(nil)
			if got := r.texts("contact", "id", "_catchment_delete_reason"); got[ids[5]][1] != "soft" {
				t.Errorf("%q", got[ids[5]])
			}
		})
	}
}

func TestInvalidFails(t *testing.T) {
	r := small(t, "Contact", 20)
	id := r.ids("Contact")[11]
	r.set(id, "Title", "hush")
	r.later(time.Hour)
	r.flows[0].Invalid = flow.Refuse
	r.flows[0].Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^[^h]"}}
	o := r.run(nil).Objects[0]
	if o.State != control.FlowFailed || !strings.Contains(o.Error, id) || !strings.Contains(o.Error, "Title") || strings.Contains(o.Error, "hush") || !strings.Contains(o.Hint, "reject") {
		t.Errorf("%+v", o)
	}
	r.later(time.Hour)
	r.set(id, "Title", "mended")
	r.later(time.Hour)
	r.done(nil) // by another job: the first would go on to say what was there before
	if got := r.texts("contact", "id", "title"); got[id][1] != "mended" {
		t.Errorf("%q", got[id])
	}
	r.set(id, "Title", "hush")
	r.later(time.Hour)
	r.flows[0].Invalid = flow.Reject
	if o := r.done(nil).Objects[0]; o.Rejected == 0 {
		t.Errorf("%+v", o)
	}
}

func TestUnsaltedDigestIsTold(t *testing.T) {
	r := small(t, "Contact", 5)
	r.flows[0].Changes = []value.Change{{Field: "Email", Mask: value.SHA256}}
	if notes := strings.Join(r.done(nil).Objects[0].Notes, " "); !strings.Contains(notes, "without a salt") {
		t.Errorf("notes %q", notes)
	}
}

// A run over treated pages may die at any moment as well.
func TestCrashWhileTreating(t *testing.T) {
	template := newRig(t, crashOrg(t), "Contact")
	fl := &template.flows[0]
	fl.Salt, fl.Invalid = "env:SALT", flow.Reject
	ids := template.ids("Contact")
	for _, id := range ids {
		template.set(id, "Title", "fine")
	}
	template.set(ids[3], "Title", "bad")
	template.set(ids[12], "Title", "bad")
	template.later(time.Hour)
	fl.Checks = []value.Check{{Field: "Title", Rule: value.Pattern, Pattern: "^fine$"}}
	fl.Changes = []value.Change{{Field: "Email", Mask: value.SHA256}}
	moments := countMoments(t, template, func(*process) {})
	every := *crashEvery
	if every == 0 {
		every = max(1, moments/8)
	}
	for n := 1; n <= moments; n += every {
		r := template.fork(t)
		p := r.start(&fate{at: n})
		p.tries = 1
		if p.control != nil {
			p.run()
		}
		p.close()
		r.later(time.Second) // the forks share an org, whose clock only goes on
		r.done(nil)
		p = r.start(nil)
		if got := p.query("SELECT CAST(record_key AS VARCHAR) FROM salesforce_incremental._catchment_rejected ORDER BY 1"); len(got) != 2 || *got[0][0] != ids[3] || *got[1][0] != ids[12] {
			t.Fatalf("died at moment %d of %d: %d rejected records are kept", n, moments, len(got))
		}
		if rows := p.rows("Contact"); len(rows) != 14 {
			t.Fatalf("died at moment %d of %d: %d rows", n, moments, len(rows))
		}
		p.close()
		r.nothingKept()
	}
}
