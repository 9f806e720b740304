package cli

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"catchment/internal/dotenv"
	"catchment/internal/flow"
	"catchment/internal/lease"
	"catchment/internal/plan"
	"catchment/internal/printable"
	"catchment/internal/process"
	"catchment/internal/project"
	"catchment/internal/replicate"
	"catchment/internal/verify"
)

// A work is the project that one call of the command works on. What a command does
// with a project open is a method of it; what it does without, of the session.
type work struct {
	*session
	*project.Project
}

// open reads the configuration. Close gives back whatever was opened after.
func (s *session) open() (*work, error) {
	data, err := os.ReadFile(s.config)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, plan.Fixf("write one with: catchment init   or name it with: --config FILE",
			"there is no %s here", printable.Line(s.config))
	}
	if err != nil {
		return nil, plan.Fixf("make it readable, or name another with: --config FILE",
			"read the configuration: %w", printable.Error(err))
	}
	if err := s.environment(); err != nil {
		return nil, err
	}
	file, err := flow.Parse(s.config, data, s.known())
	if err != nil {
		return nil, err
	}
	file.RelativeTo(filepath.Dir(s.config))
	return &work{session: s, Project: project.New(s.World, file)}, nil
}

// known is what a configuration on this machine is read by.
func (s *session) known() flow.Warehouses {
	known := s.Drivers.Known()
	known.Variable = s.Getenv
	return known
}

// dotenvPath is the file of variables beside the configuration.
func (s *session) dotenvPath() string { return filepath.Join(filepath.Dir(s.config), ".env") }

// environment adds to the environment what the file .env beside the configuration says. What
// is set already stays.
func (s *session) environment() error {
	path := s.dotenvPath()
	data, err := os.ReadFile(path) // #nosec G304 -- the user named the configuration
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return plan.Fixf("make it readable to this user, or take it away", "read the variables: %w",
			printable.Error(err))
	}
	variables, err := dotenv.Parse(printable.Line(path), data)
	if err != nil {
		return err
	}
	outer, here := s.Getenv, map[string]string{}
	for _, v := range variables {
		if outer(v.Name) == "" {
			here[v.Name] = v.Value
		}
	}
	s.Getenv = func(name string) string { return cmp.Or(outer(name), here[name]) }
	if s.Setenv == nil {
		return nil
	}
	for name, value := range here {
		if err := s.Setenv(name, value); err != nil {
			return fmt.Errorf("%s: set %s: %w", printable.Line(path), name, err)
		}
	}
	return nil
}

// excludeFlag lets a command leave objects out.
func excludeFlag(cmd *cobra.Command, names *[]string) {
	cmd.Flags().StringSliceVar(names, "exclude", nil, "leave these `objects` out, names or patterns such as 'Sales_*'")
}

// objectNames completes the arguments of a command that takes objects, by what the configuration
// and the control table know. A shell asks this at each key, so that nothing is said and
// Salesforce isn't asked.
func (s *session) objectNames(cmd *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	p, err := s.open()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer p.Close()
	var all []string
	for _, name := range p.ObjectsAtHand(cmd.Context()) {
		begins := strings.HasPrefix(strings.ToLower(name), strings.ToLower(begun))
		if begins && !slices.ContainsFunc(args, func(arg string) bool { return strings.EqualFold(arg, name) }) {
			all = append(all, name)
		}
	}
	return all, cobra.ShellCompDirectiveNoFileComp
}

// forAll writes what others shall read, too.
func (s *session) forAll(write func() error) error {
	if s.ForAll == nil {
		return write()
	}
	return s.ForAll(write)
}

// inProject opens the project for as long as do takes.
func (s *session) inProject(do func(p *work) error) error {
	p, err := s.open()
	if err != nil {
		return err
	}
	defer p.Close()
	return do(p)
}

// holder is this process, in words for people.
func holder() string { return process.Self() }

// name is what others call this configuration who share a table with it.
func (w *work) name() string {
	path, err := filepath.Abs(w.config)
	if err != nil {
		path = w.config
	}
	return path + " on " + process.Host()
}

// runOptions are the settings of a run of this process.
func (w *work) runOptions(alone bool) replicate.Options {
	o := w.RunOptions()
	o.Holder, o.Name, o.Alone, o.Stop = holder(), w.name(), alone, w.stop
	return o
}

// holds is who holds flows in one call of the command.
func (w *work) holds(run string, alone bool) lease.Holder {
	return lease.Holder{Run: run, Name: holder(), Alone: alone}
}

func (w *work) verifier(run string, alone bool) *verify.Verifier {
	return w.Verifier(verify.Options{Run: run, Holder: holder(), Alone: alone, Sample: 10,
		Reserve: w.File.Org.Reserve, Stop: w.stop})
}
