package template

import "strings"

// isDescribed tells an answer of `aws appflow describe-flow`, a list of some, or
// the answer of list-flows, which names flows and tells nothing else of them.
func isDescribed(root *node) bool {
	switch {
	case root.isList():
		return len(root.list) > 0 && isDescribed(root.list[0])
	case listed(root) != nil:
		return true
	}
	return root.find("sourceFlowConfig") != nil || root.find("flowArn") != nil && root.find("flowName") != nil
}

// listed are the flows of an answer of list-flows.
func listed(root *node) *node {
	for _, name := range []string{"flows", "flowList"} {
		n := root.find(name)
		if n.isList() && len(n.list) > 0 && n.list[0].find("flowName") != nil && root.find("sourceFlowConfig") == nil {
			return n
		}
	}
	return nil
}

// described reads such an answer. Its keys begin with small letters, the
// properties of a task are a map, and nothing in it is left open.
func (im *importer) described(root *node) {
	all := []*node{root}
	if root.isList() {
		all = root.list
	} else if list := listed(root); list != nil {
		all = list.list
	}
	unread := 0
	for _, one := range all {
		switch {
		case one.find("sourceFlowConfig") != nil:
			im.take(found{resource: nameOf(one), line: one.line, properties: one})
		case listed(one) != nil:
			im.problem(one.line, "", "is a list of flows inside of another list")
		default:
			unread++
		}
	}
	im.flow = ""
	if unread > 0 {
		im.problem(root.line, "", "names %d flows, and doesn't say what they do, as list-flows answers: "+
			"for each of them, import what aws appflow describe-flow --flow-name NAME says", unread)
	}
}

func nameOf(flow *node) string {
	if name := textOf(flow.find("flowName")); name != "" {
		return name
	}
	arn := textOf(flow.find("flowArn"))
	return arn[strings.LastIndex(arn, "/")+1:]
}
