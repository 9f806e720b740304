package main

import (
	"strings"
	"testing"

	"catchment/internal/hostile"
	"catchment/internal/hostile/place"
)

// control is what a terminal would obey: an escape, a title, a bell, C1 as a
// character of its own, DEL, line ends, and letters that turn the others round.
const control = "a\x1b]0;owned\x07\x1b[2J\u009b31m\u0085\x7f\r\x08\x00\u202eb\u2066\u200e\u061c"

// told is an assault in each form in which a command speaks.
func told(all ...assault) (both []assault) {
	for _, a := range all {
		asJSON := a
		asJSON.name += " in JSON"
		asJSON.command += " --json"
		asJSON.then = nil
		for _, command := range a.then {
			asJSON.then = append(asJSON.then, command+" --json")
		}
		both = append(both, a, asJSON)
	}
	return both
}

// Words of a server are printed so that a terminal shows them, and obeys none;
// what is stored of them, too.
func TestHostileWords(t *testing.T) {
	t.Parallel()
	on := func(at place.Place, do hostile.Trick) []hostile.Attack {
		return []hostile.Attack{{On: at, Do: do}}
	}
	later := []string{"status", "plan"}
	star := `{object: "*"}`
	page := `<html><head><title>` + control + `</title></head><body>` + control + `</body></html>`
	repel(t, told(
		assault{name: "error of describe", attacks: on(place.Describe, hostile.Refuse(400, "X"+control, control)),
			command: "run", want: refused, then: []string{"status", "check"}},
		assault{name: "error of a query", attacks: on(place.Query, hostile.Refuse(400, "MALFORMED_QUERY", control)),
			command: "check", want: refused},
		assault{name: "error of a new job", attacks: on(place.NewJob, hostile.Refuse(400, "X"+control, control)),
			command: "run", want: refused, then: later},
		assault{name: "error of results", attacks: on(place.Results, hostile.Refuse(403, "X"+control, control)),
			command: "run", want: refused, then: later},
		assault{name: "error of a login", attacks: on(place.Token, hostile.RefuseLogin("invalid_grant"+control,
			control)),
			command: "check", want: refused, then: []string{"run"}},
		assault{name: "error of limits", attacks: on(place.Limits, hostile.Refuse(400, control, control)),
			command: "check", want: refused},
		assault{name: "error message of a job", attacks: on(place.Job, hostile.ChangeJSON(func(m map[string]any) {
			m["state"], m["errorMessage"] = "Failed", "INVALID_FIELD: "+control
		})), command: "run", want: either, then: later},
		assault{name: "state of a job", attacks: on(place.Job, hostile.Set("state", control)), command: "run",
			want: refused,
			then: later},
		assault{name: "id of a job", attacks: on(place.NewJob, hostile.Set("id", control)), command: "run",
			want: refused,
			then: later},
		assault{name: "web page", attacks: on(place.Objects, hostile.Change(func(a *hostile.Answer) {
			a.Header.Set("Content-Type", "text/html")
			a.Body = []byte(page)
		})), command: "check", want: refused},
		assault{name: "versions", attacks: on(place.Versions, hostile.SetBody(
			`[{"version":"99.0\u001b[2J\u009b\u202e","label":"\u001b","url":"\u001b"}]`)), command: "check",
			want: either},
		assault{name: "names of objects", attacks: on(place.Objects, hostile.MoreObjects("Evil"+control, control)),
			command: "check", want: either, flows: star, then: []string{"plan", "sql"}},
		assault{name: "labels of objects", attacks: on(place.Objects, hostile.ChangeJSON(func(m map[string]any) {
			for _, o := range m["sobjects"].([]any) {
				o.(map[string]any)["label"], o.(map[string]any)["labelPlural"] = control, control
			}
		})), command: "check", want: either},
		assault{name: "label of an object", attacks: on(place.Describe, hostile.Set("label", control)),
			command: "run",
			want:    borne, then: later},
		assault{name: "labels of fields", attacks: on(place.Describe,
			hostile.EachField(func(_ int, f map[string]any) {
				f["label"], f["inlineHelpText"], f["calculatedFormula"] = control, control, control
				f["picklistValues"] = []any{map[string]any{"value": control, "label": control, "active": true}}
			})), command: "run", want: borne, then: append(later, "sql")},
		assault{name: "names of fields", attacks: on(place.Describe,
			hostile.MoreFields(1, func(_ int, f map[string]any) {
				f["name"] = control
			})), command: "run", want: either, then: append(later, "sql")},
		assault{name: "types of fields", attacks: on(place.Describe,
			hostile.MoreFields(1, func(_ int, f map[string]any) {
				f["type"], f["soapType"] = control, control
			})), command: "run", want: either, then: append(later, "check")},
		assault{name: "name that a describe answers with", attacks: on(place.Describe, hostile.Set("name", control)),
			command: "run", want: either, then: later},
		assault{name: "names of limits", attacks: on(place.Limits, hostile.Set(control,
			map[string]int{"Max": 1, "Remaining": -1})),
			command: "check", want: either, then: []string{"plan"}},
		assault{name: "name of the org", attacks: []hostile.Attack{{On: place.Query, About: "FROM+Organization",
			Do: hostile.ChangeJSON(func(m map[string]any) {
				for _, r := range m["records"].([]any) {
					r.(map[string]any)["Name"] = control
				}
			})}}, command: "run --full --new-org", want: either, first: []string{"run"}, unseen: true, then: later},
		assault{name: "Ids of records", attacks: on(place.Results, hostile.Change(func(a *hostile.Answer) {
			a.Body = []byte(strings.ReplaceAll(string(a.Body), `"001`, "\"0\x1b[2J\u202e"))
		})), command: "run", want: either, then: []string{"status", "verify"}},
		assault{name: "Ids of changed records", attacks: on(place.Updated,
			hostile.Set("ids", []string{control, "001" + control})),
			command: "run", want: either, first: []string{"run"}, changes: 30, then: later},
		assault{name: "Ids of deleted records", attacks: on(place.Deleted, hostile.Set("deletedRecords",
			[]any{map[string]string{"id": control, "deletedDate": "2026-03-01T12:01:00.000+0000"}})),
			command: "run", want: either, first: []string{"run"}, changes: 30, then: later},
		assault{name: "header row", attacks: on(place.Results, hostile.Change(func(a *hostile.Answer) {
			a.Body = []byte(strings.Replace(string(a.Body), `"Id"`, `"`+control+`"`, 1))
		})), command: "run", want: refused, then: later},
		assault{name: "locator", attacks: []hostile.Attack{
			{On: place.ResultPages, Do: hostile.Refuse(404, "NOT_FOUND", control)},
			{On: place.Results, Do: hostile.SetHeader("Sforce-Locator", "\u202e\u009b")},
		}, command: "run", want: refused, then: later},
		assault{name: "usage", attacks: on(place.InsideAPI,
			hostile.SetHeader("Sforce-Limit-Info", "api-usage=\u009b/\u202e")),
			command: "run", want: either, then: later},
	))
}

