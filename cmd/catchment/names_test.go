package main

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"catchment/cmd/internal/cloud"
	"catchment/internal/cli"
	"catchment/internal/dns"
	"catchment/internal/project"
)

// A name that isn't found is tried again, which is told; where it stays away the command
// ends with 3 and says what to look at.
func TestNamesAreTriedAgain(t *testing.T) {
	t.Parallel()
	s := newSite(t, false)
	orgPort := s.env["ORG"][strings.LastIndex(s.env["ORG"], ":"):]
	for _, test := range []struct {
		name  string
		fails int
		code  int
		says  string
	}{
		{"comes back", 2, 0, "wrote "},
		{"stays away", 1e6, 3, "hint: check the host in --url"},
	} {
		t.Run(test.name, func(t *testing.T) {
			failed := 0
			names := &dns.Patience{For: 3 * time.Second}
			carry := http.DefaultTransport.(*http.Transport).Clone()
			carry.DialContext = names.Dial(func(ctx context.Context, network, address string) (net.Conn, error) {
				if failed < test.fails {
					failed++
					return nil, &net.DNSError{Err: "no such host", Name: "localhost", IsNotFound: true}
				}
				return new(net.Dialer).DialContext(ctx, network, "127.0.0.1"+orgPort)
			})
			account := cloud.New()
			var out, talk bytes.Buffer
			code := cli.Main(t.Context(), cli.Program{
				World: project.World{
					Version: "test", Now: time.Now, HTTP: &http.Client{Transport: carry}, Drivers: drivers(account),
					Getenv: func(name string) string {
						return map[string]string{"SF_CLIENT_ID": s.env["ID"], "SF_CLIENT_SECRET": s.env["SECRET"]}[name]
					},
				},
				Names: names, Stdout: &out, Stderr: &talk,
				Args: []string{"init", "--url", "http://localhost" + orgPort, "--config",
					filepath.Join(t.TempDir(), "catchment.yaml")},
			})
			said := talk.String()
			if code != test.code || !strings.Contains(said, test.says) ||
				strings.Count(said, "no address was found for localhost; trying again") != 1 {
				t.Errorf("exit code %d, want %d with %q: %s", code, test.code, test.says, said)
			}
		})
	}
}
