package replicate_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/appflow/types"

	"catchment/internal/control"
	fake "catchment/internal/fakeaws/appflow"
	"catchment/internal/rig"
)

// everyFile runs a test with files of each format, by flows of each kind.
func everyFile(t *testing.T, test func(t *testing.T, change func(*cloud))) {
	for _, format := range []types.FileType{types.FileTypeCsv, types.FileTypeParquet} {
		for _, lasting := range []bool{false, true} {
			if *crashEvery == 0 && lasting == (format == types.FileTypeCsv) { // all of them in the long form
				continue
			}
			name := string(format) + map[bool]string{false: " stack", true: " lasting"}[lasting]
			t.Run(name, func(t *testing.T) {
				test(t, func(c *cloud) { c.format, c.lasting = format, lasting })
			})
		}
	}
}

// Three runs with changes between them, by files, into each warehouse.
func TestFilesAreLoaded(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"duckdb", "postgres", "redshift", "lake"} {
		t.Run(name, func(t *testing.T) {
			everyFile(t, func(t *testing.T, change func(*cloud)) {
				r, c := landing(t, "Contact", change)
				if name != "duckdb" {
					r.Shelf = shelfOf(t, name)
				}
				for n := range 3 {
					c.flows.Script(fake.Script{Looks: 2})
					if n == 1 { // a flow that failed halfway leaves what it had put
						c.flows.Script(fake.Script{Fail: "Internal failure", After: 3})
					}
					row := r.Done(c.with)
					if o := row.Objects[0]; o.Mover != "appflow" || o.Records == 0 {
						t.Errorf("run %d: %+v", n, o)
					}
					c.nothingLeft()
					r.Same()
					r.History(20, uint64(n+3))
				}
			})
		})
	}
}

// meanwhile does something before the first request of S3 that a test means.
func (c *cloud) meanwhile(meant func(*http.Request) bool, do func(key string)) {
	var once sync.Once
	c.bucket.Before = func(r *http.Request) {
		if meant(r) {
			once.Do(func() { do(strings.TrimPrefix(r.URL.Path, "/")) })
		}
	}
}

func lists(r *http.Request) bool { return r.URL.Query().Get("list-type") == "2" }
func reads(r *http.Request) bool { return r.Method == http.MethodGet && !lists(r) }

// What goes wrong between AppFlow and us is read anew, by another execution where the files
// aren't those of the one before, and each record is there once.
func TestFileFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		before func(*cloud)
		note   string // that the run says of it; "" for none
	}{
		{"fails halfway", func(c *cloud) { c.flows.Script(fake.Script{Fail: "Internal failure", After: 7}) },
			"was given up: job failed"},
		{"fewer records than counted", func(c *cloud) { c.flows.Script(fake.Script{Lose: 3}) },
			"hold 13 records, Salesforce counts 16"},
		{"files written twice", func(c *cloud) { c.flows.Script(fake.Script{Again: 2}) },
			"rows landed for 16 records"},
		{"hangs", func(c *cloud) { c.flows.Script(fake.Script{Hang: true}) }, "was given up: job failed"},
		{"listing is throttled", func(c *cloud) { c.bucket.Busy(2) }, ""},
		{"written anew after it was listed", func(c *cloud) {
			c.meanwhile(reads, func(key string) { c.bucket.Put(key, []byte("Id\n003000000000001AAA\n")) })
		}, "was written anew after it was listed"},
		{"taken away after it was listed", func(c *cloud) { c.meanwhile(reads, c.bucket.Delete) },
			"was taken away after it was listed"},
		{"lost before it was listed", func(c *cloud) {
			c.meanwhile(lists, func(string) { c.bucket.Delete(c.bucket.Keys()[0]) })
		}, "Salesforce counts 16"},
		{"all are lost", func(c *cloud) {
			c.meanwhile(lists, func(string) {
				for _, key := range c.bucket.Keys() {
					c.bucket.Delete(key)
				}
			})
		}, "has written 16 records, and no file of it"},
		{"another flow writes into the prefix", func(c *cloud) {
			c.meanwhile(lists, func(string) {
				ours := c.bucket.Keys()[0]
				flow, _, _ := strings.Cut(strings.TrimPrefix(ours, "bucket/"), "/")
				stranger := []byte("Id,LastName\n003000000000001AAA,stranger\n")
				c.bucket.Put("bucket/"+flow+"-2/"+strings.TrimPrefix(ours, "bucket/"+flow+"/"), stranger)
				c.bucket.Put("bucket/"+flow+"/stray", stranger)
				c.bucket.Put("bucket/"+flow+"/00000099-0000-4000-8000-000000000000/other", stranger)
			})
		}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			everyFile(t, func(t *testing.T, change func(*cloud)) {
				r, c := landing(t, "Contact", change)
				tt.before(c)
				row := r.Run(func(p *rig.Process) { c.patient(p, tt.name == "hangs") })
				if row.State != control.Done {
					t.Fatalf("%s %+v", row.State, row.Objects)
				}
				o := row.Objects[0]
				notes := strings.Join(o.Notes, "\n")
				if !strings.Contains(notes, tt.note) || tt.note == "" && notes != "" {
					t.Errorf("%q", o.Notes)
				}
				c.nothingLeft()
				c.holds()
			})
		})
	}
}

