package cli

import (
	"context"
	"errors"
	"io/fs"
	"maps"
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
	known, err := surroundings(s)
	if err != nil {
		return nil, err
	}
	file, err := flow.Parse(s.config, data, known)
	if err != nil {
		return nil, err
	}
	file.RelativeTo(filepath.Dir(s.config))
	return &work{session: s, Project: project.New(s.World, file)}, nil
}

// surroundings is what a configuration on this machine is read by. What the file .env beside it
// says is in the environment from then on.
func surroundings(s *session) (flow.Warehouses, error) {
	path := dotenv.Beside(s.config)
	get, err := dotenv.Load(path, dotenv.Environment{Get: s.Getenv, Set: s.Setenv})
	if errors.Is(err, fs.ErrPermission) { // who may only look needs none of its secrets
		s.Say("%s: this user may not read it; what it sets is not set here", printable.Line(path))
		get, err = s.Getenv, nil
	}
	if err != nil {
		return flow.Warehouses{}, err
	}
	s.Getenv = get
	known := s.Drivers.Known()
	known.Variable = get
	return known, nil
}

// excludeFlag lets a command leave objects out.
func excludeFlag(cmd *cobra.Command, names *[]string) {
	cmd.Flags().StringSliceVar(names, "exclude", nil, "leave these `objects` out, names or patterns such as 'Sales_*'")
}

// completeObjects has a shell complete the names of objects wherever a command takes them, by what
// the configuration and the control table know. A shell asks at each key, so that nothing is said
// and Salesforce isn't asked.
func completeObjects(s *session, cmd *cobra.Command) {
	if strings.Contains(cmd.Use, "OBJECT") {
		cmd.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]cobra.Completion,
			cobra.ShellCompDirective) {
			var all []string
			err := s.inProject(func(p *work) error {
				all = fitting(objectsAtHand(c.Context(), p), args, word)
				return nil
			})
			if err != nil {
				all = nil
			}
			return all, cobra.ShellCompDirectiveNoFileComp
		}
	}
	for _, below := range cmd.Commands() {
		completeObjects(s, below)
	}
}

// fitting are the names that begin as a word does, and don't stand there yet.
func fitting(names, there []string, word string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
		is := func(arg string) bool { return strings.EqualFold(arg, name) }
		return !strings.HasPrefix(strings.ToLower(name), strings.ToLower(word)) || slices.ContainsFunc(there, is)
	})
}

// objectsAtHand are the objects of the flows as far as this machine knows: those that the file names,
// and those that were copied.
func objectsAtHand(ctx context.Context, p *work) []string {
	names := map[string]string{}
	if err := p.LookAtControl(ctx); err == nil {
		rows, err := p.Control.Flows(ctx)
		for _, row := range rows {
			if err == nil {
				names[strings.ToLower(row.Object)] = row.Object
			}
		}
	}
	for _, fl := range p.File.Flows {
		if lower := strings.ToLower(fl.Object); !fl.Pattern() && names[lower] == "" {
			names[lower] = fl.Object
		}
	}
	return slices.Sorted(maps.Values(names))
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

// holdAlone opens what changes the warehouse, alone, and tells who holds flows then.
func holdAlone(ctx context.Context, w *work, what string) (lease.Holder, error) {
	if err := w.OpenControl(ctx); err != nil {
		return lease.Holder{}, err
	}
	alone, err := w.Lock(what)
	if err != nil {
		return lease.Holder{}, err
	}
	if err := w.OpenWarehouse(); err != nil {
		return lease.Holder{}, err
	}
	run, err := w.Control.NewRunID()
	return w.holds(run, alone), err
}

func (w *work) verifier(run string, alone bool) *verify.Verifier {
	return w.Verifier(verify.Options{Run: run, Holder: holder(), Alone: alone, Sample: 10,
		Reserve: w.File.Org.Reserve, Stop: w.stop})
}
