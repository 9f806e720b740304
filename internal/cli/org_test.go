package cli_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/internal/cli"
	"catchment/internal/project"
)

// serveOrg runs `catchment org` until the test ends, and returns its first line.
func serveOrg(t *testing.T, args ...string) map[string]string {
	t.Helper()
	out, in := io.Pipe()
	signals, ended := make(chan os.Signal, 1), make(chan int)
	go func() {
		ended <- cli.Main(context.Background(), cli.Program{
			Args: append([]string{"org", "--records", "100"}, args...), Stdout: in, Stderr: io.Discard,
			World:   project.World{Getenv: func(string) string { return "" }, Now: time.Now, Random: rand.Reader},
			Signals: signals,
		})
	}()
	t.Cleanup(func() {
		signals <- os.Interrupt
		if code := <-ended; code != 0 {
			t.Errorf("exit code %d", code)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	about := map[string]string{}
	if err := json.Unmarshal(line, &about); err != nil {
		t.Fatal(err)
	}
	return about
}

func TestOrgFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"path":"/limits","nth":1,"answer":"unavailable"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	org := serveOrg(t, "--tls", "--faults", file, "--clock", "2026-03-14T15:09:26Z", "--still")
	trusted := x509.NewCertPool()
	if !trusted.AppendCertsFromPEM([]byte(org["certificate"])) {
		t.Fatalf("no certificate in %v", org)
	}
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	for _, want := range []int{503, 200} {
		r, err := http.NewRequest("GET", org["url"]+"/services/data/v66.0/limits", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+org["access_token"])
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode != want || resp.Header.Get("Date") != "Sat, 14 Mar 2026 15:09:26 GMT" {
			t.Errorf("%d at %s, want %d", resp.StatusCode, resp.Header.Get("Date"), want)
		}
	}
}

func TestOrgRefusesFlags(t *testing.T) {
	file := filepath.Join(t.TempDir(), "faults.json")
	if err := os.WriteFile(file, []byte(`[{"answer":"sunshine"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for args, want := range map[string]string{
		"--clock noon":            "hint: write it as 2026-",
		"--faults " + file:        "locator-gone",
		"--faults " + file + ".x": "hint: docs/howto/fake-org.md",
	} {
		var said bytes.Buffer
		code := cli.Main(context.Background(), cli.Program{
			Args: append([]string{"org"}, strings.Fields(args)...), Stdout: io.Discard, Stderr: &said,
			World: project.World{Getenv: func(string) string { return "" }, Now: time.Now, Random: rand.Reader},
		})
		if code != 2 || !strings.Contains(said.String(), want) {
			t.Errorf("%s: %d %s", args, code, said.String())
		}
	}
}
