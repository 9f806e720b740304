package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"catchment/internal/fakeorg"
	"catchment/internal/golden"
)

// What a person sees on a terminal of 80 columns: the real command in a real terminal,
// tmux, which breaks and joins lines when its size changes as terminals do.

func TestScreenOfARunThatIsStopped(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	if err := org.Generate(3000, 1); err != nil {
		t.Fatal(err)
	}
	s := org.terminal(t, "run")
	hold := org.hold(t, "/results")
	s.start()
	s.await("Account +loading .*of", "Contact +loading .*of", "Opportunity +loading .*of", "Case +loading .*of")
	s.same("run-loading")
	s.resize(50, 20)
	s.await("Case +loading +0 of")
	s.drawn("run-narrower")
	s.resize(120, 24)
	s.await(`Case +loading +\[ +\] +0 of`)
	s.drawn("run-wider")
	s.resize(80, 6)
	s.await("and 4 more")
	s.drawn("run-lower")
	s.resize(80, 24)
	s.await("Invoice__c +waiting")
	s.drawn("run-loading")
	s.tmux("send-keys", "-t", "0", "C-c")
	stopping := s.await("stopping, once more to stop at once")
	hold.release() // at once: a run that is stopped waits three seconds for answers
	s.drew("run-stopping", stopping)
	s.await("exit 130")
	s.drawn("run-stopped")
}

func TestScreenOfManyFlows(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	many := make(map[string]any)
	dir := t.TempDir()
	for n := range 71 {
		name := fmt.Sprintf("Object_Number_%02d__c", n)
		prefix := fmt.Sprintf("a%02d", n)
		many[name] = map[string]any{"keyPrefix": prefix, "rows": 1, "fields": []map[string]string{
			{"name": "Id", "type": "id"}, {"name": "Name", "type": "string"},
		}}
		row := fmt.Sprintf("Id,Name\n%sHo0000000001AAA,one\n", prefix)
		if err := os.WriteFile(filepath.Join(dir, name+".csv"), []byte(row), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	text, err := json.Marshal(many)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "objects.json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := org.LoadDir(dir, ""); err != nil {
		t.Fatal(err)
	}
	s := org.terminal(t, "run")
	hold := org.hold(t, "/results")
	s.start()
	s.await("User +loading .*of 1", "00__c +loading .*of 1", "01__c +loading .*of 1", "02__c +loading .*of 1")
	s.same("many-loading")
	hold.release()
	s.await("exit 0")
	s.same("many-done")
}

func TestScreenOfALimitThatIsUsedUp(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	if err := org.Generate(500, 1); err != nil {
		t.Fatal(err)
	}
	org.Fault(fakeorg.Rule{Method: "POST", Path: "/jobs/query", Status: http.StatusForbidden,
		Body: `[{"errorCode":"REQUEST_LIMIT_EXCEEDED","message":"TotalRequests Limit exceeded."}]`})
	s := org.terminal(t, "run")
	s.start()
	s.await("Account +waiting until", "Contact +waiting until", "Opportunity +waiting until", "Case +waiting until")
	s.same("limit-waiting")
	s.tmux("send-keys", "-t", "0", "C-c")
	s.await("exit 130")
	s.same("limit-stopped")
}

func TestScreenOfANightThatFailed(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	if err := org.Generate(500, 1); err != nil {
		t.Fatal(err)
	}
	org.Fault(fakeorg.Rule{Method: "POST", Path: "/jobs/query", Status: http.StatusBadRequest,
		Body: `[{"errorCode":"API_ERROR","message":"the org is being moved"}]`})
	s := org.terminal(t, "run; ./catchment status")
	s.start()
	s.await("exit 1")
	s.same("failed-night")
}

func TestScreenOfAVerify(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	if err := org.Generate(500, 1); err != nil {
		t.Fatal(err)
	}
	s := org.terminal(t, "verify Account Contact Case")
	s.do("run", "Account", "Contact", "Case")
	hold := org.hold(t, "/results")
	s.start()
	s.await("Account +waiting")
	s.same("verify-waiting")
	hold.release()
	s.await("exit 0")
	s.same("verify-done")
}

// A terminal that can't be drawn on gets lines, as a file does.
func TestScreenThatIsDumb(t *testing.T) {
	t.Parallel()
	org := newSeenOrg(t, fakeorg.Options{Seed: 1})
	if err := org.Generate(500, 1); err != nil {
		t.Fatal(err)
	}
	s := org.terminal(t, "run Account")
	s.env = append(s.env, "TERM=dumb")
	s.start()
	s.await("exit 0")
	s.same("dumb")
}

// A seenOrg is a fake org, some of whose answers can be held back.
type seenOrg struct {
	*fakeorg.Org
	url string

	mu   sync.Mutex
	held *held
}

// A held is a kind of request that gets no answer until release.
type held struct {
	path string
	gate chan struct{}
	once sync.Once
}

func (h *held) release() { h.once.Do(func() { close(h.gate) }) }

func newSeenOrg(t *testing.T, o fakeorg.Options) *seenOrg {
	t.Helper()
	o.Clock = fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)
	org, err := fakeorg.New(o)
	if err != nil {
		t.Fatal(err)
	}
	seen := &seenOrg{Org: org}
	server := httptest.NewServer(seen)
	t.Cleanup(server.Close)
	seen.url = server.URL
	return seen
}

// hold keeps the answers to requests of a path back.
func (o *seenOrg) hold(t *testing.T, path string) *held {
	h := &held{path: path, gate: make(chan struct{})}
	t.Cleanup(h.release)
	o.mu.Lock()
	defer o.mu.Unlock()
	o.held = h
	return h
}

