package cli

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"catchment/internal/plan"
	"catchment/internal/progress"
	"catchment/internal/status"
	"catchment/internal/talk"
)

// The forms of --log-format.
const (
	formText = "text"
	formJSON = "json"
)

// A voice is how a command says what it says: stderr in a form, and with --quiet nothing
// until it is known how the command ended, since cron sends a mail of whatever is said.
type voice struct {
	stderr *progress.Screen
	talk   *talk.Talk       // writes to stderr
	screen *progress.Screen // that shows how the command gets on: stderr, or none
	form   string
	held   *bytes.Buffer // results that are kept back; nil where they are said at once
}

// newVoice is one that has read no flags yet.
func newVoice(p Program) *voice {
	form := talk.Timed
	if p.Size != nil { // a terminal
		form = talk.Plain
	}
	stderr := progress.NewScreen(p.Stderr, p.Size)
	return &voice{stderr: stderr, talk: talk.New(stderr, form, p.Now), screen: stderr}
}

// quietFlag gives a command --quiet.
func quietFlag(cmd *cobra.Command) {
	cmd.Flags().BoolP("quiet", "q", false, "say nothing unless something went wrong, for cron")
}

// prepare does what the flags of a command say, before it begins.
func (v *voice) prepare(cmd *cobra.Command, s *session) error {
	switch v.form {
	case formText:
	case formJSON:
		v.talk.Use(talk.JSON)
		v.screen = progress.NewScreen(io.Discard, nil)
	default:
		return usageError{plan.Fixf("write --log-format "+formText+" or --log-format "+formJSON,
			"--log-format: there is no format %q", v.form)}
	}
	if quiet, err := cmd.Flags().GetBool("quiet"); err == nil && quiet { // a command without the flag isn't
		v.screen = progress.NewScreen(io.Discard, nil)
		v.held = &bytes.Buffer{}
		s.Results = v.held
		v.talk.Hold()
	}
	return nil
}

// quiet tells whether only failures are told.
func (v *voice) quiet() bool { return v.held != nil }

// underWay is who hears how a command gets on; nobody does where it is quiet.
func (v *voice) underWay(p status.Printer) status.Printer {
	if v.quiet() {
		p.Talk = io.Discard
	}
	return p
}

// keep says a line that stays in sight.
func (v *voice) keep(format string, args ...any) {
	if v.talk.Form() == talk.Plain {
		v.stderr.Keep(format, args...)
		return
	}
	status.Printer{Talk: v.talk}.Say(format, args...)
}

// letGo says what was kept back, if the command failed.
func (v *voice) letGo(code int, stdout io.Writer) {
	if !v.quiet() {
		return
	}
	said := code != exitOK
	if said {
		_, _ = stdout.Write(v.held.Bytes()) // the exit code says it, too
	}
	v.talk.Let(said)
}
