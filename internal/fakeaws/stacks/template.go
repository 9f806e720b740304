package stacks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

const flowType = "AWS::AppFlow::Flow"

// The longest templates: in the body, and behind a URL.
const (
	longestBody = 51_200
	longestURL  = 1_000_000
)

// A resource is one flow of a template, its properties as the AppFlow API
// takes them.
type resource struct {
	name, flow string
	properties map[string]any
}

// text is the template of a request, from its body or from a URL.
func (s *Server) text(r *http.Request) ([]byte, error) {
	body, longest := []byte(r.PostForm.Get("TemplateBody")), longestBody
	if url := r.PostForm.Get("TemplateURL"); url != "" {
		if s.o.Fetch == nil || !strings.HasPrefix(url, "https://") {
			return nil, refuse("ValidationError", "TemplateURL must be a supported URL.")
		}
		var err error
		if body, err = s.o.Fetch(r.Context(), url); err != nil {
			return nil, refuse("ValidationError", "S3 error: %v", err)
		}
		longest = longestURL
	}
	if len(body) > longest {
		return nil, refuse("ValidationError", "1 validation error detected: Value at 'templateBody' failed to "+
			"satisfy constraint: Member must have length less than or equal to %d", longest)
	}
	return body, nil
}

// template reads the template of a request and resolves it.
func (s *Server) template(r *http.Request, parameters map[string]string) ([]resource, error) {
	body, err := s.text(r)
	if err != nil {
		return nil, err
	}
	var t struct {
		Parameters map[string]map[string]any `yaml:"Parameters"`
		Conditions map[string]any            `yaml:"Conditions"`
		Resources  map[string]struct {
			Type       string         `yaml:"Type"`
			Properties map[string]any `yaml:"Properties"`
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(body, &t); err != nil {
		return nil, refuse("ValidationError", "Template format error: unreadable")
	}
	e := &environment{values: map[string]string{"AWS::Region": "eu-central-1", "AWS::AccountId": "123456789012",
		"AWS::Partition": "aws"}, conditions: t.Conditions}
	for name, p := range t.Parameters {
		given, ok := parameters[name]
		if !ok {
			if p["Default"] == nil {
				return nil, refuse("ValidationError", "Parameters: [%s] must have values", name)
			}
			given = fmt.Sprint(p["Default"])
		}
		e.values[name] = given
	}
	for name := range parameters {
		if _, ok := t.Parameters[name]; !ok {
			return nil, refuse("ValidationError", "Parameters: [%s] do not exist in the template", name)
		}
	}
	var unknown []string
	for _, res := range t.Resources {
		if res.Type != flowType {
			unknown = append(unknown, res.Type)
		}
	}
	if len(unknown) > 0 || len(t.Resources) == 0 {
		return nil, refuse("ValidationError", "Template format error: Unrecognized resource types: %v", unknown)
	}
	var out []resource
	for _, name := range slices.Sorted(maps.Keys(t.Resources)) {
		v, err := e.resolve(t.Resources[name].Properties)
		if err != nil {
			return nil, err
		}
		p, _ := toAPI(v, true).(map[string]any)
		flow, _ := p["flowName"].(string)
		out = append(out, resource{name, flow, p})
	}
	return out, nil
}

// An environment is what the functions of a template refer to.
type environment struct {
	values     map[string]string
	conditions map[string]any
}

// noValue is what Ref AWS::NoValue leaves: nothing.
type noValue struct{}

func (e *environment) resolve(v any) (any, error) {
	switch v := v.(type) {
	case map[string]any:
		if len(v) == 1 {
			for name, arg := range v {
				if name == "Ref" || strings.HasPrefix(name, "Fn::") {
					return e.call(name, arg)
				}
			}
		}
		out := map[string]any{}
		for name, one := range v {
			got, err := e.resolve(one)
			if err != nil {
				return nil, err
			}
			if got != (noValue{}) {
				out[name] = got
			}
		}
		return out, nil
	case []any:
		out := []any{}
		for _, one := range v {
			got, err := e.resolve(one)
			if err != nil {
				return nil, err
			}
			if _, none := got.(noValue); !none {
				out = append(out, got)
			}
		}
		return out, nil
	}
	return v, nil
}

var subRE = regexp.MustCompile(`\$\{([A-Za-z0-9:]+)\}`)

// call does one intrinsic function.
func (e *environment) call(name string, arg any) (any, error) {
	args, _ := arg.([]any)
	switch name {
	case "Ref":
		if arg == "AWS::NoValue" {
			return noValue{}, nil
		}
		v, ok := e.values[fmt.Sprint(arg)]
		if !ok {
			return nil, refuse("ValidationError", "Template format error: Unresolved resource dependencies [%v]", arg)
		}
		return v, nil
	case "Fn::Sub":
		var bad error
		out := subRE.ReplaceAllStringFunc(fmt.Sprint(arg), func(m string) string {
			v, ok := e.values[m[2:len(m)-1]]
			if !ok {
				bad = refuse("ValidationError", "Template format error: Unresolved resource dependencies [%s]", m)
			}
			return v
		})
		return out, bad
	case "Fn::Join":
		if len(args) == 2 {
			list, err := e.resolve(args[1])
			if err != nil {
				return nil, err
			}
			var texts []string
			all, _ := list.([]any)
			for _, one := range all {
				texts = append(texts, fmt.Sprint(one))
			}
			return strings.Join(texts, fmt.Sprint(args[0])), nil
		}
	case "Fn::If":
		if len(args) == 3 {
			yes, err := e.holds(e.conditions[fmt.Sprint(args[0])])
			if err != nil {
				return nil, err
			}
			if yes {
				return e.resolve(args[1])
			}
			return e.resolve(args[2])
		}
	}
	return nil, refuse("ValidationError", "Template error: this stand-in can't do %s", name)
}

// holds judges a condition: Fn::Equals and Fn::Not.
func (e *environment) holds(condition any) (bool, error) {
	c, _ := condition.(map[string]any)
	if args, ok := c["Fn::Equals"].([]any); ok && len(args) == 2 {
		a, err := e.resolve(args[0])
		if err != nil {
			return false, err
		}
		b, err := e.resolve(args[1])
		return fmt.Sprint(a) == fmt.Sprint(b), err
	}
	if args, ok := c["Fn::Not"].([]any); ok && len(args) == 1 {
		yes, err := e.holds(args[0])
		return !yes, err
	}
	return false, refuse("ValidationError", "Template error: this stand-in can't judge the condition")
}

// toAPI writes properties as the API takes them: names begin with a small
// letter but for those of connectors, and TaskProperties and Tags, which are
// lists of keys and values in a template, are maps.
func toAPI(v any, rename bool) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, one := range v {
			to := name
			if rename {
				to = strings.ToLower(name[:1]) + name[1:]
			}
			switch name {
			case "KMSArn":
				to = "kmsArn"
			case "TimeZone":
				to = "timezone"
			case "FlowStatus":
				continue
			}
			if name == "TaskProperties" || name == "Tags" {
				out[to] = keyed(one)
				continue
			}
			connectors := name == "SourceConnectorProperties" || name == "DestinationConnectorProperties" ||
				name == "ConnectorOperator"
			out[to] = toAPI(one, !connectors)
		}
		return out
	case []any:
		out := []any{}
		for _, one := range v {
			out = append(out, toAPI(one, true))
		}
		return out
	case string:
		switch v { // CloudFormation turns texts into truths where the resource wants them
		case "true":
			return true
		case "false":
			return false
		}
	}
	return v
}

// keyed makes a map of a list of Key and Value.
func keyed(v any) map[string]any {
	out := map[string]any{}
	list, _ := v.([]any)
	for _, one := range list {
		pair, _ := one.(map[string]any)
		if key, ok := pair["Key"].(string); ok {
			out[key] = fmt.Sprint(pair["Value"])
		}
	}
	return out
}

// appflow calls the AppFlow endpoint.
func (s *Server) appflow(ctx context.Context, operation string, in map[string]any) error {
	b, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.o.AppFlow+"/"+operation, bytes.NewReader(b))
	if err != nil {
		return err
	}
	resp, err := s.o.HTTP.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode < 300 {
		return err
	}
	var said struct{ Message string }
	_ = json.Unmarshal(body, &said) // a body without a message is told as it is
	return fmt.Errorf("%s (Service: AppFlow, Status Code: %d)", orBody(said.Message, body), resp.StatusCode)
}

func orBody(message string, body []byte) string {
	if message == "" {
		return string(body)
	}
	return message
}
