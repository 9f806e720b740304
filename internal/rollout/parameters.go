package rollout

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"

	"catchment/internal/plan"
)

// The parameters of the template that Deploy gives. The last only has a template
// whose warehouse a Glue job may consolidate.
const (
	codeBucket   = "CodeBucket"
	codeKey      = "CodeKey"
	configKey    = "ConfigKey"
	architecture = "Architecture"
	scriptKey    = "ScriptKey"
)

// ours tells whether a parameter is for Deploy to give.
func ours(name string) bool {
	return slices.Contains([]string{codeBucket, codeKey, configKey, architecture, scriptKey}, name)
}

// parameters are those that a template declares.
type parameters map[string]struct {
	Default     any    `yaml:"Default"`
	Description string `yaml:"Description"`
}

func parametersOf(template []byte) (parameters, error) {
	var t struct {
		Parameters parameters `yaml:"Parameters"`
	}
	if err := yaml.Unmarshal(template, &t); err != nil {
		return nil, fmt.Errorf("read the rendered template: %w", err)
	}
	return t.Parameters, nil
}

func (p parameters) has(name string) bool {
	_, ok := p[name]
	return ok
}

// check refuses what the template doesn't have, and what isn't the user's to say.
func (p parameters) check(given map[string]string) error {
	var wrong []string
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case name == codeBucket:
			wrong = append(wrong, name+" is given by --bucket")
		case ours(name):
			wrong = append(wrong, name+" follows from what is uploaded")
		case !p.has(name):
			wrong = append(wrong, "the template has no parameter "+name)
		}
	}
	if len(wrong) == 0 {
		return nil
	}
	theirs := slices.DeleteFunc(slices.Sorted(maps.Keys(p)), ours)
	return plan.Fixf("give one of: "+strings.Join(theirs, ", "), "%s", strings.Join(wrong, "\n"))
}

// complete refuses what lacks a value: given now, or the last time.
func (p parameters) complete(given, last map[string]string) error {
	var lacks, flags []string
	for _, name := range slices.Sorted(maps.Keys(p)) {
		_, now := given[name]
		_, before := last[name]
		if p[name].Default == nil && !now && !before && !ours(name) {
			lacks = append(lacks, "the template needs "+name+": "+p[name].Description)
			flags = append(flags, "--parameter "+name+"=VALUE")
		}
	}
	if len(lacks) == 0 {
		return nil
	}
	return plan.Fixf("add "+strings.Join(flags, " "), "%s", strings.Join(lacks, "\n"))
}
