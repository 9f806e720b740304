package template

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

const flowType = "AWS::AppFlow::Flow"

// typeRE is a type of resource: AWS's own, one that a function makes, or one of a
// third party.
var typeRE = regexp.MustCompile(`^((AWS|Alexa|Custom)::[A-Za-z0-9@_-]+(::[A-Za-z0-9]+)?|` +
	`[A-Za-z0-9]{2,64}(::[A-Za-z0-9]{2,64}){2})(::MODULE)?$`)

// cloudFormation reads a template.
func (im *importer) cloudFormation(root *node) {
	r := newResolver(root, im.given)
	for name := range im.given {
		if root.find("Parameters").get(name) != nil {
			im.used[name] = true
		}
	}
	resources := root.find("Resources")
	pairs, why := r.unrolled(resources.pairs)
	if why != nil {
		im.problem(why.line, "", "%s", why.text)
		return
	}
	looped := slices.IndexFunc(resources.pairs, func(p pair) bool { return strings.HasPrefix(p.key, loopPrefix) })
	if looped >= 0 && !extended(root.find("Transform")) {
		im.note(resources.pairs[looped].line,
			"has a loop, and lacks Transform: AWS::LanguageExtensions, which CloudFormation wants for it")
	}
	rest := map[string]int{}
	for _, p := range pairs {
		im.flow = p.key
		im.resource(r, p, rest)
	}
	im.flow = ""
	im.others(resources.line, "resource", rest)
}

// extended tells whether a template asks for AWS::LanguageExtensions.
func extended(transform *node) bool {
	if transform.isList() {
		return slices.ContainsFunc(transform.list, extended)
	}
	return textOf(transform) == "AWS::LanguageExtensions"
}

// resource reads one resource of a template, if it is a flow; the others are
// counted by their types.
func (im *importer) resource(r *resolver, p pair, rest map[string]int) {
	kind := p.value.find("Type")
	switch {
	case kind == nil || kind.kind != scalar:
		im.problem(p.line, p.key, "has no Type")
	case kind.text == flowType:
		im.flowResource(r, p)
	case strings.HasPrefix(kind.text, "AWS::AppFlow::") && !slices.Contains(besides(), kind.text),
		!typeRE.MatchString(kind.text):
		im.problem(kind.line, p.key, "%q is no type of resource; a flow is %s", kind.text, flowType)
	default:
		rest[kind.text]++
	}
}

// besides are what AppFlow has besides flows.
func besides() []string { return []string{"AWS::AppFlow::ConnectorProfile", "AWS::AppFlow::Connector"} }

// flowResource reads a flow, if it is there under the template's conditions.
func (im *importer) flowResource(r *resolver, p pair) {
	if c := p.value.find("Condition"); c != nil && c.kind == scalar {
		switch yes, known := r.condition(c.text); {
		case !known:
			im.note(c.line, "exists only under condition %s, which can't be told here: taken", c.text)
		case !yes:
			im.note(c.line, "exists only under condition %s, which doesn't hold: left out", c.text)
			return
		}
	}
	properties := r.resolve(p.value.find("Properties"))
	if !properties.isMap() {
		why := "has no Properties"
		if properties != nil && properties.kind == unknown {
			why = "its Properties can't be told: " + properties.text
		}
		im.problem(p.line, p.key, "%s", why)
		return
	}
	im.take(found{resource: p.key, line: p.line, properties: properties, strict: true})
}

// others tells in one line of what stands in a file and is no flow.
func (im *importer) others(line int, what string, kinds map[string]int) {
	if len(kinds) == 0 {
		return
	}
	var names, texts []string
	all := 0
	for kind := range kinds {
		names = append(names, kind)
	}
	slices.Sort(names)
	profiles := ""
	for _, kind := range names {
		all += kinds[kind]
		texts = append(texts, fmt.Sprintf("%d %s", kinds[kind], kind))
		if strings.HasSuffix(folded(kind), "connectorprofile") {
			profiles = "; in the place of a connector profile, org.login says how Catchment logs in"
		}
	}
	if len(texts) > 10 {
		texts = append(texts[:10], "and others")
	}
	im.note(max(line, 1), "besides its flows it holds %s, left out: %s%s", plural(all, what), strings.Join(texts, ", "),
		profiles)
}