// An execution that found nothing leaves no file, and that is no loss.
func TestEmptyExecution(t *testing.T) {
	t.Parallel()
	everyFile(t, func(t *testing.T, change func(*cloud)) {
		r, c := landing(t, "Account", change)
		if o := r.Done(c.with).Objects[0]; o.Mover != "appflow" || o.Records != 0 || len(c.bucket.Keys()) != 0 {
			t.Errorf("%+v, %q", o, c.bucket.Keys())
		}
		c.holds()
	})
}

// changed is an AppFlow that writes files of CSV otherwise.
func changed(t *testing.T, r *rig.Rig, change func(body []byte) []byte) *cloud {
	var c *cloud
	c = newCloud(t, r, func(o *fake.Options) {
		o.S3["bucket"] = func(_ context.Context, key string, body []byte) error {
			c.bucket.Put("bucket/"+key, change(body))
			return nil
		}
	})
	c.format = types.FileTypeCsv
	return c
}

// A value that isn't of its type keeps its own record aside, and no other.
func TestRecordOfAFileIsKeptAside(t *testing.T) {
	t.Parallel()
	moment := regexp.MustCompile(`(\d{4}-\d\d-\d\d)T(\d\d)`)
	r := rig.New(t, crashOrg(t), "Contact")
	broken := false
	c := changed(t, r, func(body []byte) []byte {
		at := moment.FindIndex(body)
		if broken || at == nil {
			return body
		}
		broken = true
		return append(append(append([]byte{}, body[:at[0]]...), "someday"...), body[at[1]:]...)
	})
	o := r.Done(c.with).Objects[0]
	notes := strings.Join(o.Notes, "\n")
	if !strings.Contains(notes, "1 record was kept out") || !regexp.MustCompile(`003\w{15}`).MatchString(notes) ||
		strings.Contains(notes, "someday") {
		t.Errorf("%+v", o)
	}
	r.Done(c.with) // what is kept out is read again, by its Id
	c.holds()
}

// A file that isn't what the flow writes fails its flow, and says which file and which column.
func TestFileThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func([]byte) []byte
		want   string
	}{
		"lacks a column": {func(b []byte) []byte {
			return []byte(strings.Replace(string(b), "LastName", "Surname", 1))
		}, "the column LastName is missing"},
		"a record of fewer fields": {func(b []byte) []byte {
			return append(append([]byte{}, b...), "003000000000001AAA,x\n"...)
		}, "2 fields, the header has"},
		"an open quote": {func(b []byte) []byte { return append(append([]byte{}, b...), `"003`...) },
			"the page ends within a record"},
	} {
		t.Run(name, func(t *testing.T) {
			r := rig.New(t, crashOrg(t), "Contact")
			wrong := true
			c := changed(t, r, func(body []byte) []byte {
				if wrong {
					return tt.change(body)
				}
				return body
			})
			row := r.Run(func(p *rig.Process) { c.with(p); p.Tries = 3 })
			o := row.Objects[0]
			if row.State != control.Failed || !strings.Contains(o.Error, tt.want) ||
				!strings.Contains(o.Error, "file catchment-contact-") || o.Hint == "" {
				t.Errorf("%s %+v", row.State, o)
			}
			wrong = false
			r.Done(c.with)
			c.nothingLeft()
			c.holds()
		})
	}
}

// A run may die at any moment: a file that was loaded is loaded once.
func TestCrashWhileFilesAreLoaded(t *testing.T) {
	t.Parallel()
	everyFile(t, landsThroughCrashes)
}
