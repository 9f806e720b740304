package cli

import (
	"io"
	"strings"
	"testing"

	"catchment/internal/plan"
	"catchment/internal/status"
)

// Whoever stops a command is told what becomes of its work.
func TestStopped(t *testing.T) {
	t.Parallel()
	const rest = "stopped; what it did stays done, and the same command does the rest"
	for line, want := range map[string]string{
		"run --full Account":               "stopped; the next run goes on from here",
		"verify Account":                   "stopped",
		"verify --repair":                  rest,
		"query SELECT":                     "stopped",
		"demo":                             "stopped",
		"org":                              "stopped",
		"events Account":                   "stopped",
		"archive plan old":                 "stopped",
		"archive run old":                  "stopped",
		"archive run old --really":         rest,
		"archive rehydrate 500 --really":   rest,
		"erase Contact 003Ho00001AbCdEIAV": rest,
		"adopt --yes":                      rest,
		"adopt":                            "stopped",
		"files get --into here":            rest,
		"files gc --remove":                rest,
		"files gc":                         "stopped",
		"aws deploy":                       rest,
		"flows push":                       rest,
		"aws destroy":                      "stopped",
	} {
		var said strings.Builder
		s := &session{Printer: status.Printer{Talk: &said}, voice: newVoice(Program{Stderr: io.Discard})}
		cmd, flags, err := s.root().Find(strings.Fields(line))
		if err == nil {
			err = cmd.ParseFlags(flags)
		}
		if err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		code := s.exitCode(t.Context(), cmd, plan.ErrStopped)
		if said.String() != want+"\n" || code != exitStopped {
			t.Errorf("%s: %q and exit code %d, want %q", line, said.String(), code, want)
		}
	}
}

// What is said of a command is about one that there is, and about a flag that it has.
func TestResumedCommandsAreThere(t *testing.T) {
	t.Parallel()
	root := (&session{voice: newVoice(Program{Stderr: io.Discard})}).root()
	for name, flag := range resumed {
		cmd, _, err := root.Find(strings.Fields(name))
		if err != nil || cmd.CommandPath() != "catchment "+name {
			t.Errorf("there is no command %s: %v", name, err)
			continue
		}
		if flag != always && cmd.Flags().Lookup(flag) == nil {
			t.Errorf("%s has no --%s", name, flag)
		}
	}
}
