package cli

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"catchment/internal/fakeorg"
	"catchment/internal/notice"
	"catchment/internal/orgserver"
	"catchment/internal/plan"
	"catchment/internal/salesforce/login"
)

// orgFlags say what kind of org to serve.
type orgFlags struct {
	addr, load, describes string
	records, pageRecords  int
	seed                  uint64
	latency               time.Duration
	certificate           string
	app                   fakeorg.App
	restricted, sandbox   bool
	faults, clock         string
	still, tls            bool
	hardDelete            bool
	standardDelete        bool
	auditFields           bool
	log                   bool
	people, currencies    bool
	newest                int
	files                 fakeorg.Files
	ranges, noAllFiles    bool
	linkFields            bool // allowed
	pubsub                string
	events                []string

	random io.Reader // of its secrets; nil: they come from the seed
}

func (s *session) orgCommand() *cobra.Command {
	flags := orgFlags{addr: "127.0.0.1:0"}
	cmd := &cobra.Command{
		Use:   "org",
		Short: "Serve a fake Salesforce org on this machine",
		Long: `Serve a fake Salesforce org: OAuth, REST, SOQL, Bulk API 2.0 and change queries,
in memory, until a signal ends it. The first line on stdout is JSON with url,
client_id, client_secret, username, password, refresh_token and access_token,
which are random unless --seed is given.

Its records come from a folder of CSV files (--load), or are made from a seed
(--records): Account, Contact, Opportunity, Case, Task, User and Invoice__c.

What goes wrong, and when, is scripted by a file of rules (--faults) or over
HTTP under /_org/: docs/howto/fake-org.md shows how. With --pubsub it serves change
events by gRPC too, and the first line has pubsub, the address.`,
		Example: `  catchment org --records 1000000
  catchment org --pubsub --events Account,Contact
  catchment org --addr 127.0.0.1:8080 --load testdata/npsp-1k`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !cmd.Flags().Changed("seed") {
				flags.random = s.Random
			}
			return s.serveOrg(cmd.Context(), flags)
		},
	}
	flags.declare(cmd)
	return cmd
}

// declare makes the flags known by their names.
func (flags *orgFlags) declare(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&flags.addr, "addr", flags.addr, "listen on this `address`; port 0 picks a free one")
	f.StringVar(&flags.load, "load", "", "load the records of this `folder`: objects.json and one CSV file per object")
	f.StringVar(&flags.describes, "describes", "",
		"recorded describe answers; by default the `folder` describes beside --load")
	f.IntVar(&flags.records, "records", 10_000, "make an org of about this `number` of records")
	f.Uint64Var(&flags.seed, "seed", 1,
		"make records, Ids and secrets from this `number`; without it the secrets are random")
	f.IntVar(&flags.pageRecords, "page-records", 0, "records of a Bulk result page at most; 100,000 where 0")
	f.DurationVar(&flags.latency, "job-latency", 500*time.Millisecond, "how long a Bulk job takes")
	f.StringVar(&flags.certificate, "certificate", "",
		"allow the JWT flow to who has the key of this certificate, a PEM `file`")
	f.BoolVar(&flags.app.Rotates, "rotate-refresh-tokens", false, "let each refresh token work once")
	f.BoolVar(&flags.app.NotApproved, "not-approved", false, "refuse the user: no administrator has allowed it the app")
	f.BoolVar(&flags.app.NoPassword, "no-password-flow", false, "refuse logins by username and password")
	f.DurationVar(&flags.app.RefreshIdle, "refresh-token-idle", 0,
		"let a refresh token expire that nobody uses for so long, such as 720h; never where 0")
	f.StringVar(&flags.app.DPoP, "dpop", "",
		"bind tokens to the client's key: `how` is required (no token without a proof) or bound (always)")
	f.BoolVar(&flags.people, "person-accounts", false, "have person accounts")
	f.BoolVar(&flags.currencies, "multi-currency", false, "have several currencies")
	f.IntVar(&flags.newest, "newest-version", 0,
		"have no newer API `version` than this, such as 66; the newest where 0")
	f.BoolVar(&flags.restricted, "restricted", false, "hide records from the user: it lacks View All Data")
	f.BoolVar(&flags.sandbox, "sandbox", false, "be a sandbox instead of a production org")
	f.BoolVar(&flags.hardDelete, "hard-delete", false, "let the user delete for good by Bulk")
	f.IntVar(&flags.files.Versions, "files", 0, "make up this `number` of files, with their documents and links")
	f.IntVar(&flags.files.Attachments, "attachments", 0, "make up this `number` of Attachments")
	f.IntVar(&flags.files.Documents, "documents", 0, "make up this `number` of Documents")
	f.IntVar(&flags.files.External, "external-files", 0, "let a `number` of the files lie elsewhere, without a body")
	f.Int64Var(&flags.files.Size, "file-size", 0, "how many `bytes` a made up file has on average; 10,000 where 0")
	f.Int64Var(&flags.files.Largest, "largest-file", 0, "how many `bytes` the first file has; like others where 0")
	f.BoolVar(&flags.ranges, "ranges", false, "answer with a part of a file's body where the client asks for one")
	f.BoolVar(&flags.noAllFiles, "no-query-all-files", false, "hide files of others: the user lacks Query All Files")
	f.BoolVar(&flags.linkFields, "link-fields", false,
		"let links of files that are named by Ids be asked for by their other fields, too")
	f.BoolVar(&flags.standardDelete, "standard-delete", false,
		"let Contacts go with an Account and Cases stand against its delete, and so on, as in Salesforce")
	f.BoolVar(&flags.auditFields, "set-audit-fields", false, "let the user set CreatedDate and its like on insert")
	f.StringVar(&flags.faults, "faults", "", "let go wrong what the rules in this JSON `file` say")
	f.StringVar(&flags.clock, "clock", "", "begin at this `time`, such as 2026-03-14T15:09:26Z, instead of now")
	f.BoolVar(&flags.still, "still", false, "let the org's clock stand until POST /_org/clock moves it")
	f.BoolVar(&flags.tls, "tls", false, "serve https; the first line holds the certificate to trust")
	f.StringVar(&flags.pubsub, "pubsub", "",
		"serve the Pub/Sub API too, on this `address`; a free port of this machine where none is given")
	f.Lookup("pubsub").NoOptDefVal = "127.0.0.1:0"
	f.StringSliceVar(&flags.events, "events", nil,
		"publish the changes of these `objects`, such as Account,Contact, to who subscribes by the Pub/Sub API")
	f.BoolVar(&flags.log, "log", false, "write a line on stderr for each request")
}

