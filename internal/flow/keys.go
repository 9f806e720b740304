package flow

import (
	"maps"
	"slices"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/platform"
	"catchment/internal/schedule"
)

// This file is the table of the keys of catchment.yaml, but for those of a flow. Parse reads
// by it, Schema and docs/reference are written from it. Where a key is without which a file
// means something, read sets that first, and otherwise says the same to a reader.

// keys are those of a file, whose warehouses are known.
func (f *File) keys(known Warehouses) []key {
	return []key{
		{name: "version", needed: true, about: "The version of the file; it stands first", example: "1",
			form: form{shape: shape{"enum": []any{newest, "1"}},
				read: func(*reader, string, ast.Node) {}}}, // judged before
		{name: "org", needed: true, about: "The Salesforce org that is copied", form: section(f.Org.keys())},
		{name: "warehouse", about: "Where the rows go", form: f.Warehouse.form(known)},
		{name: "stage", about: "Where pages lie between Salesforce and the warehouse", form: section([]key{
			{name: "url", about: "A folder, or a bucket", form: driverURL(&f.Stage.URL, known),
				otherwise: "dir:stage", example: "s3://bucket/prefix"},
			{name: "keep", about: "How long pages stay after they were loaded",
				form:      parsed(&f.Stage.Keep, like(schedule.LengthPattern), schedule.ParseDuration),
				otherwise: "7d", example: "36h"},
		})},
		{name: "control", about: "Where the control table is", form: section([]key{
			{name: "url", about: "A file, or a table of DynamoDB", form: driverURL(&f.Control.URL, known),
				otherwise: "sqlite:control.db", example: "dynamodb:catchment"},
		})},
		{name: "files", about: "Who may read the files that are written here", form: section([]key{
			{name: "group", about: "A group of this machine, beside the user who runs catchment",
				form: plain(&f.Files.Group), example: "analysts"},
		})},
		{name: "appflow", about: "How Amazon AppFlow lands records, for flows whose mover it is",
			form: f.AppFlow.form()},
		{name: "defaults", about: "What flows do that don't say otherwise", form: section(f.defaults.keys())},
		{name: "limits", about: "How much is done at a time, and how long Salesforce is waited for",
			form: section(f.Limits.keys())},
		{name: "stream", about: "How catchment stream goes on, for flows that say stream: on",
			form: section([]key{
				{name: "settle", about: "How often a window reads all that changed, from 1m to 1d: it proves " +
					"what events said, and sees what none said",
					form:      parsed(&f.Settle, like(schedule.LengthPattern), parseSettle),
					otherwise: "15m", example: "5m"},
			})},
		{name: "archive", about: "What may leave Salesforce once its copy is proven; docs/howto/archive.md",
			form: section(archiveKeys(&f.Archive))},
		{name: "movers", about: "Which movers control rows may ask for; goes with flows: control",
			form:    listOf(&f.Movers, func(m *Mover) form { return choice(m, Auto, Bulk, REST, ByAppFlow) }),
			example: "[auto, bulk]"},
		{name: "flows", needed: true,
			about: "What is copied: a list of flows, or the word control, where rows of the control table say it",
			form:  f.flowsForm()},
	}
}

// fileShape is the shape of a file, with what its sections demand of each other.
func fileShape(keys []key) shape {
	byAppFlow := shape{"const": ByAppFlow}
	rules := []shape{
		whenIn("flows", shape{"type": "array", "contains": has("mover", byAppFlow)},
			shape{"required": []string{"appflow"}}),
		whenIn("defaults", has("mover", byAppFlow), shape{"required": []string{"appflow"}}),
		whenIn("movers", shape{"type": "array", "contains": byAppFlow}, shape{"required": []string{"appflow"}}),
		whenIn("movers", shape{"type": "array", "minItems": 1}, has("flows", shape{"const": byControl})),
	}
	for _, m := range []Mover{Bulk, REST, ByAppFlow} { // what a row gets that asks for none
		rules = append(rules, whenIn("defaults", has("mover", shape{"const": m}), permits(m)))
	}
	quiet := shape{"not": has("defaults", has("mover", shape{}))}
	return mapOf(keys, append(rules, shape{"if": quiet, "then": permits(Auto)})...)
}

