package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"catchment/internal/schema"
)

// A carrier makes a flow of ours of a definition.
type carrier struct {
	*importer
	d definition
	f *Flow
}

// take carries a flow over, unless something in it is a problem.
func (im *importer) take(found Found) {
	im.flow = found.Resource
	before := len(im.problems)
	flow := Flow{File: im.file, Resource: found.Resource, Line: found.Line}
	c := &carrier{importer: im, d: define(found), f: &flow}
	flow.Name = textOf(c.d.name)
	if !c.source() {
		return
	}
	c.destination()
	c.trigger()
	c.tasks()
	for _, e := range c.d.extras {
		c.extra(e)
	}
	if len(im.problems) == before {
		c.settle()
		im.out.Flows = append(im.out.Flows, flow)
	}
}

// source reads where the records come from. Only Salesforce is ours.
func (c *carrier) source() bool {
	from := c.d.source
	if from.connector == nil {
		c.problem(c.d.Line, c.flow, "has no SourceFlowConfig.ConnectorType")
		return false
	}
	kind, ok := c.text(from.connector, "SourceFlowConfig.ConnectorType")
	if !ok {
		return false
	}
	if !strings.EqualFold(kind, "Salesforce") {
		c.note(from.line, "its source is %s: Catchment reads Salesforce only, the flow is left out", kind)
		return false
	}
	if from.object == nil {
		c.problem(from.line, c.flow, "has no SourceConnectorProperties.Salesforce.Object")
		return false
	}
	object, ok := c.text(from.object, "Object")
	switch {
	case !ok:
		return false
	case !schema.IsName(object):
		c.problem(from.object.line, c.flow, "%q is not the API name of an object", object)
		return false
	case strings.HasSuffix(strings.ToLower(object), "__e"):
		c.note(from.object.line, "%s is a platform event, which leaves no record to be copied: the flow is "+
			"left out", object)
		return false
	}
	c.f.Object = object
	if of, ok := ofEvents(object); ok {
		c.f.Object, c.f.byEvents = of, true
		c.note(from.object.line, "it waits for %s, the events of %s; Catchment reads the records of %[2]s, "+
			"and what has changed, as often as it is run, deletes too", object, of)
	}
	c.deletes(from)
	return c.transfer(from)
}

// ofEvents is the object that a change event tells of.
func ofEvents(event string) (string, bool) {
	if name, ok := strings.CutSuffix(event, "__ChangeEvent"); ok && name != "" {
		return name + "__c", true
	}
	name, ok := strings.CutSuffix(event, "ChangeEvent")
	return name, ok && name != ""
}

func (c *carrier) deletes(from source) {
	if textOf(from.deleted) == "true" || c.f.byEvents {
		return
	}
	c.f.Deletes = "ignore"
	c.note(lineAt(from.deleted, from.line), "AppFlow was not told of deleted records, so their rows stay: "+
		"deletes: ignore; take that line out to have them flagged")
}

func (c *carrier) transfer(from source) bool {
	switch api := textOf(from.api); api {
	case "REST_SYNC":
		c.f.Mover = "rest"
	case "BULKV2":
		c.f.Mover = "bulk"
	case "", "AUTOMATIC":
	default:
		c.problem(from.api.line, c.flow, "DataTransferApi %q is none of AUTOMATIC, BULKV2 and REST_SYNC", api)
		return false
	}
	field := textOf(from.pull.find("DatetimeTypeFieldName"))
	if field != "" && !strings.EqualFold(field, "SystemModstamp") {
		c.note(from.pull.line, "%s as the field of incremental pulls is not carried over: Catchment goes by "+
			"SystemModstamp, and proves it", field)
	}
	c.f.newFields = textOf(from.dynamic) == "true"
	return true
}

// destination reads where the rows went. Which warehouse they go to now is
// written in catchment.yaml.
func (c *carrier) destination() {
	if len(c.d.to) == 0 {
		c.problem(c.d.Line, c.flow, "has no DestinationFlowConfigList")
		return
	}
	if len(c.d.to) > 1 {
		c.problem(c.d.to[1].line, c.flow, "has %d destinations; AppFlow takes one", len(c.d.to))
	}
	to := c.d.to[0]
	kind, _ := c.text(to.connector, "ConnectorType of the destination")
	switch kind {
	case "Redshift":
		table := strings.ToLower(textOf(to.object))
		table = table[strings.LastIndex(table, ".")+1:]
		if table != "" && table != strings.ToLower(c.f.Object) {
			c.note(to.object.line, "its table is %s; Catchment's is %s: give readers a view of the old name", table,
				strings.ToLower(c.f.Object))
		}
	case "S3":
		c.files(to)
	case "":
	default:
		c.note(to.line, "its destination is %s: Catchment writes into the warehouse of catchment.yaml", kind)
	}
	if to.errors.isMap() && len(to.errors.pairs) > 0 {
		c.note(to.errors.line, "where it put records that failed is not carried over: a record that fits no column is "+
			"kept out by name, and told")
	}
}

// trigger reads when a flow runs.
func (c *carrier) trigger() {
	t := c.d.trigger
	switch kind := textOf(t.kind); kind {
	case "OnDemand", "":
		return
	case "Event":
		if !c.f.byEvents {
			c.note(t.line, "it runs on change events; Catchment reads what has changed, as often as it is run")
		}
		c.f.byEvents = true
		return
	case "Scheduled":
	default:
		c.problem(t.line, c.flow, "TriggerType %q is none of OnDemand, Scheduled and Event", kind)
		return
	}
	if !t.schedule.isMap() {
		return
	}
	for _, p := range t.schedule.pairs {
		if p.value.kind == unknown {
			c.note(p.line, "%s is not carried over: %s", p.key, p.value.text)
		} else if value := textOf(p.value); value != "" {
			c.schedule(p, value)
		}
	}
}

