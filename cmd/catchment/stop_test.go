package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemoStops: after a signal the demo's org stays up until the run has come
// to its end, so that the run is stopped and hasn't failed.
func TestDemoStops(t *testing.T) {
	t.Parallel()
	bin := itself(t)
	cmd := exec.Command(bin, "demo", "--records", "20000", "--dir", filepath.Join(t.TempDir(), "demo"))
	talk, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer cmd.Process.Kill() // where the test ends before the demo
	var all strings.Builder
	for lines := bufio.NewScanner(talk); lines.Scan(); {
		all.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "Z First run") { // behind its time
			if err := cmd.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	if e, ok := errors.AsType[*exec.ExitError](err); !ok || e.ExitCode() != 130 {
		t.Errorf("%v, want exit code 130", err)
	}
	if strings.Contains(all.String(), "refused") || !strings.HasSuffix(all.String(), "Z stopped\n") {
		t.Errorf("it said:\n%s", all.String())
	}
}
