package gate

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/fakeaws/ministack"
)

// lists are what others know of rights.
type lists struct {
	actions    map[string][]kind   // by action: what it acts on; nil for nothing in particular
	handlers   map[string][]string // of AWS::AppFlow::Flow: the actions that its caller must be allowed
	operations map[string]bool     // of AppFlow's API
}

// A kind of resource that an action acts on.
type kind struct {
	arn      string // with variables: arn:${Partition}:appflow:${Region}:${Account}:flow/${FlowName}
	required bool   // the action never goes without
}

func read() (*lists, error) {
	packages, err := ministack.Packages()
	if err != nil {
		return nil, err
	}
	l := &lists{}
	for _, part := range []func(string) error{l.readActions, l.readHandlers, l.readOperations} {
		if err := part(packages); err != nil {
			return nil, err
		}
	}
	return l, nil
}

func readJSON(path string, to any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}

// readActions reads the Service Authorization Reference, as parliament has it.
func (l *lists) readActions(packages string) error {
	var services []struct {
		Prefix    string
		Resources []struct {
			ARN      string `json:"arn"`
			Resource string
		}
		Privileges []struct {
			Privilege string
			Types     []struct {
				Type string `json:"resource_type"`
			} `json:"resource_types"`
		}
	}
	if err := readJSON(filepath.Join(packages, "parliament", "iam_definition.json"), &services); err != nil {
		return err
	}
	l.actions = map[string][]kind{}
	for _, s := range services {
		arns := map[string]string{}
		for _, r := range s.Resources {
			arns[r.Resource] = r.ARN
		}
		for _, p := range s.Privileges {
			action := s.Prefix + ":" + p.Privilege
			l.actions[action] = l.actions[action][:0:0]
			for _, t := range p.Types {
				name, required := strings.CutSuffix(t.Type, "*")
				if arn := arns[name]; arn != "" {
					l.actions[action] = append(l.actions[action], kind{arn, required})
				}
			}
		}
	}
	return nil
}

// readHandlers reads the schema of AWS::AppFlow::Flow, as cfn-lint has it.
func (l *lists) readHandlers(packages string) error {
	schemas := filepath.Join(packages, "cfnlint", "data", "schemas")
	var files map[string]string
	if err := readJSON(filepath.Join(schemas, "providers", ministack.Region+".json"), &files); err != nil {
		return err
	}
	var schema struct {
		Handlers map[string]struct{ Permissions []string }
	}
	if err := readJSON(filepath.Join(schemas, "resources", files["AWS::AppFlow::Flow"]+".json"), &schema); err != nil {
		return err
	}
	l.handlers = map[string][]string{}
	for name, h := range schema.Handlers {
		l.handlers[name] = h.Permissions
	}
	return nil
}

// readOperations reads the model of AppFlow's API, as botocore has it.
func (l *lists) readOperations(packages string) error {
	found, err := filepath.Glob(filepath.Join(packages, "botocore", "data", "appflow", "*", "service-2.json.gz"))
	if err != nil || len(found) != 1 {
		return fmt.Errorf("botocore's model of AppFlow: %d of them, %w", len(found), err)
	}
	f, err := os.Open(found[0])
	if err != nil {
		return err
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		return err
	}
	var model struct{ Operations map[string]json.RawMessage }
	if err := json.NewDecoder(z).Decode(&model); err != nil {
		return err
	}
	l.operations = map[string]bool{}
	for name := range model.Operations {
		l.operations[name] = true
	}
	return nil
}

// permissionOnly lists the actions that a handler needs and that are no
// operation of AppFlow's API: whoever calls the operation itself needs them too.
func (l *lists) permissionOnly(handler string) []string {
	return slices.DeleteFunc(slices.Clone(l.handlers[handler]), func(action string) bool {
		service, operation, _ := strings.Cut(action, ":")
		return service != "appflow" || l.operations[operation]
	})
}

// asks are the rights that a call of an action needs. One that names nothing it
// acts on is about everything.
func (l *lists) asks(action string, named []leaf) ([]ask, error) {
	if _, known := l.actions[action]; !known {
		return nil, fmt.Errorf("the Service Authorization Reference knows no %s", action)
	}
	resources := l.named(action, named)
	if len(resources) == 0 {
		resources = []string{"*"}
	}
	var all []ask
	for _, r := range resources {
		all = append(all, ask{action, r})
	}
	return all, nil
}

// named are the resources that an action acts on, of those that a request names:
// "*" where the action has none, and nothing where it needs one that isn't named.
func (l *lists) named(action string, named []leaf) []string {
	found, required := map[string]bool{}, false
	for _, k := range l.actions[action] {
		required = required || k.required
		for _, arn := range k.of(named) {
			found[arn] = true
		}
	}
	if len(found) == 0 && !required {
		return []string{"*"}
	}
	return slices.Sorted(maps.Keys(found))
}

// A leaf is a text somewhere in a request, and what it is called there.
type leaf struct{ name, text string }

// leaves lists the texts of a request.
func leaves(v any) []leaf {
	var all []leaf
	var walk func(name string, v any)
	walk = func(name string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for _, key := range slices.Sorted(maps.Keys(v)) {
				walk(key, v[key])
			}
		case []any:
			for _, one := range v {
				walk(name, one)
			}
		case string:
			all = append(all, leaf{name, v})
		}
	}
	walk("", v)
	return all
}

var variable = regexp.MustCompile(`\$\{(\w+)\}`)

// of finds the resources of a kind in a request: as ARNs, or by name, where what
// the ARN calls FlowName the request calls so, or something that ends so.
func (k kind) of(named []leaf) []string {
	where := strings.NewReplacer("${Partition}", "aws", "${Region}", ministack.Region, "${Account}", ministack.Account)
	pattern := where.Replace(k.arn)
	names := variable.FindAllStringSubmatch(pattern, -1)
	if len(names) == 0 {
		return nil
	}
	fits := regexp.MustCompile("^" + variable.ReplaceAllString(k.arn, "[^:]*") + "[^:]*$")
	var all []string
	for _, n := range named {
		switch {
		case strings.HasPrefix(n.text, "arn:"):
			if fits.MatchString(n.text) {
				all = append(all, n.text)
			}
		case n.is(names[0][1]):
			arn := strings.ReplaceAll(pattern, names[0][0], n.text)
			for _, other := range names[1:] {
				arn = strings.ReplaceAll(arn, other[0], first(named, other[1]))
			}
			all = append(all, arn)
		}
	}
	return all
}

// first is the first text that goes by a name; nobody knows it before it is made: "*".
func first(named []leaf, name string) string {
	for _, n := range named {
		if n.is(name) {
			return n.text
		}
	}
	return "*"
}

// is tells whether a text goes by the name of an ARN's variable.
func (n leaf) is(name string) bool {
	return n.text != "" && strings.HasSuffix(strings.ToLower(n.name), strings.ToLower(name))
}
