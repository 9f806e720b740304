package flow

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/body"
)

// keys are those of a flow, before the ones that the defaults have too, which go to own.
func (fl *Flow) keys(own *defaults) []key {
	field := func(dst *[]string) form { return apiNames(dst, "a field") }
	return append([]key{
		{name: "object", needed: true, about: "The object's API name; * and ? stand for any letters and for one, " +
			"and \"*\" for all that can be copied",
			form: checked(&fl.Object, objectShape(), wrongObject), example: "Account"},
		{name: "exclude_objects", about: "Objects that a pattern leaves out", form: objectNames(&fl.ExcludeObjects),
			example: "[Task, \"*__History\"]"},
		{name: "fields", about: "Copy these fields only, and those that no copy can do without",
			form: field(&fl.Fields), example: "[Name, Phone]"},
		{name: "exclude", about: "Copy all fields but these", form: field(&fl.Exclude), example: "[Fax]"},
		{name: "include", about: "Copy these too, which only come where they are named",
			form: field(&fl.Include), example: "[BillingAddress]"},
		{name: "where", about: "Copy the records that meet this filter: SOQL without the word WHERE",
			form: checked(&fl.Where, filterShape(), wrongWhere), example: `"MailingCountry = 'US'"`},
		{name: "refresh_fields", about: "Further fields that change without a stamp",
			form: field(&fl.RefreshFields), example: "[Score__c]"},
		{name: "window", about: "Read again what changed in the last days", form: section([]key{
			{name: "last", needed: true, about: "So many days, from 1d to 366d",
				form: parsed(&fl.Window.Last, like(daysPattern), parseDays), example: "1d"},
			{name: "zone", about: "The time zone in which days begin",
				form: parsed(&fl.Window.Zone, like(zonePattern), parseZone), example: "Europe/Berlin"},
		}), example: "{last: 1d, zone: Europe/Berlin}"},
		{name: "bodies", about: "Copy what is in the files, too: of the latest version of each, or of all; " +
			"for " + strings.Join(body.Objects(), ", "),
			form: choice(&fl.Bodies, body.Latest, body.All), example: "latest"},
		{name: "stream", about: "Whether catchment stream follows the object's change events, so that its rows are " +
			"fresh within seconds; docs/howto/stream.md",
			form: either(&fl.Stream, "off", "on"), otherwise: "off", example: "on"},
		{name: "paused", about: "Leave the flow out of runs", form: truth(&fl.Paused), otherwise: "false",
			example: "true"},
		{name: "mask", about: "Change values on their way: sha256, fixed, {fixed: TEXT}, {first: N} or {last: N}, " +
			"by field", form: masks(&fl.Changes), example: "{Email: sha256, Phone: {last: 4}}"},
		{name: "truncate", about: "Cut texts to so many characters, by field", form: cuts(&fl.Changes),
			example: "{Description: 200}"},
		{name: "rename", about: "Give columns other names, by field", form: renames(&fl.Rename),
			example: "{Email: contact_email}"},
		{name: "drop", about: "Fields that are not copied, and forgotten where they were", form: field(&fl.Drop),
			example: "[SSN__c]"},
		{name: "validate", about: "What a record has to keep: not_null, not_negative, " +
			"{pattern: RE}, or a list of those, by field",
			form: checks(&fl.Checks), example: "{Email: not_null}"},
	}, own.keys()...)
}

// flowRules are what the keys of a flow demand of each other.
func flowRules() []shape {
	some := shape{"type": "object", "minProperties": 1}
	treated := shape{"anyOf": []shape{has("mask", some), has("truncate", some), has("validate", some)}}
	streams := has("stream", shape{"const": "on"})
	return []shape{
		{
			"if":   has("object", shape{"pattern": `[*?]`}),
			"then": shape{"allOf": []shape{lacks("fields", "where", "refresh_fields"), {"not": streams}}},
			"else": lacks("exclude_objects"),
		},
		whenIn("fields", shape{}, lacks("exclude", "include")),
		whenIn("mover", shape{"const": ByAppFlow}, shape{"not": treated}),
		whenIn("mover", shape{"const": ByAppFlow}, shape{"not": streams}),
		whenIn("bodies", shape{}, has("object", shape{"pattern": "^" + anyCase(body.Objects()) + "$"})),
	}
}

// flowsForm is a list of flows, or the word for where they stand instead.
func (f *File) flowsForm() form {
	var fl Flow
	var own defaults
	keys := fl.keys(&own)
	for i := range keys {
		if keys[i].otherwise != "" && keys[i].name != "paused" && keys[i].name != "stream" {
			keys[i].otherwise = "as defaults say"
		}
	}
	list := shape{"type": "array", "minItems": 1, "items": mapOf(keys, flowRules()...)}
	return form{
		keys: keys, list: true,
		read:  func(r *reader, at string, n ast.Node) { r.flows(at, n, f) },
		shape: shape{"anyOf": []shape{{"const": byControl}, list}},
	}
}

// flow reads one flow.
func (r *reader) flow(at string, n ast.Node, f *File) {
	fl := Flow{Line: where(n).line, source: &source{file: r.file, at: at, seen: r.seen}}
	var own defaults
	found := r.mapping(at, n, fl.keys(&own))
	fl.Deletes, fl.Mover, fl.Naming, fl.NUL, fl.Sweep = own.Deletes, own.Mover, own.Naming, own.NUL, own.Sweep
	fl.chosen = own.Deletes != ""
	fl.Refresh = own.Refresh
	fl.Invalid, fl.Rejects, fl.Salt = own.Invalid, own.Rejects, own.Salt
	fl.Where = strings.TrimSpace(fl.Where)

	conflict := func(name, format string, args ...any) {
		if v, ok := found[name]; ok {
			r.problem(v, under(at, name), format, args...)
		}
	}
	if fl.Pattern() {
		conflict("fields", `doesn't go with object: %q; use exclude`, fl.Object)
		conflict("where", `doesn't go with object: %q; give the object a flow of its own`, fl.Object)
		conflict("refresh_fields", `doesn't go with object: %q; give the object a flow of its own`, fl.Object)
		if fl.Stream {
			conflict("stream", `doesn't go with object: %q; give the object a flow of its own`, fl.Object)
		}
	} else if fl.Object != "" {
		conflict("exclude_objects", `goes with object: "*" and other patterns only`)
	}
	if _, isFile := body.Of(fl.Object); fl.Bodies != "" && fl.Object != "" && !isFile {
		conflict("bodies", "is for %s: the records of %s are no files; leave it out",
			strings.Join(body.Objects(), ", "), fl.Object)
	}
	if _, ok := found["fields"]; ok {
		conflict("exclude", "doesn't go with fields: name the fields to copy, or those to leave out")
		conflict("include", "doesn't go with fields: name it there")
	}
	f.Flows = append(f.Flows, fl)
}
