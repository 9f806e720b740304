package main

import (
	"bytes"
	"errors"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"catchment/internal/fakeorg"
)

// docs/howto/operate.md has what others than a reader execute: cron and systemd.

// blocks are the texts of a page between fences of this kind.
func blocks(t *testing.T, page, kind string) []string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("../../docs/howto", page))
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile("(?ms)^```"+kind+"\n(.*?)^```$").FindAllStringSubmatch(string(text), -1) {
		all = append(all, m[1])
	}
	if len(all) == 0 {
		t.Fatalf("%s has no block of %s", page, kind)
	}
	return all
}

// A cronHost is a machine as cron sees it: a folder in the place of /srv/catchment, and
// nothing in the environment.
type cronHost struct {
	t   *testing.T
	dir string
	org *fakeorg.Org
}

func newCronHost(t *testing.T) *cronHost {
	org, err := fakeorg.New(fakeorg.Options{Seed: 1, Clock: fakeorg.FollowClock(time.Now(), time.Now)})
	if err != nil {
		t.Fatal(err)
	}
	if err := org.Generate(100, 1); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(org)
	t.Cleanup(server.Close)
	h := &cronHost{t: t, dir: filepath.Join(t.TempDir(), "srv"), org: org}
	c := org.Credentials()
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	out, code := h.shell("cd /srv/catchment\n"+blocks(t, "operate.md", "bash")[0], "ORG_URL="+server.URL,
		"SF_CLIENT_ID="+c.ClientID, "SF_CLIENT_SECRET="+c.ClientSecret, "PATH="+os.Getenv("PATH"))
	if code != 0 || !strings.Contains(out, " 0 failed, ") {
		t.Fatalf("the folder is set up: exit %d\n%s", code, out)
	}
	return h
}

// here is a text of the page, for this machine.
func (h *cronHost) here(text string) string {
	program, err := exec.LookPath("catchment")
	if err != nil {
		h.t.Fatal(err)
	}
	text = strings.ReplaceAll(text, "/srv/catchment", h.dir)
	return strings.ReplaceAll(text, "/usr/local/bin", filepath.Dir(program))
}

// shell runs a script with these variables alone, and gives all that it said.
func (h *cronHost) shell(script string, variables ...string) (said string, code int) {
	h.t.Helper()
	args := append(append([]string{"-i"}, variables...), "/bin/sh", "-e", "-c", h.here(script))
	var out bytes.Buffer
	cmd := exec.Command("env", args...)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			h.t.Fatal(err)
		}
		code = failed.ExitCode()
	}
	return out.String(), code
}

// job runs the line of the crontab that has this in it, as cron does.
func (h *cronHost) job(has string) (mail string, code int) {
	h.t.Helper()
	// What cron sets by itself: crontab(5).
	variables := []string{"HOME=" + h.dir, "LOGNAME=catchment", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"}
	for line := range strings.Lines(strings.Join(blocks(h.t, "operate.md", "crontab"), "")) {
		line = strings.TrimSpace(line)
		if name, _, ok := strings.Cut(line, "="); ok && !strings.Contains(name, " ") {
			variables = append(variables, h.here(line))
			continue
		}
		if !strings.Contains(line, has) {
			continue
		}
		if strings.Contains(line, "%") {
			h.t.Fatalf("cron takes a percent sign for the end of the command: %s", line)
		}
		return h.shell(strings.TrimSpace(strings.Join(strings.Fields(line)[5:], " ")), variables...)
	}
	h.t.Fatalf("no line of the crontab has %q", has)
	return "", 0
}

// expect holds a job to its exit code, and its mail to what it says; nothing is no mail.
func (h *cronHost) expect(job string, code int, says ...string) {
	h.t.Helper()
	mail, got := h.job(job)
	if got != code || len(says) == 0 && mail != "" {
		h.t.Errorf("%s: exit %d, want %d\n%s", job, got, code, mail)
	}
	for _, want := range says {
		if !regexp.MustCompile(want).MatchString(mail) {
			h.t.Errorf("%s: its mail doesn't say %s:\n%s", job, want, mail)
		}
	}
}

func TestCronLinesOfTheDocs(t *testing.T) {
	t.Parallel()
	h := newCronHost(t)
	const run, verify, morning = "catchment run --quiet --if-busy", "catchment verify", "catchment status"
	const copied = "cp catchment"
	stamp := `(?m)^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ `
	h.expect(run, 0)
	h.expect(verify, 0)
	h.expect(morning, 0)
	h.expect(copied, 0)
	if _, err := os.Stat(filepath.Join(h.dir, "bi.duckdb")); err != nil {
		t.Error(err)
	}

	h.org.Fault(fakeorg.Rule{Path: "/sobjects/Contact/describe", Status: 400,
		Body: `[{"errorCode":"X","message":"no"}]`})
	h.expect(run, 1, `Contact +failed`, stamp+`Contact: error: .*HTTP 400`, stamp+`Contact: hint: .`,
		stamp+`run 20\S+ is partial`)
	h.expect(morning, 1, `Contact +failed`, `Contact: error: .*HTTP 400`)
	h.org.ClearFaults()
	h.expect(run, 0)
	h.expect(morning, 0)

	secret := filepath.Join(h.dir, "secrets", "client_secret")
	if err := os.Rename(secret, secret+".gone"); err != nil {
		t.Fatal(err)
	}
	h.expect(run, 2, stamp+`catchment: secret file:.*client_secret`, stamp+`hint: write the secret into`)
	h.expect(morning, 1, `failed before it began`, `secret file:.*client_secret`)
	if err := os.Rename(secret+".gone", secret); err != nil {
		t.Fatal(err)
	}
	h.expect(run, 0)
	h.expect(morning, 0)
}

// systemd-analyze says what it doesn't know in a unit, and exits with 0 all the same.
func TestUnitsOfTheDocs(t *testing.T) {
	t.Parallel()
	h := newCronHost(t)
	dir := t.TempDir()
	var files []string
	for _, unit := range blocks(t, "operate.md", "ini") {
		first, _, _ := strings.Cut(unit, "\n")
		path := filepath.Join(dir, filepath.Base(first))
		if err := os.WriteFile(path, []byte(h.here(unit)), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	if want := "catchment.service catchment.timer"; strings.Join(base(files), " ") != want {
		t.Fatalf("the page has %v", base(files))
	}
	out, err := exec.Command("systemd-analyze", append([]string{"verify"}, files...)...).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("systemd-analyze: %v\n%s", err, out)
	}
	service, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	start := regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindSubmatch(service)
	if start == nil {
		t.Fatal("the service starts nothing")
	}
	out2, code := h.shell(fmt.Sprintf("cd /srv/catchment && %s", start[1]))
	if code != 0 || !strings.Contains(out2, `"level":"INFO","msg":"run 20`) {
		t.Errorf("what the service starts: exit %d\n%s", code, out2)
	}
}

func base(paths []string) []string {
	var names []string
	for _, p := range paths {
		names = append(names, filepath.Base(p))
	}
	return names
}
