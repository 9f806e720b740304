package main

import (
	"crypto/x509"
	"encoding/pem"
	"net/http/httptest"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"catchment/internal/fakeorg"
)

// startApp: app [-certificate FILE] [-rotate] [-not-approved] [-no-run-as]
// [-sees OBJECT] starts a fake org with that External Client App, and exports
// ORG_URL, ORG_TOKEN and all of SF_CLIENT_ID, SF_CLIENT_SECRET, SF_USERNAME,
// SF_PASSWORD and SF_REFRESH_TOKEN. With -sees the user sees every record of
// these objects, and of no others.
func startApp(ts *testscript.TestScript, neg bool, args []string) {
	// The org's clock is not this machine's, as may happen to any two.
	options := fakeorg.Options{Clock: fakeorg.FollowClock(time.Date(2026, 3, 1, 12, 0, 30, 0, time.UTC), time.Now)}
	for i := 0; i < len(args); i++ {
		switch args[i] {
		case "-certificate":
			i++
			block, _ := pem.Decode([]byte(ts.ReadFile(args[i])))
			certificate, err := x509.ParseCertificate(block.Bytes)
			ts.Check(err)
			options.App.Certificate = certificate
		case "-rotate":
			options.App.Rotates = true
		case "-not-approved":
			options.App.NotApproved = true
		case "-no-run-as":
			options.App.NoRunAs = true
		case "-sees":
			i++
			options.Restricted = true
			options.SeesAll = append(options.SeesAll, args[i])
		default:
			ts.Fatalf("app: unknown argument %s", args[i])
		}
	}
	org, err := fakeorg.New(options)
	ts.Check(err)
	ts.Check(org.Generate(100, 1))
	server := httptest.NewServer(org)
	ts.Defer(server.Close)
	c := org.Credentials()
	for name, value := range map[string]string{
		"ORG_URL": server.URL, "ORG_TOKEN": c.AccessToken,
		"SF_CLIENT_ID": c.ClientID, "SF_CLIENT_SECRET": c.ClientSecret, "SF_USERNAME": c.Username,
		"SF_PASSWORD": c.Password, "SF_REFRESH_TOKEN": c.RefreshToken, "SF_TOKEN": c.AccessToken,
	} {
		ts.Setenv(name, value)
	}
}
