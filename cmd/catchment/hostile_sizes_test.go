package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"catchment/internal/fakeorg"
	"catchment/internal/hostile"
	"catchment/internal/hostile/place"
)

// What no org sends is not taken, and never held: a header, a depth, a value, an
// answer, and what unpacks to a thousand times its size.
func TestHostileSizes(t *testing.T) {
	t.Parallel()
	const mb, gb = 1 << 20, 1 << 30
	csv := http.Header{"Content-Type": {"text/csv"}, "Sforce-Numberofrecords": {"1"}, "Sforce-Locator": {"null"}}
	rest := "{object: Account, mover: rest}"
	text := func(before, behind string, size int64) hostile.Flood {
		return hostile.Flood{Before: before, Text: "x", Behind: behind, Size: size}
	}
	packed := func(f hostile.Flood) hostile.Flood {
		f.Packed = true
		return f
	}
	var all []assault
	add := func(name string, at place.Place, command string, do hostile.Trick, more ...assault) {
		a := assault{}
		if len(more) > 0 {
			a = more[0]
		}
		a.name, a.command, a.attacks = name, command, []hostile.Attack{{On: at, Do: do}}
		if a.want == "" {
			a.want = refused
		}
		if at == place.Query && strings.HasPrefix(command, "run") {
			a.attacks[0].About = "SystemModstamp"
		}
		all = append(all, a)
	}
	const run, check = "run --json", "check --json"

	for i, at := range []struct {
		place   place.Place
		command string
	}{{place.Token, check}, {place.Objects, check}, {place.Describe, run}, {place.Query,
		check}, {place.Results, run}, {place.NewJob, run}} {
		mended := assault{mends: at.command == run && i%2 == 0}
		long := assault{longOnly: i > 2}
		add(fmt.Sprintf("a header of 100 MB before the %s", at.place), at.place, at.command,
			hostile.LongHeader(100*mb), mended)
		add(fmt.Sprintf("a million headers before the %s", at.place), at.place, at.command,
			hostile.ManyHeaders(1_000_000), long)
		if at.place != place.Results {
			add(fmt.Sprintf("a depth of a million in the %s", at.place), at.place, at.command,
				hostile.Flood{Before: `{"x":`, Text: "[", Size: 1_000_000}.Trick, long)
			add(fmt.Sprintf("objects a million deep in the %s", at.place), at.place, at.command,
				hostile.Flood{Text: `{"fields":`, Size: 10_000_000}.Trick, long)
			add(fmt.Sprintf("10 GB packed in the %s", at.place), at.place, at.command,
				packed(text(`{"name":"`, `"}`, 10*gb)).Trick, mended)
			add(fmt.Sprintf("10 GB of spaces packed in the %s", at.place), at.place, at.command,
				packed(hostile.Flood{Before: "{", Text: " ", Behind: "}", Size: 10 * gb}).Trick, long)
			add(fmt.Sprintf("a value of 800 MB in the %s", at.place), at.place, at.command,
				text(`{"name":"`, `"}`, 800*mb).Trick, long)
			add(fmt.Sprintf("a key of 800 MB in the %s", at.place), at.place, at.command,
				text(`{"`, `":1}`, 800*mb).Trick, long)
			add(fmt.Sprintf("a number of 800 MB in the %s", at.place), at.place, at.command,
				hostile.Flood{Before: `{"totalSize":`, Text: "9", Behind: "}", Size: 800 * mb}.Trick, long)
		}
		add(fmt.Sprintf("an error of 800 MB in the %s", at.place), at.place, at.command, func(x *hostile.Exchange) {
			f := text(`[{"errorCode":"X","message":"`, `"}]`, 800*mb)
			f.Status = 400
			f.Trick(x)
		}, long)
	}
	record := `{"attributes":{"type":"Account"},"Id":"001000000000001AAA","Name":"`
	add("one value of 800 MB by REST", place.Query, run,
		text(`{"totalSize":1,"done":true,"records":[`+record, `"}]}`, 800*mb).Trick, assault{flows: rest, mends: true})
	add("one value of 10 GB by REST, packed", place.Query, run,
		packed(text(`{"totalSize":1,"done":true,"records":[`+record, `"}]}`, 10*gb)).Trick, assault{flows: rest})
	add("a record with a million fields by REST", place.Query, run, hostile.Flood{
		Before: `{"totalSize":1,"done":true,"records":[{"Id":"001000000000001AAA"`, Text: `,"Name":null    `,
		Size: 64 * mb, Behind: `}]}`}.Trick,
		assault{flows: rest})
	add("400 MB of records by REST", place.Query, run, hostile.Flood{
		Before: `{"totalSize":4000000,"done":true,"records":[` + "null",
		Text:   `,` + `{"Id":"001000000000001AAA","attributes":{"type":"Account"},"a":0}`,
		Size:   400 * mb, Behind: `]}`}.Trick, assault{flows: rest, longOnly: true})
	add("one value of 800 MB by Bulk", place.Results, run, flood(text(`"Id","Name"`+"\n"+`"001000000000001AAA","`,
		`"`+"\n", 800*mb), csv).Trick,
		assault{want: either, longOnly: true})
	add("one value of 300 MB by Bulk", place.Results, run, flood(text(`"Id","Name"`+"\n"+`"001000000000001AAA","`,
		`"`+"\n", 300*mb), csv).Trick)
	add("a header row of 300 MB by Bulk", place.Results, run, flood(text(`"Id","`, `"`+"\n", 300*mb), csv).Trick)
	add("10 GB of one value by Bulk, packed", place.Results, run,
		flood(packed(text(`"Id","Name"`+"\n"+`"001000000000001AAA","`, `"`+"\n", 10*gb)), csv).Trick)
	add("10 GB of rows by Bulk, packed", place.Results, run, flood(packed(hostile.Flood{
		Before: "\"Id\"\n", Text: "\n", Size: 10 * gb}), csv).Trick)
	add("10 GB of zeros by Bulk, packed", place.Results, run,
		flood(packed(hostile.Flood{Text: "\x00", Size: 10 * gb}), csv).Trick)

	add("a describe of 100 MB in one label", place.Describe, run, text("", "", 100*mb).Around("Account ID"))
	add("a describe of 100 MB in small fields", place.Describe, run, small(100*mb))
	add("a describe of 16,000 fields", place.Describe, check,
		hostile.MoreFields(16_000, func(i int, f map[string]any) {
			f["name"] = fmt.Sprintf("Field_%d__c", i)
		}), assault{want: either})
	add("a describe of 16,000 fields", place.Describe, run, hostile.MoreFields(16_000, func(i int, f map[string]any) {
		f["name"] = fmt.Sprintf("Field_%d__c", i)
	}), assault{want: either})
	add("a million picklist values", place.Describe, run, hostile.Flood{Text: `{"value":"abcdefgh","label":"a"},`,
		Size:   33 << 20,
		Behind: `{"value":"z"}`}.Around(`"picklistValues":[`), assault{want: either, longOnly: true})
	add("a list of 400,000 objects", place.Objects, check, hostile.Flood{
		Before: `{"sobjects":[{"name":"Account","queryable":true}`,
		Text:   `,{"name":"Objectabcdefghijklmno__c","queryable":true,"custom":1}`,
		Size:   64 * 400_000, Behind: "]}"}.Trick, assault{want: either, flows: `{object: "*"}`, longOnly: true})
	add("a million limits", place.Limits, check, hostile.Flood{Before: `{"DailyApiRequests":{"Max":1,"Remaining":1}`,
		Text: `,"Limit":{"Max":12,"Remaining":1}`, Size: 32 << 20, Behind: "}"}.Trick, assault{want: either})
	add("a million versions", place.Versions, check, hostile.Flood{Before: `[{"version":"66.0"}`,
		Text: `,{"version":"66.0","label":"S"} `, Size: 32 << 20,
		Behind: "]"}.Trick, assault{want: either})

	for _, ids := range []struct{ name, text string }{
		{"a million Ids of wrong form", `"x","not an Id","001","","\u0000"`},
		{"a million numbers for Ids", `12,13,14,15,16,17,18,19,20,21,22`},
		{"ten million Ids", `"001000000000001AAA"`},
	} {
		size := int64(16 << 20)
		if strings.HasPrefix(ids.name, "ten") {
			size = 21 * 10_000_000
		}
		add(ids.name, place.Updated, run,
			hostile.Flood{Before: `{"latestDateCovered":"2026-03-01T12:10:00.000+0000","ids":[`,
				Text: ids.text + ",", Size: size, Behind: `"001000000000001AAA"]}`}.Trick,
			assault{first: []string{"run"}, changes: 20, mends: true, want: either})
	}
	add("a million deleted records", place.Deleted, run, hostile.Flood{
		Before: `{"earliestDateAvailable":"2026-01-01T00:00:00.000+0000",` +
			`"latestDateCovered":"2026-03-01T12:10:00.000+0000","deletedRecords":[`,
		Text: `{"id":"001000000000001","deletedDate":"2026-03-01T12:01:00.000+0000"},`, Size: 128 << 20,
		Behind: `{"id":"001000000000001AAA","deletedDate":"2026-03-01T12:01:00.000+0000"}]}`}.Trick,
		assault{first: []string{"run"}, changes: 20, want: refused})
	together := fakeorg.Options{NotInComposite: []string{}}
	for _, bomb := range []struct {
		name string
		do   hostile.Trick
	}{
		{"a composite answer of 800 MB", text(`{"compositeResponse":[{"body":"`, `"}]}`, 800*mb).Trick},
		{"a composite answer a million deep", hostile.Flood{Before: `{"compositeResponse":`, Text: "[",
			Size: 1_000_000}.Trick},
		{"a composite answer that is packed", packed(text(`{"compositeResponse":[{"body":"`, `"}]}`, 10*gb)).Trick},
	} {
		add(bomb.name, place.Composite, run, bomb.do, assault{
			options: together, flows: "{object: Account}, {object: Contact}, {object: Opportunity}, {object: User}",
			want:  either,
			first: []string{"run"}, unseen: true,
		})
	}
	repel(t, all)
}