func (s *session) serveOrg(ctx context.Context, flags orgFlags) error {
	org, err := flags.org(s.Now)
	if err != nil {
		return err
	}
	open, err := flags.listen()
	if err != nil {
		return err
	}
	about := aboutOrg(org, open)
	if err := secure(s, flags.tls, open, &about); err != nil {
		return errors.Join(err, closeAll(open))
	}
	// Whoever starts an org reads where it is, with or without --json.
	if err = s.PrintLines(about); err == nil {
		err = s.PrintText(about)
	}
	if err != nil {
		return errors.Join(err, closeAll(open))
	}
	var handler http.Handler = org
	if flags.log {
		handler = orgserver.Logged(org, s.Stderr, s.Now)
	}
	var beside []func(context.Context) error
	for _, events := range open[1:] {
		beside = append(beside, func(ctx context.Context) error { return org.PubSub().Serve(ctx, events) })
	}
	return orgserver.Serve(ctx, s.stop, handler, open[0], beside...)
}

// listen opens where the org is served, and behind it where its events are, if anywhere.
func (flags orgFlags) listen() ([]net.Listener, error) {
	var open []net.Listener
	for _, at := range []struct{ flag, addr string }{{"--addr", flags.addr}, {"--pubsub", flags.pubsub}} {
		if at.addr == "" {
			continue
		}
		listener, err := net.Listen("tcp", at.addr)
		if err != nil {
			err = plan.Fixf("choose another with: "+at.flag+"=127.0.0.1:0", "listen on %s: %w", at.addr, err)
			return nil, errors.Join(err, closeAll(open))
		}
		open = append(open, listener)
	}
	return open, nil
}

func closeAll(open []net.Listener) error {
	var err error
	for _, listener := range open {
		err = errors.Join(err, listener.Close())
	}
	return err
}

// aboutOrg is what a client has to know of an org. One that others than this machine reach is guarded from now on.
func aboutOrg(org *fakeorg.Org, open []net.Listener) notice.Org {
	c := org.Credentials()
	about := notice.Org{
		URL: "http://" + open[0].Addr().String(), OrgID: org.ID(), ClientID: c.ClientID, ClientSecret: c.ClientSecret,
		Username: c.Username, Password: c.Password, RefreshToken: c.RefreshToken, AccessToken: c.AccessToken,
	}
	if len(open) > 1 {
		about.PubSub = open[1].Addr().String()
	}
	if at, ok := open[0].Addr().(*net.TCPAddr); !ok || !at.IP.IsLoopback() {
		about.AdminToken = org.GuardAdmin()
	}
	return about
}

