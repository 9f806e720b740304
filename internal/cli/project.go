package cli

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

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
	file, err := flow.Parse(s.config, data, s.Drivers.Known())
	if err != nil {
		return nil, err
	}
	file.RelativeTo(filepath.Dir(s.config))
	return &work{session: s, Project: project.New(s.World, file)}, nil
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
