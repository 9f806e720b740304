// Package cli is the command: one file per subcommand, and the few things that
// all of them share. It wires nouns and verbs together and leaves all work to
// them.
//
// Everything it touches of the world comes in through Program, so that a test
// can be the world. Results go to stdout, talk goes to stderr; what they say is a
// report of package status, which is filled here.
//
// Start at Main.
package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/cli/listening"
	"catchment/internal/cli/maintaining"
	"catchment/internal/cli/streaming"
	"catchment/internal/control"
	"catchment/internal/dns"
	"catchment/internal/lease"
	"catchment/internal/notice"
	"catchment/internal/plan"
	"catchment/internal/platform"
	"catchment/internal/progress"
	"catchment/internal/project"
	"catchment/internal/status"
	"catchment/internal/template"
)

// A Program is one call of the command and the world around it.
type Program struct {
	project.World
	Names   *dns.Patience // by which hosts are found; it tells what it waits for; may be nil
	Args    []string
	Stdin   io.Reader       // nil where nothing comes in
	Forms   []template.Form // in which flows are imported, besides AWS's own
	Stdout  io.Writer
	Stderr  io.Writer
	Signals <-chan os.Signal // SIGINT and SIGTERM
	Size    progress.Size    // of the terminal that stderr is; nil where it is none
	Columns int              // of the terminal that stdout is; 0 where it is none
	// Setenv gives a variable of the file .env to the libraries that ask the environment by
	// themselves; nil where none shall.
	Setenv func(name, value string) error
	// ForAll runs what writes files that others shall read as the user's umask says; all
	// else is written for the user alone. nil runs it as it is.
	ForAll func(write func() error) error
	Cloud  Cloud
}

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1   // something failed, and none of the codes below says what to do about it
	exitInput       = 2   // wrong input: the user has to change something
	exitEnvironment = 3   // something outside is down, busy or full: try again
	exitDiffers     = 4   // verify found differences, or a run knows of rows that differ
	exitStopped     = 130 // by a signal
)

// An exit is an error that was told already, and only sets the code.
type exit int

func (e exit) Error() string { return fmt.Sprintf("exit %d", int(e)) }

// A usageError is a mistake in the command line itself.
type usageError struct{ error }

func (u usageError) Unwrap() error { return u.error }

// A session is one call of the command.
type session struct {
	Program
	status.Printer
	voice   *voice
	config  string
	command string // that was typed, as "catchment flows push"
	stop    stop
}

// Main runs the command and returns its exit code.
func Main(ctx context.Context, p Program) int {
	v := newVoice(p)
	s := &session{Program: p, Printer: status.Printer{Results: p.Stdout, Talk: v.talk, Width: cmp.Or(p.Columns, 80)},
		voice: v, stop: make(stop)}
	s.World.Stop = s.stop
	s.Waits = s.waits
	if p.Names != nil {
		p.Names.Tell = func(host string) {
			s.Say("no address was found for %s; trying again for a while", host)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() {
		if s.stop.watch(ctx, p.Signals, v.keep) {
			cancel(errStopped)
		}
	}()
	root := s.root()
	root.SetArgs(p.Args)
	root.SetOut(p.Stdout)
	root.SetErr(v.talk)
	cmd, err := root.ExecuteContextC(ctx)
	s.command = cmd.CommandPath()
	if _, _, unknown := root.Find(p.Args); unknown != nil {
		err = usageError{plan.Fixf("see: catchment --help", "%w", unknown)}
	}
	code := s.exitCode(ctx, cmd, err)
	v.letGo(code, p.Stdout)
	return code
}

// waits tells what the command waits for.
func (s *session) waits(until time.Time, why string) {
	s.Say("waiting until %s: %s", status.Stamp(until), why)
}

// exitCode tells an error to the user and turns its class into a code. This is
// the only place that does either.
func (s *session) exitCode(ctx context.Context, cmd *cobra.Command, err error) int {
	if code, ok := errors.AsType[exit](err); ok {
		return int(code)
	}
	if err == nil {
		return exitOK
	}
	if stoppedBy(ctx, err) {
		s.Say("%s", stoppedWords(cmd))
		return exitStopped
	}
	s.tell(err)
	if _, ok := errors.AsType[usageError](err); ok {
		return exitInput
	}
	return codeOf(plan.ClassOf(err))
}

// codeOf is the exit code of what failed, by its classes; there is one at least. What
// nobody knows a way out of comes before what the user can mend, and that before what
// passes.
func codeOf(classes ...plan.Class) int {
	code := exitEnvironment
	for _, class := range classes {
		switch class {
		case plan.Retry, plan.Wait, plan.Full:
		case plan.Fix:
			code = exitInput
		default:
			return exitFailed
		}
	}
	return code
}

// handle is what a user can take hold of in a hint: a command, a flag or a key.
var handle = regexp.MustCompile("catchment [a-z-]|--[a-z]|" +
	"`[a-z_]+[:`]|" + `\b(org|warehouse|stage|control|limits|defaults|appflow|movers|files)\.[a-z]` +
	`|\b(mover|naming|rejects|nul|window): `)

// after is the command to type once the hint of an error was followed, "" where the hint
// itself names a command, a flag or a key. Where the cure lies elsewhere, in Salesforce or
// on a disk, it is the same command again; where nobody knows one, what a report needs.
func after(class plan.Class, hint, command string) string {
	switch {
	case handle.MatchString(hint):
		return ""
	case class == plan.Bug:
		return "catchment version"
	}
	return command
}

// tell prints an error and what to do about it.
func (s *session) tell(err error) {
	class, hint := plan.ClassOf(err), plan.AdviceOf(err)
	failure := notice.Failure{
		Error: err.Error(), Class: string(class), Hint: hint, Then: after(class, hint, s.command),
	}
	if s.JSON {
		_ = s.PrintLines(failure) // a broken stdout hides nothing: stderr tells it, too
	}
	_ = s.PrintText(failure)
}

func (s *session) root() *cobra.Command {
	version := false
	root := &cobra.Command{
		Use:   "catchment",
		Short: "Salesforce in your own warehouse: every record once, and proof of it",
		Long: `Catchment copies Salesforce into your own warehouse: every record once, never a
duplicate, never a loss, and it can prove it.

Begin with  catchment demo  : it needs nothing but this program.

Exit codes: 0 ok, 1 it failed, and nobody knows a way out, 2 wrong input, or something
else has to be changed, 3 environment (busy, down or full: try again), 4 verify found
differences or a run knows of some, 130 stopped. A run of which flows failed ends with
what they failed over.`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.RunE = func(cmd *cobra.Command, _ []string) error {
		if version {
			return printVersion(s)
		}
		return cmd.Help()
	}
	root.Flags().BoolVar(&version, "version", false, "print the version")
	root.PersistentFlags().StringVarP(&s.config, "config", "c", "catchment.yaml", "the configuration `file`")
	root.PersistentFlags().BoolVar(&s.JSON, "json", false, "one JSON object per line on stdout")
	root.PersistentFlags().StringVar(&s.voice.form, "log-format", formText,
		"how stderr says what it says: "+formText+" or "+formJSON+", with run, flow and step, as a `format`")
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return s.voice.prepare(cmd, s) }
	root.PersistentFlags().BoolFunc("wide", "tables with all their columns, however wide", func(string) error {
		s.Width = 0
		return nil
	})
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usageError{plan.Fixf("see: "+cmd.CommandPath()+" --help", "%w", err)}
	})
	for _, cmd := range []*cobra.Command{
		s.demoCommand(), s.orgCommand(), s.initCommand(), schemaCommand(s), s.checkCommand(), s.planCommand(),
		s.runCommand(),
		s.pauseCommand(), s.resumeCommand(), s.eraseCommand(), s.statusCommand(), s.runsCommand(), s.verifyCommand(),
		s.sqlCommand(), queryCommand(s), filesCommand(s), s.flowsCommand(), s.adoptCommand(), s.awsCommand(),
		eventsCommand(s), streamCommand(s), maintainCommand(s), archiveCommand(s), versionCommand(s),
	} {
		checkArgs(cmd)
		root.AddCommand(cmd)
	}
	completeObjects(s, root)
	return root
}