// secure has all that is served encrypted, where that is asked for.
func secure(s *session, wanted bool, open []net.Listener, about *notice.Org) error {
	if !wanted {
		return nil
	}
	own, err := orgserver.NewIdentity(s.Now(), s.Random, open...)
	if err != nil {
		return err
	}
	about.URL, about.Certificate = "https://"+open[0].Addr().String(), own.Certificate
	open[0] = own.Secure(open[0], "http/1.1")
	for i := range open[1:] {
		open[1+i] = own.Secure(open[1+i], "h2")
	}
	return nil
}

// org makes the org that was asked for. now is this machine's time.
func (flags orgFlags) org(now func() time.Time) (*fakeorg.Org, error) {
	if flags.records < 1 {
		return nil, plan.Fixf("an org has at least its user: --records 1", "an org can't have %d records",
			flags.records)
	}
	if flags.certificate != "" {
		var err error
		if flags.app.Certificate, err = readCertificate(flags.certificate); err != nil {
			return nil, err
		}
	}
	clock, err := flags.ownTime(now)
	if err != nil {
		return nil, err
	}
	org, err := fakeorg.New(fakeorg.Options{
		Seed: flags.seed, Random: flags.random, Clock: clock, App: flags.app, NewestVersion: flags.newest,
		PersonAccounts: flags.people, MultiCurrency: flags.currencies,
		PageRecords: flags.pageRecords, JobLatency: flags.latency, Restricted: flags.restricted, Sandbox: flags.sandbox,
		HardDelete: flags.hardDelete, StandardDelete: flags.standardDelete, SetAuditFields: flags.auditFields,
		Ranges: flags.ranges, NoQueryAllFiles: flags.noAllFiles, LinkFields: flags.linkFields,
		PubSub: flags.pubsub != "",
	})
	if err != nil {
		return nil, plan.Fixf("see: catchment org --help", "%w", err)
	}
	if err := addFaults(org, flags.faults); err != nil {
		return nil, err
	}
	if err := flags.fill(org); err != nil {
		return nil, err
	}
	if flags.files != (fakeorg.Files{}) {
		if err := org.GenerateFiles(flags.files); err != nil {
			return nil, plan.Fixf("see: catchment org --help", "%w", err)
		}
	}
	return org, flags.publish(org)
}

// publish has the changes published that were asked for.
func (flags orgFlags) publish(org *fakeorg.Org) error {
	switch {
	case len(flags.events) == 0:
		return nil
	case flags.pubsub == "":
		return plan.Fixf("give --pubsub too", "--events without --pubsub: nobody could subscribe to them")
	}
	if err := org.PubSub().Bus.Select(flags.events...); err != nil {
		return plan.Fixf("see: catchment org --help", "--events: %w", err)
	}
	return nil
}

// fill gives an org its records.
func (flags orgFlags) fill(org *fakeorg.Org) error {
	if flags.load == "" {
		return org.Generate(flags.records, flags.seed)
	}
	if flags.describes == "" {
		beside := filepath.Join(flags.load, "..", "describes")
		if _, err := os.Stat(beside); err == nil {
			flags.describes = beside
		}
	}
	if err := org.LoadDir(flags.load, flags.describes); err != nil {
		return plan.Fixf("the folder needs objects.json and one CSV file per object", "load %s: %w",
			flags.load, err)
	}
	return nil
}

// ownTime is the org's own time: ours, or one that was asked for.
func (flags orgFlags) ownTime(now func() time.Time) (*fakeorg.Clock, error) {
	begin := now()
	if flags.clock != "" {
		var err error
		if begin, err = time.Parse(time.RFC3339, flags.clock); err != nil {
			return nil, plan.Fixf("write it as 2026-03-14T15:09:26Z", "--clock %s is no time", flags.clock)
		}
	}
	if flags.still {
		return fakeorg.StillClock(begin), nil
	}
	return fakeorg.FollowClock(begin, now), nil
}

// addFaults lets an org go wrong as a file says.
func addFaults(org *fakeorg.Org, path string) error {
	if path == "" {
		return nil
	}
	const hint = "docs/howto/fake-org.md shows what a file of rules looks like"
	file, err := os.Open(path) // #nosec G304 -- the user named it
	if err != nil {
		return plan.Fixf(hint, "read the faults: %w", err)
	}
	defer file.Close()
	rules, err := fakeorg.ParseFaults(file)
	if err != nil {
		return plan.Fixf(hint, "read %s: %w", path, err)
	}
	for _, rule := range rules {
		org.Fault(rule)
	}
	return nil
}

func readCertificate(path string) (*x509.Certificate, error) {
	const hint = "make one with: " + login.KeyCommand
	text, err := os.ReadFile(path) // #nosec G304 -- the user named it
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
