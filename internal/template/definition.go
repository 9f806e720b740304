package template

// found is a flow as a form left it: a tree of what AppFlow calls its properties,
// in any spelling of their names, with everything resolved that could be.
type found struct {
	resource   string // what the file calls it
	line       int
	properties *node
	strict     bool // a property that nobody knows is a mistake
}

// A definition is what a flow of AppFlow does, whatever form it was written in. A
// value may be nil, where it isn't given, or unknown.
type definition struct {
	found
	name    *node
	source  source
	to      []destination
	trigger trigger
	tasks   []*node
	extras  []extra
}

// A source is where the records come from.
type source struct {
	line      int
	connector *node
	object    *node
	deleted   *node // IncludeDeletedRecords
	api       *node // DataTransferApi
	dynamic   *node // EnableDynamicFieldUpdate
	pull      *node // IncrementalPullConfig
}

// A destination is where AppFlow took them.
type destination struct {
	line      int
	connector *node
	object    *node
	errors    *node // ErrorHandlingConfig
}

// A trigger is when it did.
type trigger struct {
	line     int
	kind     *node
	schedule *node // its properties, nil where there is none
}

// An extra is a property besides those.
type extra struct {
	name  string // folded
	key   string // as it is written
	line  int
	value *node
}

// define reads the properties of a flow. Terraform's names for the lists are the
// singular: a list there is a block that comes again.
func define(f found) definition {
	p := f.properties
	d := definition{found: f, name: either(p, "FlowName", "Name")}
	from := single(p.find("SourceFlowConfig"))
	d.source = source{line: lineAt(from, f.line), connector: from.find("ConnectorType"),
		pull: single(from.find("IncrementalPullConfig"))}
	salesforce := single(single(from.find("SourceConnectorProperties")).find("Salesforce"))
	d.source.object, d.source.deleted = salesforce.find("Object"), salesforce.find("IncludeDeletedRecords")
	d.source.api, d.source.dynamic = salesforce.find("DataTransferApi"), salesforce.find("EnableDynamicFieldUpdate")

	for _, to := range items(either(p, "DestinationFlowConfigList", "DestinationFlowConfig")) {
		one := destination{line: to.line, connector: to.find("ConnectorType")}
		if own := single(to.find("DestinationConnectorProperties")); own.isMap() && len(own.pairs) > 0 {
			inner := single(own.find(textOf(one.connector)))
			one.object, one.errors = inner.find("Object"), single(inner.find("ErrorHandlingConfig"))
		}
		d.to = append(d.to, one)
	}
	when := single(p.find("TriggerConfig"))
	d.trigger = trigger{line: lineAt(when, f.line), kind: when.find("TriggerType"),
		schedule: single(when.find("TriggerProperties"))}
	if nested := single(d.trigger.schedule.find("Scheduled")); nested != nil { // the API's way; templates have none
		d.trigger.schedule = nested
	}
	d.tasks = items(either(p, "Tasks", "Task"))
	d.extras = extrasOf(p)
	return d
}

// extrasOf are the properties that define doesn't read.
func extrasOf(p *node) []extra {
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

func either(n *node, names ...string) *node {
	for _, name := range names {
		if got := n.find(name); got != nil {
			return got
		}
	}
	return nil
}

// single is what a list of one holds: a block that comes once.
func single(n *node) *node {
	if n.isList() && len(n.list) == 1 {
		return n.list[0]
	}
	return n
}

// items are those of a list, or the one that stands for a list of one.
func items(n *node) []*node {
	switch {
	case n.isList():
		return n.list
	case n.isMap():
		return []*node{n}
	}
	return nil
}

func lineAt(n *node, otherwise int) int {
	if n == nil || n.line == 0 {
		return otherwise
	}
	return n.line
}
