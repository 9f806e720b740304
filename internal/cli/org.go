package cli

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/fakeorg"
	"catchment/internal/plan"
	"catchment/internal/salesforce"
)

// orgFlags say what kind of org to serve.
type orgFlags struct {
	addr, load, describes string
	records, pageRecords  int
	seed                  uint64
	latency               time.Duration
	certificate           string
	app                   fakeorg.App
	restricted            bool
}

func (s *session) orgCommand() *cobra.Command {
	flags := orgFlags{addr: "127.0.0.1:0"}
	cmd := &cobra.Command{
		Use:   "org",
		Short: "Serve a fake Salesforce org on this machine",
		Long: `Serve a fake Salesforce org: OAuth, REST, SOQL, Bulk API 2.0 and change queries,
in memory, until a signal ends it. The first line on stdout is JSON with url,
client_id, client_secret, username, password, refresh_token and access_token.

Its records come from a folder of CSV files (--load), or are made from a seed
(--records): Account, Contact, Opportunity, Case, Task, User and Invoice__c.`,
		Example: `  catchment org --records 1000000
  catchment org --addr 127.0.0.1:8080 --load testdata/npsp-1k`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return s.serveOrg(cmd.Context(), flags) },
	}
	f := cmd.Flags()
	f.StringVar(&flags.addr, "addr", flags.addr, "listen on this `address`; port 0 picks a free one")
	f.StringVar(&flags.load, "load", "", "load the records of this `folder`: objects.json and one CSV file per object")
	f.StringVar(&flags.describes, "describes", "", "recorded describe answers; by default the `folder` describes beside --load")
	f.IntVar(&flags.records, "records", 10_000, "make an org of about this `number` of records")
	f.Uint64Var(&flags.seed, "seed", 1, "make records, Ids and secrets from this `number`")
	f.IntVar(&flags.pageRecords, "page-records", 0, "records of a Bulk result page at most; 100,000 where 0")
	f.DurationVar(&flags.latency, "job-latency", 500*time.Millisecond, "how long a Bulk job takes")
	f.StringVar(&flags.certificate, "certificate", "", "allow the JWT flow to who has the key of this certificate, a PEM `file`")
	f.BoolVar(&flags.app.Rotates, "rotate-refresh-tokens", false, "let each refresh token work once")
	f.BoolVar(&flags.app.NotApproved, "not-approved", false, "refuse the user: no administrator has allowed it the app")
	f.BoolVar(&flags.restricted, "restricted", false, "hide records from the user: it lacks View All Data")
	return cmd
}

func (s *session) serveOrg(ctx context.Context, flags orgFlags) error {
	org, err := s.newOrg(flags)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", flags.addr)
	if err != nil {
		return plan.Fixf("choose another with: --addr 127.0.0.1:0", "listen on %s: %w", flags.addr, err)
	}
	url := "http://" + listener.Addr().String()
	c := org.Credentials()
	if err := s.line(map[string]any{"type": "org", "url": url, "org_id": org.ID(), "client_id": c.ClientID, "client_secret": c.ClientSecret,
		"username": c.Username, "password": c.Password, "refresh_token": c.RefreshToken, "access_token": c.AccessToken}); err != nil {
		return errors.Join(err, listener.Close())
	}
	s.say("serving a fake org on %s; stop it with Ctrl-C", url)
	return s.serve(ctx, org, listener)
}

// serve serves until the first signal.
func (s *session) serve(ctx context.Context, org *fakeorg.Org, listener net.Listener) error {
	server := &http.Server{Handler: org, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-s.stop:
	case <-ctx.Done():
	}
	err := server.Close()
	if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}

func (s *session) newOrg(flags orgFlags) (*fakeorg.Org, error) {
	if flags.certificate != "" {
		var err error
		if flags.app.Certificate, err = readCertificate(flags.certificate); err != nil {
			return nil, err
		}
	}
	org, err := fakeorg.New(fakeorg.Options{
		Seed: flags.seed, Clock: fakeorg.FollowClock(s.Now(), s.Now), App: flags.app,
		PageRecords: flags.pageRecords, JobLatency: flags.latency, Restricted: flags.restricted,
	})
	if err != nil {
		return nil, err
	}
	if flags.load == "" {
		return org, org.Generate(flags.records, flags.seed)
	}
	if flags.describes == "" {
		beside := filepath.Join(flags.load, "..", "describes")
		if _, err := os.Stat(beside); err == nil {
			flags.describes = beside
		}
	}
	if err := org.LoadDir(flags.load, flags.describes); err != nil {
		return nil, plan.Fixf("the folder needs objects.json and one CSV file per object", "load %s: %w", flags.load, err)
	}
	return org, nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	const hint = "make one with: " + salesforce.KeyCommand
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, plan.Fixf(hint, "read the certificate: %w", err)
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, plan.Fixf(hint, "%s holds no certificate in PEM form", path)
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return nil, plan.Fixf(hint, "%s: %w", path, err)
	}
	if _, ok := certificate.PublicKey.(*rsa.PublicKey); !ok {
		return nil, plan.Fixf(hint, "%s is not the certificate of an RSA key", path)
	}
	return certificate, nil
}