func eventsCommand(s *session) *cobra.Command {
	return listening.Command(func(do func(*listening.Desk) error) error {
		return s.inProject(func(p *work) error {
			return do(&listening.Desk{Project: p.Project, Printer: p.Printer, Ends: p.stop.ends})
		})
	})
}

func streamCommand(s *session) *cobra.Command {
	return streaming.Command(func(do func(*streaming.Desk) error) error {
		return s.inProject(func(p *work) error {
			err := do(&streaming.Desk{Project: p.Project, Printer: p.Printer, Stop: p.stop, Hold: p.holds,
				Lock: func(ctx context.Context, ifBusy string) (bool, error) {
					if err := checkBusy(ifBusy); err != nil {
						return false, err
					}
					return p.lock(ctx, "stream", ifBusy)
				},
				Window: func(ctx context.Context, objects []string, alone bool) (control.RunRow, error) {
					id, err := p.Control.NewRunID()
					if err != nil {
						return control.RunRow{}, err
					}
					return p.copy(ctx, id, objects, alone, runFlags{})
				}})
			switch {
			case errors.Is(err, streaming.ErrBehind):
				return exit(exitFailed)
			case errors.Is(err, plan.ErrStopped): // its own end, which it tells
				return exit(exitStopped)
			}
			return err
		})
	})
}

func maintainCommand(s *session) *cobra.Command {
	return maintaining.Command(func(do func(*maintaining.Desk) error) error {
		err := s.inProject(func(p *work) error {
			hold := func(ctx context.Context) (lease.Holder, error) { return holdAlone(ctx, p, "maintain") }
			return do(&maintaining.Desk{Project: p.Project, Printer: p.Printer, Hold: hold, Ends: p.stop.ends})
		})
		if errors.Is(err, maintaining.ErrFailed) {
			return exit(exitFailed)
		}
		return err
	})
}

// checkArgs has a command, and those below it, tell a wrong number of arguments as a mistake in the
// command line, and a word below it that is no command.
func checkArgs(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil && cmd.HasSubCommands() {
		check = cobra.NoArgs
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if check == nil {
			return nil
		}
		if err := check(cmd, args); err != nil {
			return usageError{plan.Fixf("see: "+cmd.CommandPath()+" --help", "%w", err)}
		}
		return nil
	}
	for _, below := range cmd.Commands() {
		checkArgs(below)
	}
}

func versionCommand(s *session) *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: "  catchment version",
		Args:    cobra.NoArgs,
		RunE:    func(*cobra.Command, []string) error { return printVersion(s) },
	}
}

func printVersion(s *session) error {
	return s.Print(notice.Version{Version: s.Version, APIVersion: platform.Newest})
}
