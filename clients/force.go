package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// force is ForceCLI, as make clients has built it.
const force = "bin/force"

func forceChecks() []check {
	return []check{
		{"force", "login by SOAP", func(o *org) error {
			_, err := o.force("login", "-i", o.URL, "-u", o.Username, "-p", o.Password)
			return err
		}},
		{"force", "login by client credentials", func(o *org) error {
			_, err := o.force("login", "-i", o.URL, "--connected-app-client-id", o.ClientID,
				"--connected-app-client-secret", o.ClientSecret)
			return err
		}},
		{"force", "login by JWT", func(o *org) error {
			_, err := o.force("login", "-i", o.URL, "-u", o.Username, "-k", filepath.Join(o.dir, "key.pem"),
				"--connected-app-client-id", o.ClientID)
			return err
		}},
		{"force", "query over several pages", func(o *org) error {
			out, err := o.force("query", "--format", "csv", "SELECT Id FROM Contact")
			if lines := strings.Count(out, "\n"); err == nil && lines <= 2001 {
				err = fmt.Errorf("%d lines are no second page", lines)
			}
			return err
		}},
		{"force", "record create, get, update, delete", forceRecord},
		{"force", "describe", func(o *org) error {
			out, err := o.force("describe", "sobject", "-n", "Account")
			if err == nil && !strings.Contains(out, "AnnualRevenue") {
				err = fmt.Errorf("got %q", out)
			}
			return err
		}},
		{"force", "search", forceSearch},
		{"force", "query of the Tooling API", func(o *org) error {
			return o.forceSays("AnnualRevenue", "query", "--tooling",
				"SELECT QualifiedApiName FROM FieldDefinition WHERE EntityDefinition.QualifiedApiName = 'Account'")
		}},
		{"force", "bulk of version 1 is refused in its own words", forceBulk},
		{"force", "record delete of an unknown Id", func(o *org) error {
			out, err := o.force("record", "delete", "Account", unknownID)
			return refused(out, err, "invalid cross reference id")
		}},
	}
}

// forceSays checks that a command succeeds and says something.
func (o *org) forceSays(text string, args ...string) error {
	out, err := o.force(args...)
	if err == nil && !strings.Contains(out, text) {
		err = fmt.Errorf("%q is not in %q", text, out)
	}
	return err
}

func forceSearch(o *org) error {
	if _, err := o.force("record", "create", "Account", "Name:Quixotic force"); err != nil {
		return err
	}
	return o.forceSays("Quixotic force", "search",
		"FIND {quixotic AND force} IN NAME FIELDS RETURNING Account(Id, Name), Contact")
}

// forceBulk lets it load and read by Bulk API 1, of which it has no other.
func forceBulk(o *org) error {
	file := filepath.Join(o.dir, "force.csv")
	if err := os.WriteFile(file, []byte("Name\nforced\n"), 0o600); err != nil {
		return err
	}
	for _, args := range [][]string{{"insert", "Account", file}, {"query", "Account", "SELECT Id FROM Account"}} {
		out, err := o.force(append([]string{"bulk"}, args...)...)
		if err := refused(out, err, "FeatureNotEnabled: Bulk API is not enabled"); err != nil {
			return err
		}
	}
	return nil
}

// force runs ForceCLI in a home of its own and returns what it said.
func (o *org) force(args ...string) (string, error) {
	if _, err := os.Stat(force); err != nil {
		return "", errors.New("could not be built: see what go build said above")
	}
	cmd := exec.Command(force, args...)
	cmd.Env = append(os.Environ(), "HOME="+o.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("force %s: %w: %s", args[0], err, out)
	}
	return string(out), nil
}

var recordID = regexp.MustCompile(`001\w{15}`)

func forceRecord(o *org) error {
	out, err := o.force("record", "create", "Account", "Name:Forced")
	if err != nil {
		return err
	}
	id := recordID.FindString(out)
	for _, args := range [][]string{{"get", "Account", id}, {"update", "Account", id, "Name:Changed"},
		{"delete", "Account", id}} {
		if _, err := o.force(append([]string{"record"}, args...)...); err != nil {
			return err
		}
	}
	return nil
}