func flood(f hostile.Flood, h http.Header) hostile.Flood {
	f.Header = h
	return f
}

// small is a describe of so many bytes in fields of their own.
func small(size int64) hostile.Trick {
	const field = `,{"name":"More__c","type":"string","length":255,"label":"More"}`
	return hostile.Flood{Before: `{"name":"Account","queryable":true,"fields":[{"name":"Id","type":"id","length":18}`,
		Text: field, Behind: "]}", Size: size}.Trick
}

// Numbers and times that can't be are refused, or taken for what they are; none leads
// to a wait without end, to a table that is wrong, or to changes that are never read.
func TestHostileNumbers(t *testing.T) {
	t.Parallel()
	rest := "{object: Account, mover: rest}"
	var all []assault
	add := func(a assault, at place.Place, do hostile.Trick) {
		a.attacks = append(a.attacks, hostile.Attack{On: at, Do: do})
		if a.command == "" {
			a.command = "run --json"
		}
		if a.want == "" {
			a.want = either
		}
		a.mends = !a.repairs && strings.HasPrefix(a.command, "run")
		all = append(all, a)
	}
	numbers := []json.Number{"-1", "9223372036854775807", "9223372036854775808", "1e400", "1.5", "0", "1000000000000"}
	for i, n := range numbers {
		long := i > 2
		add(assault{name: "Sforce-NumberOfRecords " + string(n), want: refused, longOnly: long}, place.Results,
			hostile.SetHeader("Sforce-NumberOfRecords", string(n)))
		add(assault{name: "totalSize " + string(n), flows: rest, longOnly: long, want: refused}, place.Query,
			total(n))
		add(assault{name: "records processed " + string(n), longOnly: long}, place.Job,
			hostile.Set("numberRecordsProcessed", n))
		add(assault{name: "limits " + string(n), command: "check --json", longOnly: long}, place.Limits,
			hostile.ChangeJSON(func(m map[string]any) {
				for key := range m {
					m[key] = map[string]any{"Max": n, "Remaining": n}
				}
			}))
		add(assault{name: "limits " + string(n), command: "plan --json", longOnly: long}, place.Limits,
			hostile.ChangeJSON(func(m map[string]any) {
				for key := range m {
					m[key] = map[string]any{"Max": 100, "Remaining": n}
				}
			}))
		add(assault{name: "usage " + string(n), longOnly: long}, place.InsideAPI,
			hostile.SetHeader("Sforce-Limit-Info", fmt.Sprintf("api-usage=%s/%s", n, n)))
		add(assault{name: "length of fields " + string(n), longOnly: long}, place.Describe,
			hostile.EachField(func(_ int, f map[string]any) {
				f["length"], f["precision"], f["scale"], f["digits"], f["byteLength"] = n, n, n, n, n
			}))
		add(assault{name: "record counts " + string(n), command: "plan --json", unseen: true, longOnly: long},
			place.Counts,
			hostile.ChangeJSON(func(m map[string]any) {
				for _, o := range m["sObjects"].([]any) {
					o.(map[string]any)["count"] = n
				}
			}))
		add(assault{name: "version of a job " + string(n), longOnly: long}, place.NewJob,
			hostile.Set("apiVersion", n))
		add(assault{name: "Retry-After " + string(n), command: "check --json", want: refused, longOnly: long},
			place.Objects,
			func(x *hostile.Exchange) {
				x.W.Header().Set("Retry-After", string(n))
				hostile.Refuse(503, "SERVER_UNAVAILABLE", "later")(x)
			})
	}
	for i, date := range []string{"9999-12-31T23:59:59.000+0000", "0001-01-01T00:00:00.000+0000",
		"-5000-01-01T00:00:00.000+0000",
		"2026-13-45T99:99:99.000+0000", "99999-01-01T00:00:00.000+0000", "2026-03-01", "x", "",
		"2999-01-01T00:00:00.000+0000"} {
		long := i > 1 && i < 8
		for _, at := range []place.Place{place.Updated, place.Deleted} {
			add(assault{name: fmt.Sprintf("%s covered to %q", at, date), first: []string{"run"}, changes: 20,
				longOnly: long}, at,
				hostile.Set("latestDateCovered", date))
		}
		add(assault{name: fmt.Sprintf("deletes known from %q", date), first: []string{"run"}, changes: 20,
			longOnly: true}, place.Deleted,
			hostile.Set("earliestDateAvailable", date))
		add(assault{name: fmt.Sprintf("deleted at %q", date), first: []string{"run"}, changes: 20, longOnly: true},
			place.Deleted,
			hostile.ChangeJSON(func(m map[string]any) {
				for _, r := range m["deletedRecords"].([]any) {
					r.(map[string]any)["deletedDate"] = date
				}
			}))
		add(assault{name: fmt.Sprintf("stamped %q", date), first: []string{"run"}, changes: 20, flows: rest,
			longOnly: long, repairs: true}, place.Query,
			hostile.ChangeJSON(func(m map[string]any) {
				for _, r := range m["records"].([]any) {
					if record := r.(map[string]any); record["SystemModstamp"] != nil {
						record["SystemModstamp"] = date
					}
				}
			}))
	}
	for i, date := range []string{"", "x", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT",
		"Fri, 01 Mar 2999 00:00:00 GMT"} {
		add(assault{name: fmt.Sprintf("Date %q", date), first: []string{"run"}, changes: 20,
			longOnly: i > 2 && i != 4, command: "run --json", want: refused}, place.Anything,
			hostile.SetHeader("Date", date))
	}
	repel(t, all)
}