// The file that init writes is one that Catchment reads, whatever the objects of
// the org are called.
func TestHostileWordsInTheConfiguration(t *testing.T) {
	t.Parallel()
	init := "init --config new.yaml --url https://" + hostile.Home
	check := "check --config new.yaml"
	for _, names := range [][]string{
		{`a: b`, `a #b`, `- x`, `"quoted"`, `'single'`, "two\nlines", "*alias", "&anchor", "!tag", "{a: 1}", "[x]",
			"@at", "null", "yes", "1e3", "~"},
		{control, "x\u2028y", "Account\n  - object: Evil", "Account\nwarehouse: {url: 'duckdb:/evil'}"},
		{"", " ", strings.Repeat("x", 300), "../../x", "a/b", "a\x00b"},
	} {
		repel(t, []assault{{name: names[0], command: init, want: either, then: []string{check}, way: hostile.Secure,
			attacks: []hostile.Attack{{On: place.Objects, Do: renamed(names)}}}})
	}
}

// renamed gives objects of the org other names, and leaves Account.
func renamed(names []string) hostile.Trick {
	return hostile.ChangeJSON(func(m map[string]any) {
		i := 0
		for _, o := range m["sobjects"].([]any) {
			object := o.(map[string]any)
			if name := object["name"].(string); name != "Account" && i < len(names) {
				object["name"], object["label"] = names[i], names[i]
				i++
			}
		}
	})
}