// permits is a file whose movers, if it has any, have this one.
func permits(m Mover) shape {
	return shape{"properties": shape{"movers": shape{
		"anyOf": []shape{{"maxItems": 0}, {"contains": shape{"const": m}}},
	}}}
}

func (o *Org) keys() []key {
	host := func(h *string) form { return parsed(h, like(hostPattern), parseHost) }
	return []key{
		{name: "url", needed: true, about: "The org's address: its My Domain",
			form: located(parsed(&o.URL, orgAddress(), parseOrgURL)), example: "https://acme.my.salesforce.com"},
		{name: "login", needed: true, about: "How to log in; docs/howto/logins.md shows each way",
			form: o.Login.form()},
		{name: "reserve", about: "The share of the daily API limits that is left to people",
			form:      parsed(&o.Reserve, like(percentPattern), parsePercent),
			otherwise: "40%", example: "25%"},
		{name: "api_version", about: "The version of Salesforce's API; init writes down the one that it spoke",
			form:      parsed(&o.APIVersion, apiVersion(), parseAPIVersion),
			otherwise: "", example: platform.Newest},
		{name: "accept_encrypted", about: "Copy fields that Salesforce keeps encrypted",
			form: truth(&o.AcceptEncrypted), otherwise: "false", example: "true"},
		{name: "composite", about: "Put many questions into one API call: where the org takes it, always, or never",
			form: choice(&o.Composite, CompositeAuto, CompositeOn, CompositeOff), otherwise: "auto", example: "off"},
		{name: "instance_hosts", about: "Hosts that a login may send us to besides the org's own; most orgs need none",
			form:    listOf(&o.InstanceHosts, host),
			example: "[gateway.acme.com]"},
		{name: "pubsub", about: "Where change events come from, if not from api.pubsub.salesforce.com:7443: " +
			"an org whose data stays in the EU has an address of its own",
			form:    located(parsed(&o.PubSub, orgAddress(), parsePubSub)),
			example: "https://api.deu.pubsub.salesforce.com:7443"},
	}
}

func (w *Warehouse) form(known Warehouses) form {
	role := func(r *string) form { return plain(r) }
	keys := []key{
		{name: "url", about: "Which warehouse, and where: its driver, a colon and a place",
			form: driverURL(&w.URL, known), otherwise: known.Local, example: known.Local},
		{name: "schema", about: "The schema of the final tables",
			form: checked(&w.Schema, like(schemaPattern), wrongSchema), otherwise: "salesforce", example: "crm"},
		{name: "staging_schema", about: "The schema of the staging tables, and of Catchment's own",
			form:      checked(&w.StagingSchema, like(schemaPattern), wrongSchema),
			otherwise: "salesforce_incremental", example: "crm_incremental"},
		{name: "grant_to", about: "Roles that may read the final tables",
			form: listOf(&w.GrantTo, role), example: "[analysts]"},
		{name: "text", about: "Of a warehouse with a longest text, what becomes of longer ones: " +
			"the load fails, they are cut, or the column holds them in another type",
			form: choice(&w.Text, "fail", "truncate", "super"), example: "truncate"},
		{name: "wait", about: "How long a run waits for other programs that have the warehouse's file open, " +
			"from 1s to 30m, or 0",
			form: parsed(&w.Wait, wholeNumber(0, 0, "0|"+schedule.LengthPattern), parsePatience), otherwise: "5m",
			example: "90s"},
		{name: "history", about: "Of a lake, which versions of records it keeps",
			form: section(historyKeys(&w.History))},
		{name: "maintain", about: "Of a lake, how its files are kept few", form: section(maintainKeys(&w.Maintain))},
		{name: "merge", about: "Of a lake in a folder, who merges what was loaded",
			form: section(mergeKeys(&w.Merge), whenIn("by", bySpark, shape{"required": []string{"start"}}))},
	}
	ofLakes := shape{
		"required": []string{"url"}, "properties": shape{"url": ofSchemes(known.Lakes)},
	}
	long := slices.Sorted(maps.Keys(known.Text))
	return sectionThen(keys, w.finish, whenIn("text", shape{}, has("url", ofSchemes(long))),
		whenIn("wait", shape{}, shape{"properties": shape{"url": ofSchemes(known.Files)}}),
		whenIn("history", shape{}, ofLakes), whenIn("maintain", shape{}, ofLakes),
		whenIn("merge", shape{}, ofLakes), whenIn("merge", has("by", bySpark), shape{"properties": shape{
			"url": shape{"not": shape{"pattern": "^iceberg:(rest|glue):"}}}}))
}