// ServeHTTP implements http.Handler.
func (o *seenOrg) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	o.mu.Lock()
	held := o.held
	o.mu.Unlock()
	if held != nil && strings.Contains(r.URL.Path, held.path) {
		select {
		case <-held.gate:
		case <-r.Context().Done():
			return
		}
	}
	o.Org.ServeHTTP(w, r)
}

// A terminal is a tmux of its own, in which one command runs.
type terminal struct {
	t      *testing.T
	dir    string
	env    []string
	script string
}

// terminal makes a terminal for a command in a folder with a configuration for the org.
func (o *seenOrg) terminal(t *testing.T, args string) *terminal {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatalf("a terminal is needed, and make deps installs it: %v", err)
	}
	dir := t.TempDir()
	self, err := os.Executable()
	if err == nil {
		err = os.Symlink(self, filepath.Join(dir, "catchment")) // testscript.Main looks at the name
	}
	if err != nil {
		t.Fatal(err)
	}
	c := o.Credentials()
	s := &terminal{t: t, dir: dir, env: []string{"SF_CLIENT_ID=" + c.ClientID, "SF_CLIENT_SECRET=" + c.ClientSecret}}
	s.do("init", "--url", o.url)
	s.script = "trap : INT; ./catchment " + args + "; echo exit $?; read end" // Ctrl-C is for both
	return s
}

// do does a command of catchment without a terminal.
func (s *terminal) do(args ...string) {
	s.t.Helper()
	cmd := exec.Command("./catchment", args...)
	cmd.Dir, cmd.Env = s.dir, append(os.Environ(), s.env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		s.t.Fatalf("%v: %s", err, out)
	}
}

// start runs the command on a screen of 80 columns and 24 rows.
func (s *terminal) start() {
	s.t.Helper()
	args := []string{"new-session", "-d", "-x", "80", "-y", "24", "env"}
	s.tmux(append(append(args, s.env...), "sh", "-c", s.script)...)
	s.t.Cleanup(func() { _, _ = s.command("kill-server") })
}

func (s *terminal) command(args ...string) (string, error) {
	cmd := exec.Command("tmux", append([]string{"-S", "tmux", "-f", "/dev/null"}, args...)...)
	cmd.Dir = s.dir // a socket's path may not be long
	out, err := cmd.Output()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		err = fmt.Errorf("tmux %s: %s", args[0], exit.Stderr)
	}
	return string(out), err
}

func (s *terminal) tmux(args ...string) string {
	s.t.Helper()
	out, err := s.command(args...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

func (s *terminal) resize(columns, rows int) {
	s.t.Helper()
	s.tmux("resize-window", "-t", "0", "-x", strconv.Itoa(columns), "-y", strconv.Itoa(rows))
}

// seen is what is on the screen, and what has scrolled off it from some line on.
func (s *terminal) seen(from int) string {
	s.t.Helper()
	return strings.TrimRight(s.tmux("capture-pane", "-p", "-t", "0", "-S", strconv.Itoa(from)), "\n") + "\n"
}

// await waits until the screen shows all of some patterns, and is what it shows then.
func (s *terminal) await(patterns ...string) string {
	s.t.Helper()
	start := time.Now()
	for {
		seen := s.seen(0)
		all := true
		for _, p := range patterns {
			all = all && regexp.MustCompile(p).MatchString(seen)
		}
		if all {
			return seen
		}
		if strings.Contains(seen, "\nexit ") {
			s.t.Fatalf("it ended without %q:\n%s", patterns, seen)
		}
		if time.Since(start) > 3*time.Minute {
			s.t.Fatalf("there is no %q:\n%s", patterns, seen)
		}
		time.Sleep(50 * time.Millisecond)
	}
}

// same compares the screen and what has scrolled off it with a golden file.
func (s *terminal) same(name string) {
	s.t.Helper()
	golden.Equal(s.t, "screen/"+name+".txt", alike(s.seen(-1000)))
}

// drawn compares the screen after its size has changed, from the last line on that
// begins with Account: a terminal keeps for who scrolls back what it had to break or had
// no room for, and may show it again once there is room.
func (s *terminal) drawn(name string) {
	s.t.Helper()
	s.drew(name, s.seen(0))
}

// drew is drawn for what was seen before.
func (s *terminal) drew(name, seen string) {
	s.t.Helper()
	seen = "\n" + seen
	from := max(0, strings.LastIndex(seen, "\nAccount  "))
	if strings.Contains(seen, "\nOBJECT") { // a table follows upon what stays of the frame
		from = strings.LastIndex(seen, "\nstopping")
	}
	golden.Equal(s.t, "screen/"+name+".txt", alike(seen[from+1:]))
}

// alike is a text without what differs each time.
func alike(text string) string {
	var whole strings.Builder
	for line := range strings.Lines(text) { // where that of a run is broken depends on the numbers in it
		if len(line) == len("\n")+80 && strings.Contains(line, "run 20") {
			line = strings.TrimSuffix(line, "\n")
		}
		whole.WriteString(line)
	}
	text = whole.String()
	for _, differs := range []struct{ pattern, as string }{
		{`\d{8}T\d{9}-[0-9a-f]{8}`, "RUN"},
		{`[\d.]+ s, [\d,]+ API calls`, "N s, N API calls"},
		{`(?m)^\w+: waits until \S+: (.*)\n(.*)`, "FLOW waits until TIME: $1$2"}, // whoever is the first
		{`\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z`, "TIME"},
		{`until \d\d:\d\d`, "until TIME"},
		{`(RUN +failed).*`, "$1"},          // how long it took, and how many calls
		{`(RUN +STATE) +TOOK`, "$1  TOOK"}, // whose head stands on the right of it
		{`[\d,]+ a second`, "N a second"},
	} {
		text = regexp.MustCompile(differs.pattern).ReplaceAllString(text, differs.as)
	}
	return text
}
