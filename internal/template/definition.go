package template

// A Found is a flow as a form left it: a map of what AppFlow calls its properties, in
// any spelling of their names, with everything resolved that could be.
type Found struct {
	Resource   string // what the file calls it
	Line       int
	Properties *Value
	Strict     bool // a property that nobody knows is a mistake
}

// A definition is what a flow of AppFlow does, whatever form it was written in. A
// value may be nil, where it isn't given, or unknown.
type definition struct {
	Found
	name    *Value
	source  source
	to      []destination
	trigger trigger
	tasks   []*Value
	extras  []extra
}

// A source is where the records come from.
type source struct {
	line      int
	connector *Value
	object    *Value
	deleted   *Value // IncludeDeletedRecords
	api       *Value // DataTransferApi
	dynamic   *Value // EnableDynamicFieldUpdate
	pull      *Value // IncrementalPullConfig
	profile   *Value // ConnectorProfileName
}

// A destination is where AppFlow took them.
type destination struct {
	line      int
	connector *Value
	object    *Value
	s3        *Value // the properties of S3
	errors    *Value // ErrorHandlingConfig
}

// A trigger is when it did.
type trigger struct {
	line     int
	kind     *Value
	schedule *Value // its properties, nil where there is none
}

// An extra is a property besides those.
type extra struct {
	name  string // folded
	key   string // as it is written
	line  int
	value *Value
}

// define reads the properties of a flow. Terraform's names for the lists are the
// singular: a list there is a block that comes again.
func define(f Found) definition {
	p := f.Properties
	d := definition{Found: f, name: either(p, "FlowName", "Name")}
	from := single(p.find("SourceFlowConfig"))
	d.source = source{line: lineAt(from, f.Line), connector: from.find("ConnectorType"),
		pull: single(from.find("IncrementalPullConfig")), profile: from.find("ConnectorProfileName")}
	salesforce := single(single(from.find("SourceConnectorProperties")).find("Salesforce"))
	d.source.object, d.source.deleted = salesforce.find("Object"), salesforce.find("IncludeDeletedRecords")
	d.source.api, d.source.dynamic = salesforce.find("DataTransferApi"), salesforce.find("EnableDynamicFieldUpdate")

	for _, to := range items(either(p, "DestinationFlowConfigList", "DestinationFlowConfig")) {
		one := destination{line: to.line, connector: to.find("ConnectorType")}
		if own := single(to.find("DestinationConnectorProperties")); own.isMap() && len(own.pairs) > 0 {
			inner := single(own.find(textOf(one.connector)))
			one.object, one.errors = inner.find("Object"), single(inner.find("ErrorHandlingConfig"))
			one.s3 = single(own.find("S3"))
		}
		d.to = append(d.to, one)
	}
	when := single(p.find("TriggerConfig"))
	d.trigger = trigger{line: lineAt(when, f.Line), kind: when.find("TriggerType"),
		schedule: single(when.find("TriggerProperties"))}
	if nested := single(d.trigger.schedule.find("Scheduled")); nested != nil { // the API's way; templates have none
		d.trigger.schedule = nested
	}
	d.tasks = items(either(p, "Tasks", "Task"))
	d.extras = extrasOf(p)
	return d
}

// extrasOf are the properties that define doesn't read.
func extrasOf(p *Value) []extra {
	var out []extra
	for _, one := range p.pairs {
		switch name := folded(one.key); name {
		case "flowname", "name", "sourceflowconfig", "destinationflowconfiglist", "destinationflowconfig",
			"triggerconfig", "tasks", "task":
		default:
			if one.value.kind != empty {
				out = append(out, extra{name, one.key, one.line, one.value})
			}
		}
	}
	return out
}

func either(n *Value, names ...string) *Value {
	for _, name := range names {
		if got := n.find(name); got != nil {
			return got
		}
	}
	return nil
}

// single is what a list of one holds: a block that comes once.
func single(n *Value) *Value {
	if n.isList() && len(n.list) == 1 {
		return n.list[0]
	}
	return n
}

// items are those of a list, or the one that stands for a list of one.
func items(n *Value) []*Value {
	switch {
	case n.isList():
		return n.list
	case n.isMap():
		return []*Value{n}
	}
	return nil
}

func lineAt(n *Value, otherwise int) int {
	if n == nil || n.line == 0 {
		return otherwise
	}
	return n.line
}