// schedule reads one property of a schedule.
func (c *carrier) schedule(p pair, value string) {
	switch folded(p.key) {
	case "scheduleexpression":
		c.f.Schedule = cronOf(value)
		if c.f.Schedule == "" {
			c.note(p.line, "its schedule %q is not carried over", value)
			return
		}
		c.note(p.line, "its schedule %s is cron %q: run catchment by that, from cron or a timer", value, c.f.Schedule)
	case "datapullmode":
		if value == "Complete" {
			c.note(p.line, "it reads everything each time; Catchment reads what has changed, and the table is the same")
		}
	case "firstexecutionfrom":
		from := momentOf(value)
		c.note(p.line, "its first run reads what changed since %s, and Catchment's reads every record; to "+
			"leave the older ones out, add: where: \"SystemModstamp >= %[1]s\"", from)
	case "schedulestarttime":
		if at := momentOf(value); at != value || value != "0" {
			c.note(p.line, "it begins at %s: Catchment begins when it is run", at)
		}
	case "scheduleendtime":
		c.note(p.line, "it ends at %s: Catchment goes on until: catchment pause %s", momentOf(value), c.f.Object)
	case "scheduleoffset":
		if value != "0" {
			c.note(p.line, "it waits %s seconds for records that come late; Catchment's watermark waits "+
				"for them by itself",
				value)
		}
	case "timezone":
		if value != "UTC" && value != "Etc/UTC" {
			c.note(p.line, "its times are in %s: give the timer that runs catchment the same", value)
		}
	case "flowerrordeactivationthreshold":
		c.note(p.line,
			"it ends after %s failures in a row; Catchment tries again in each run, and its exit code says so", value)
	default:
		c.note(p.line, "%s of its schedule is not carried over", p.key)
	}
}

// momentOf writes a moment as people read it. Answers of AWS have them in seconds
// or milliseconds since 1970, files as texts.
func momentOf(value string) string {
	n, err := strconv.ParseFloat(value, 64)
	if err != nil || n < 0 || n > 1e14 {
		return value
	}
	if n < 1e11 {
		n *= 1000
	}
	return time.UnixMilli(int64(n)).UTC().Format(time.RFC3339)
}

// extra tells of a property that is no part of what a flow does with records.
func (c *carrier) extra(e extra) {
	switch e.name {
	case "kmsarn":
		c.note(e.line, "the key is not carried over: what Catchment stores is encrypted by its own buckets "+
			"and warehouse")
	case "metadatacatalogconfig":
		if e.value.kind != sequence || len(e.value.list) > 0 {
			c.note(e.line, "the Glue catalog is not carried over; labels and types are in _catchment_objects and "+
				"_catchment_fields")
		}
	case "flowstatus":
		switch status := textOf(e.value); status {
		case "Suspended", "Draft":
			c.f.Paused = true
			c.note(e.line, "it is %s: paused: true; take that line out to have it run", status)
		case "Errored", "Deprecated", "Deleted":
			c.note(e.line, "it is %s in AppFlow: taken all the same", status)
		}
	case "description", "tags", "tagsall", "region", "provider", "dependson", "lifecycle", "timeouts", "id", "arn",
		"flowarn", "createdat", "createdby", "lastupdatedat", "lastupdatedby", "lastrunexecutiondetails",
		"lastrunmetadatacatalogdetails", "schemaversion", "flowstatusmessage", "clienttoken":
	default:
		if c.d.Strict {
			c.problem(e.line, c.flow, "%s is no property of %s", e.key, flowType)
		} else {
			c.note(e.line, "%s is unknown, and not carried over", e.key)
		}
	}
}

// settle makes a flow agree with itself: what is asked of a field that isn't
// copied is left out, and a column has one field.
func (c *carrier) settle() {
	excluded := func(s setting) bool {
		return slices.ContainsFunc(c.f.Exclude, func(name string) bool { return strings.EqualFold(name, s.field) })
	}
	for _, list := range []*[]setting{&c.f.Masks, &c.f.Cuts, &c.f.Renames, &c.f.Checks} {
		*list = slices.DeleteFunc(*list, func(s setting) bool {
			if excluded(s) {
				c.note(s.line, "%s is excluded, so what is done with it is left out", s.field)
			}
			return excluded(s)
		})
	}
	if len(c.f.Checks) == 0 {
		c.f.Invalid = ""
	}
	columns := map[string]string{} // the field of each, both in small letters
	for _, name := range c.f.Fields {
		columns[strings.ToLower(name)] = strings.ToLower(name)
	}
	for _, s := range c.f.Renames {
		delete(columns, strings.ToLower(s.field))
	}
	var kept []setting
	of := map[string]string{}
	for _, s := range c.f.Renames {
		field := strings.ToLower(s.field)
		switch first, twice := of[field]; {
		case twice && first == s.yaml:
			continue
		case twice:
			c.note(s.line, "%s goes into two columns, and here into %s alone: make a view with the other, %s", s.field,
				first, s.yaml)
			continue
		case columns[s.yaml] != "":
			c.note(s.line, "%s can't be called %s: that is the column of another field", s.field, s.yaml)
			columns[field] = field
			continue
		}
		columns[s.yaml], of[field] = field, s.yaml
		kept = append(kept, s)
	}
	c.f.Renames = kept
	if c.f.newFields && len(c.f.Fields) > 0 {
		c.note(c.f.Line, "fields that are new in Salesforce came by themselves; here those of the list: take "+
			"`fields` out to copy all, or name new ones there")
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
