// Command clients holds the fake org to clients that others have written: it
// starts `catchment org`, lets each client do its work against it over the
// network, and prints one line per check. A client that couldn't be installed
// fails its checks rather than being left out.
//
// It is a module of its own, so that no client is a dependency of the project.
// Start at [checks]; each client has a file.
package main

import (
	"bufio"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: clients CATCHMENT [CLIENT...]")
		os.Exit(2)
	}
	failed, err := run(os.Args[1], os.Args[2:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "clients:", err)
		os.Exit(1)
	}
	if failed > 0 {
		os.Exit(1)
	}
}

// An org is the fake org that the checks talk to, and a folder for them.
type org struct {
	URL          string `json:"url"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Username     string `json:"username"`
	Password     string `json:"password"`
	AccessToken  string `json:"access_token"`
	Certificate  string `json:"certificate"` // where it is served over TLS
	OrgID        string `json:"org_id"`
	PubSub       string `json:"pubsub"` // where it publishes events

	dir    string // holds key.pem, and what the checks write
	secure *org   // one that is served over TLS, and publishes events

	selected bool        // what the checks of events need is there
	random   []published // the events of changes by chance, and the one before them
}

// A check is one thing that a client does. Those of a client run in order and
// build on each other.
type check struct {
	client, name string
	do           func(*org) error
}

func checks() []check {
	return slices.Concat(sfChecks(), sfFileChecks(), kinChecks(), goSalesforceChecks(), jsforceChecks(), forceChecks(),
		pythonChecks(), eventChecks())
}

// run prints one line per check and returns how many failed.
func run(catchment string, only []string) (failed int, err error) {
	dir, err := os.MkdirTemp("", "clients-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	if err := writeKey(dir); err != nil {
		return 0, err
	}
	o, stop, err := start(catchment, dir)
	if err != nil {
		return 0, err
	}
	defer stop()
	secure, stopSecure, err := start(catchment, dir, "--tls", "--pubsub")
	if err != nil {
		return 0, err
	}
	defer stopSecure()
	if err := os.WriteFile(filepath.Join(dir, "tls.pem"), []byte(secure.Certificate), 0o600); err != nil {
		return 0, err
	}
	o.secure = secure
	done := 0
	for _, c := range checks() {
		if len(only) > 0 && !slices.Contains(only, c.client) {
			continue
		}
		began := time.Now()
		err := c.do(o)
		word := "ok  "
		if err != nil {
			word = "FAIL"
			failed++
		}
		done++
		fmt.Printf("%s  %-17s %-54s %5.1f s\n", word, c.client, c.name, time.Since(began).Seconds())
		if err != nil {
			fmt.Printf("      %v\n", err)
		}
	}
	fmt.Printf("%d checks, %d failed\n", done, failed)
	return failed, nil
}

// start starts an org of some 12,000 records whose results come in many pages, and
// of a few files.
func start(catchment, dir string, more ...string) (*org, func(), error) {
	args := append([]string{"org", "--records", "12000", "--page-records", "1000", "--hard-delete", "--standard-delete",
		"--files", "50", "--attachments", "5", "--job-latency", "200ms",
		"--certificate", filepath.Join(dir, "cert.pem")}, more...)
	cmd := exec.Command(catchment, args...)
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, nil, fmt.Errorf("start the org: %w", err)
	}
	stop := func() {
		_ = cmd.Process.Kill() // it holds nothing that could be lost
		_ = cmd.Wait()
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	o := &org{dir: dir}
	if err = errors.Join(err, json.Unmarshal(line, o)); err != nil {
		stop()
		return nil, nil, fmt.Errorf("read the org's first line: %w", err)
	}
	return o, stop, nil
}

// writeKey makes the key that the JWT flow signs with, and its certificate.
func writeKey(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	about := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(24 * time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, about, about, &key.PublicKey, key)
	if err != nil {
		return err
	}
	for name, block := range map[string]*pem.Block{
		"key.pem":  {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)},
		"cert.pem": {Type: "CERTIFICATE", Bytes: der},
	} {
		if err := os.WriteFile(filepath.Join(dir, name), pem.EncodeToMemory(block), 0o600); err != nil {
			return err
		}
	}
	return nil
}

// want is an error unless two values are the same.
func want[T comparable](what string, got, wanted T) error {
	if got == wanted {
		return nil
	}
	return fmt.Errorf("%s: got %v, want %v", what, got, wanted)
}

// unknownID is an Id of an Account that no org has.
const unknownID = "001Ho00000zzzzzIAA"

// refused is an error unless a command failed with these words.
func refused(out string, err error, words string) error {
	if err == nil || !strings.Contains(out, words) {
		return fmt.Errorf("not refused with %q: %w %s", words, err, out)
	}
	return nil
}
