package falsestart_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/falsestart"
	"catchment/internal/plan"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// written makes a configuration with these rights.
func written(t *testing.T, mode os.FileMode) string {
	t.Helper()
	config := filepath.Join(t.TempDir(), "catchment.yaml")
	must(t, os.WriteFile(config, []byte("version: 1\n"), 0o600))
	must(t, os.Chmod(config, mode))
	return config
}

func TestTraceIsLeftReadAndCleared(t *testing.T) {
	t.Parallel()
	config := written(t, 0o600)
	if _, found, err := falsestart.Read(config); found || err != nil {
		t.Errorf("before any: %t, %v", found, err)
	}
	must(t, falsestart.Clear(config))
	first := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	for i, failure := range []string{"no secret", "no config"} {
		must(t, falsestart.Leave(config, falsestart.Trace{At: first.Add(time.Duration(i) * time.Hour), By: "process 7",
			Error: failure, Hint: "set it", Class: plan.Fix}))
	}
	got, found, err := falsestart.Read(config)
	want := falsestart.Trace{At: first.Add(time.Hour), Since: first, Times: 2, By: "process 7", Error: "no config",
		Hint: "set it", Class: plan.Fix}
	if err != nil || !found || got != want {
		t.Errorf("got %+v, %t, %v; want %+v", got, found, err, want)
	}
	must(t, falsestart.Clear(config))
	if _, found, err := falsestart.Read(config); found || err != nil {
		t.Errorf("after it was cleared: %t, %v", found, err)
	}
	left, err := os.ReadDir(filepath.Dir(config))
	if err != nil || len(left) != 1 {
		t.Errorf("left are %v, %v", left, err)
	}
}

// Who may read the configuration may read the trace, and nobody else.
func TestReaders(t *testing.T) {
	t.Parallel()
	for mode, want := range map[os.FileMode]os.FileMode{0o600: 0o600, 0o640: 0o640, 0o644: 0o644, 0o400: 0o600,
		0o666: 0o644} {
		config := written(t, mode)
		must(t, falsestart.Leave(config, falsestart.Trace{At: time.Now()}))
		info, err := os.Stat(falsestart.Path(config))
		must(t, err)
		if got := info.Mode().Perm(); got != want {
			t.Errorf("of a configuration with %s: %s, want %s", mode, got, want)
		}
	}
	missing := filepath.Join(t.TempDir(), "catchment.yaml")
	must(t, falsestart.Leave(missing, falsestart.Trace{At: time.Now()}))
	info, err := os.Stat(falsestart.Path(missing))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("without a configuration: %v, %v", info, err)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	noFolder := filepath.Join(t.TempDir(), "gone", "catchment.yaml")
	blocked := written(t, 0o600) // a folder has the name of its trace
	must(t, os.MkdirAll(filepath.Join(falsestart.Path(blocked), "full"), 0o700))
	spoilt := written(t, 0o600)
	must(t, os.WriteFile(falsestart.Path(spoilt), []byte("{\x1b"), 0o600))

	_, _, unreadable := falsestart.Read(spoilt)
	_, _, folder := falsestart.Read(blocked)
	for what, err := range map[string]error{
		"no folder":         falsestart.Leave(noFolder, falsestart.Trace{}),
		"its name is taken": falsestart.Leave(blocked, falsestart.Trace{}),
		"it can't go":       falsestart.Clear(blocked),
		"it is no JSON":     unreadable,
		"it is a folder":    folder,
	} {
		if err == nil {
			t.Errorf("%s: no error", what)
			continue
		}
		if plan.ClassOf(err) != plan.Fix || plan.HintOf(err) == "" || strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %v (%s)", what, err, plan.HintOf(err))
		}
	}
	left, err := os.ReadDir(filepath.Dir(blocked))
	if err != nil || len(left) != 2 {
		t.Errorf("left are %v, %v", left, err)
	}
	at := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	must(t, falsestart.Leave(spoilt, falsestart.Trace{At: at})) // a spoilt one is no reason to leave none
	if got, found, err := falsestart.Read(spoilt); err != nil || !found || got.Times != 1 || !got.Since.Equal(at) {
		t.Errorf("over a spoilt one: %+v, %t, %v", got, found, err)
	}
}