// keys are the keys that a flow and the defaults have in common.
func (d *defaults) keys() []key {
	return []key{
		{name: "deletes", about: "What becomes of the row of a record that is gone: it is flagged, removed, or stays",
			form: choice(&d.Deletes, Flag, Remove, Ignore), otherwise: "flag", example: "remove"},
		{name: "mover", about: "What brings the records; auto goes by how many there are",
			form: choice(&d.Mover, Auto, Bulk, REST, ByAppFlow), otherwise: "auto", example: "bulk"},
		{name: "naming", about: "How columns are called: accountid, or account_id",
			form: choice(&d.Naming, Lower, Snake), otherwise: "lower", example: "snake"},
		{name: "nul", about: "What becomes of a NUL byte in a text, and of what is no character: " +
			"U+2400 or U+FFFD takes its place, or the flow fails",
			form: choice(&d.NUL, Replace, Fail), otherwise: "replace", example: "fail"},
		{name: "refresh", about: "When formulas and roll-ups are compared, which change without a stamp: " +
			"each so long, at times of cron, never, or some of them by each run as a sample",
			form:      parsed(&d.Refresh, like(schedule.RefreshPattern), schedule.ParseRefresh),
			otherwise: "off", example: `"0 3 * * *"`},
		{name: "sweep", about: "When all Ids are read, to find what is gone without a trace: " +
			"each so long, at times of cron, or never",
			form:      parsed(&d.Sweep, like(schedule.SweepPattern), schedule.ParseSweep),
			otherwise: "7d", example: `"0 3 * * SUN"`},
		{name: "invalid", about: "What becomes of a record that breaks a check: it is kept apart, or the flow fails",
			form: choice(&d.Invalid, Reject, Refuse), otherwise: "reject", example: "fail"},
		{name: "rejects", about: "What becomes of a flow that kept a record out: its run goes on and warns, or fails",
			form: choice(&d.Rejects, keep, Refuse), otherwise: "keep", example: "fail"},
		{name: "salt", about: "The secret that sha256 masks with",
			form: secretRef(&d.Salt, anyBackend), example: "env:SALT"},
	}
}

func (l *Limits) keys() []key {
	count := func(dst *int) form {
		return parsed(dst, wholeNumber(1, mostAtOnce, countPattern), parseCount)
	}
	wait := like(schedule.LengthPattern)
	return []key{
		{name: "flows", about: "Flows at a time", form: count(&l.Flows), otherwise: "4", example: "8"},
		{name: "downloads", about: "Downloads at a time, over all flows", form: count(&l.Downloads), otherwise: "5",
			example: "10"},
		{name: "stage", about: "How large the pages may be that wait to be loaded; then downloads wait",
			form: parsed(&l.Stage, like(sizePattern), parseSize), otherwise: "20GB", example: "500MB"},
		{name: "bodies", about: "API calls a day for what is in files, over all flows; the rest waits for the next day",
			form:    parsed(&l.Bodies, wholeNumber(1, mostCalls, callsPattern), parseCalls),
			example: "20000"},
		{name: "answer", about: "How long Salesforce may think before it answers, from 1s to 2h",
			form: parsed(&l.Answer, wait, parseWait), otherwise: "10m", example: "30m"},
		{name: "stall", about: "How long an answer may bring nothing before it is asked for again, from 1s to 2h",
			form: parsed(&l.Stall, wait, parseWait), otherwise: "1m", example: "90s"},
	}
}