// total sets the number of records of queries that give records.
func total(n json.Number) hostile.Trick {
	return hostile.ChangeJSON(func(m map[string]any) {
		if records, _ := m["records"].([]any); len(records) > 1 {
			m["totalSize"] = n
		}
	})
}

// Answers that are cut, that lie about their form, or that say a thing twice.
func TestHostileForms(t *testing.T) {
	t.Parallel()
	rest := "{object: Account, mover: rest}"
	var all []assault
	for i, at := range []struct {
		place   place.Place
		command string
		flows   string
	}{
		{place.Objects, "check", ""}, {place.Describe, "run", ""}, {place.Query, "run", rest}, {place.Results,
			"run", ""},
		{place.Token, "check", ""}, {place.NewJob, "run", ""}, {place.ResultPages, "run", ""}, {place.Limits,
			"check", ""},
	} {
		add := func(name string, want outcome, do hostile.Trick, long bool) {
			a := assault{name: name + " of the " + string(at.place), command: at.command + " --json", want: want,
				flows:   at.flows,
				attacks: []hostile.Attack{{On: at.place, Do: do}}, longOnly: long}
			if at.place == place.Query {
				a.attacks[0].About = "SystemModstamp"
			}
			all = append(all, a)
		}
		add("more promised than comes", refused, hostile.Promise(1000), i > 3)
		add("a petabyte promised", refused, hostile.Promise(1<<50), i > 3)
		add("less promised than comes", refused, hostile.Promise(-7), i > 3)
		add("another type of content", either, hostile.SetHeader("Content-Type", "application/octet-stream"), true)
		add("no type of content", either, hostile.SetHeader("Content-Type", ""), true)
		add("a type that is none", either, hostile.SetHeader("Content-Type", "\u009b;;=;"), i > 1)
		add("an encoding that nobody asked for", either, hostile.SetHeader("Content-Encoding", "br"), i > 3)
		add("gzip that isn't", refused, hostile.SetHeader("Content-Encoding", "gzip"), i > 3)
		add("nothing in place", refused, hostile.SetBody(""), i > 3)
		add("half", refused, hostile.Change(func(a *hostile.Answer) { a.Body = a.Body[:len(a.Body)/2] }), i > 3)
		add("bytes that are no text", refused, hostile.SetBody("\xff\xfe\x00\x00\xc3("), true)
		add("a status of 204", refused, hostile.Change(func(a *hostile.Answer) { a.Status, a.Body = 204, nil }), i > 1)
		add("a status of 304", refused, hostile.Change(func(a *hostile.Answer) { a.Status, a.Body = 304, nil }), i > 1)
		add("a status of 206", refused, hostile.Change(func(a *hostile.Answer) {
			a.Status, a.Body = 206,
				a.Body[:len(a.Body)/3]
		}), i > 1)
		add("a status of 999", refused, hostile.Change(func(a *hostile.Answer) { a.Status = 999 }), i > 1)
		if at.place != place.Results {
			add("an array in place", refused, hostile.SetBody("[[]]"), true)
			add("null in place", refused, hostile.SetBody("null"), i > 3)
			add("keys twice", either, twice(), i > 3)
			add("all lower case", either,
				hostile.Change(func(a *hostile.Answer) { a.Body = []byte(strings.ToLower(string(a.Body))) }), true)
		}
	}
	nul := hostile.EachField(func(_ int, f map[string]any) { f["label"] = "a\x00b\ufffd\ud7ff" })
	all = append(all,
		assault{name: "NUL in labels", command: "run --json", want: borne, mends: true,
			attacks: []hostile.Attack{{On: place.Describe, Do: nul}}},
		assault{name: "a lone surrogate in labels", command: "run --json", want: borne, mends: true,
			attacks: []hostile.Attack{{On: place.Describe, Do: hostile.Change(func(a *hostile.Answer) {
				a.Body = []byte(strings.ReplaceAll(string(a.Body), `"label":"`, `"label":"\ud800`))
			})}}},
		assault{name: "every field twice", command: "run --json", want: either, mends: true,
			attacks: []hostile.Attack{{On: place.Describe, Do: hostile.ChangeJSON(func(m map[string]any) {
				fields, _ := m["fields"].([]any)
				m["fields"] = append(fields, fields...)
			})}}},
		assault{name: "every record twice", command: "run --json", want: refused, mends: true, flows: rest,
			attacks: []hostile.Attack{{On: place.Query, About: "SystemModstamp",
				Do: hostile.ChangeJSON(func(m map[string]any) {
					records, _ := m["records"].([]any)
					m["records"] = append(records, records...)
				})}}},
		assault{name: "columns twice", command: "run --json", want: refused, mends: true,
			attacks: []hostile.Attack{{On: place.Results, Do: hostile.Change(func(a *hostile.Answer) {
				a.Body = []byte(strings.Replace(string(a.Body), `"Name"`, `"Id"`, 1))
			})}}},
		assault{name: "every object twice", command: "check --json", want: either, flows: `{object: "*"}`,
			attacks: []hostile.Attack{{On: place.Objects, Do: hostile.ChangeJSON(func(m map[string]any) {
				list, _ := m["sobjects"].([]any)
				m["sobjects"] = append(list, list...)
			})}}},
	)
	repel(t, all)
}

// twice says each key of an answer two times.
func twice() hostile.Trick {
	return hostile.Change(func(a *hostile.Answer) {
		inner, isObject := strings.CutPrefix(string(a.Body), "{")
		if end := strings.LastIndex(inner, "}"); isObject && end >= 0 {
			a.Body = []byte("{" + inner[:end] + "," + inner)
		}
	})
}