// A name that no key and no table can bear is refused, or left out by name; no file
// is written elsewhere, and no statement is another one.
func TestHostileNames(t *testing.T) {
	t.Parallel()
	objects := []string{
		"../../x", "..", ".", "a/b", `a\b`, "a.b", "/etc/x", `x"; DROP TABLE salesforce.account; --`,
		"x'; DROP SCHEMA salesforce CASCADE; --",
		strings.Repeat("x", 300), "", " ", "a\x00b", "a\nb", "%2e%2e%2f", "CON", "_catchment_flow", "Account ",
		"account", "ACCOUNT", "Äccount", "a b",
		"x FROM Account--", "Id", "null", "*",
	}
	var all []assault
	for _, name := range objects {
		all = append(all, assault{
			name:    "object " + printable(name),
			attacks: []hostile.Attack{{On: place.Objects, Do: hostile.MoreObjects(name)}},
			command: "run --json", want: either, flows: `{object: Account}, {object: "*", mover: rest}`,
			first:   []string{"run --json Account"},
			records: 60, longOnly: len(name) < 4, then: []string{"verify --json Account"},
		})
	}
	all = append(all, assault{
		name:    "objects of all names",
		attacks: []hostile.Attack{{On: place.Objects, Do: hostile.MoreObjects(objects...)}},
		command: "run --json", want: either, flows: `{object: "*"}`, records: 60, mends: true,
	})
	fields := []string{
		`x"; DROP TABLE salesforce.account; --`, "a/b", "a.b", strings.Repeat("x",
			300), "", " ", "a\x00b", "a\nb", "_catchment_at",
		"_catchment_deleted_at", "id", "ID", "Id", "Name", "NAME", "Id FROM Account--", "Id,Name", "COUNT()", "*",
		`"`, "'", "\\", "Ä",
	}
	for _, name := range fields {
		all = append(all, assault{
			name: "field " + printable(name),
			attacks: []hostile.Attack{{On: place.Describe, Do: hostile.MoreFields(1, func(_ int, f map[string]any) {
				f["name"] = name
			})}},
			command: "run --json", want: either, first: []string{"run --json"}, changes: 30, mends: true,
			longOnly: len(name) < 3,
		})
	}
	all = append(all,
		assault{name: "field without a name", command: "run --json", want: either,
			attacks: []hostile.Attack{{On: place.Describe,
				Do: hostile.MoreFields(1, func(_ int, f map[string]any) { delete(f, "name") })}}},
		assault{name: "no fields", command: "run --json", want: refused,
			attacks: []hostile.Attack{{On: place.Describe,
				Do: hostile.Set("fields", []any{})}}},
		assault{name: "no Id", command: "run --json", want: refused, attacks: []hostile.Attack{{On: place.Describe,
			Do: hostile.EachField(func(i int, f map[string]any) {
				if f["name"] == "Id" {
					f["name"] = "Not"
				}
			})}}},
		assault{name: "another object", command: "run --json", want: either, first: []string{"run --json"}, mends: true,
			attacks: []hostile.Attack{{On: place.Describe, Do: hostile.Set("name", "../../x")}}},
	)
	repel(t, all)
}

// printable is a name that a subtest can have.
func printable(name string) string {
	if len(name) > 40 {
		name = name[:40]
	}
	return strings.ReplaceAll(name, "/", "|")
}
