package cli

import (
	"bytes"
	"io"

	"github.com/spf13/cobra"

	"catchment/internal/plan"
	"catchment/internal/status"
	"catchment/internal/talk"
)

// The forms of --log-format.
const (
	formText = "text"
	formJSON = "json"
)

// A quiet keeps results back until it is known how the command ended: cron sends a mail
// of whatever is said.
type quiet struct{ results bytes.Buffer }

// quietFlag gives a command --quiet.
func (s *session) quietFlag(cmd *cobra.Command) {
	cmd.Flags().BoolP("quiet", "q", false, "say nothing unless something went wrong, for cron")
}

// prepareTalk does what flags say of results and talk, before the command begins.
func (s *session) prepareTalk(cmd *cobra.Command) error {
	switch s.form {
	case formText:
	case formJSON:
		s.talk.Use(talk.JSON)
		s.Screen = false
	default:
		return usageError{plan.Fixf("write --log-format "+formText+" or --log-format "+formJSON,
			"--log-format: there is no format %q", s.form)}
	}
	if hold, err := cmd.Flags().GetBool("quiet"); err == nil && hold { // a command without the flag isn't quiet
		s.quiet, s.Screen = &quiet{}, false
		s.Results = &s.quiet.results
		s.talk.Hold()
	}
	return nil
}

// whileUnderWay is who hears how the command gets on; nobody does where it is quiet.
func (s *session) whileUnderWay() status.Printer {
	p := s.Printer
	if s.quiet != nil {
		p.Talk = io.Discard
	}
	return p
}

// letGo says what was kept back, if the command failed; it returns the exit code.
func (s *session) letGo(code int) int {
	if s.quiet == nil {
		return code
	}
	said := code != exitOK
	if said {
		if _, err := s.Stdout.Write(s.quiet.results.Bytes()); err != nil {
			s.Say("catchment: write the results: %v", err)
		}
	}
	s.talk.Let(said)
	return code
}
