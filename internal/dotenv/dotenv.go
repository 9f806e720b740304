// Package dotenv reads the file .env beside a configuration: variables for those who
// start catchment without a shell that has them. It knows the part of the format that
// every reader of such files takes alike (sh, systemd, docker), and refuses the rest: what
// one of them cuts at a #, and another fills in at a $, is no place for a secret.
//
// A value never gets into an error (invariant 9). Start at Load.
package dotenv

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// A Variable is a line of the file.
type Variable struct{ Name, Value string }

const (
	plainPattern  = `[^\s'"#$\\` + "`" + `]*`
	singlePattern = `'[^']*'`
	doublePattern = `"[^"$\\` + "`" + `]*"`
)

var lineRE = regexp.MustCompile(`^(?:export[ \t]+)?([A-Za-z_][A-Za-z0-9_]*)=(` +
	plainPattern + `|` + singlePattern + `|` + doublePattern + `)(?:[ \t]+#.*)?$`)

// An Environment is where variables are looked up, and kept. Set may be nil: then only those see
// what a file adds who ask Get.
type Environment struct {
	Get func(name string) string
	Set func(name, value string) error
}

// Beside is the file beside a configuration.
func Beside(configuration string) string { return filepath.Join(filepath.Dir(configuration), ".env") }

// Load adds to an environment what a file says, if it is there, and gives the way to look
// things up from then on. What is set already stays.
func Load(path string, env Environment) (get func(name string) string, err error) {
	data, err := os.ReadFile(path) // #nosec G304 -- the user named the configuration
	if errors.Is(err, fs.ErrNotExist) {
		return env.Get, nil
	}
	if err != nil {
		return nil, plan.Fixf("make it readable to this user, or take it away", "read the variables: %w",
			printable.Error(err))
	}
	variables, err := Parse(printable.Line(path), data)
	if err != nil {
		return nil, err
	}
	added := map[string]string{}
	for _, v := range variables {
		if env.Get(v.Name) == "" {
			added[v.Name] = v.Value
		}
	}
	if env.Set == nil {
		return func(name string) string { return cmp.Or(env.Get(name), added[name]) }, nil
	}
	for name, value := range added {
		if err := env.Set(name, value); err != nil {
			return nil, fmt.Errorf("%s: set %s: %w", printable.Line(path), name, err)
		}
	}
	return env.Get, nil
}

// Parse reads the lines NAME=value; path is how the file is called in errors. Of a name that
// stands there twice the last one counts, as in a shell.
func Parse(path string, data []byte) ([]Variable, error) {
	var all []Variable
	n := 0
	for line := range strings.SplitSeq(strings.TrimPrefix(string(data), "\uFEFF"), "\n") {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		m := lineRE.FindStringSubmatch(line)
		if m == nil || strings.ContainsRune(line, 0) {
			return nil, plan.Fixf("write NAME=value, or NAME='value' where the value has more than letters and "+
				"digits; a value with a ' in it goes into a file of its own: file:PATH",
				"%s:%d: this line is no variable%s", path, n, named(line))
		}
		value := m[2]
		if len(value) > 1 && (value[0] == '\'' || value[0] == '"') {
			value = value[1 : len(value)-1]
		}
		all = append(all, Variable{Name: m[1], Value: value})
	}
	return all, nil
}

var nameRE = regexp.MustCompile(`^(?:export[ \t]+)?([A-Z_][A-Z0-9_]{0,60})=`)

// named tells which variable a line is of, where that shows for sure: never what it holds.
func named(line string) string {
	if m := nameRE.FindStringSubmatch(line); m != nil {
		return fmt.Sprintf(", or what %s holds needs quotes", m[1])
	}
	return ""
}
