package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
)

// jsforce comes with the Salesforce CLI. It is the client that logs in by SOAP.
func jsforceChecks() []check {
	var all []check
	for _, name := range []string{
		"login by SOAP", "query over several pages", "bulk2 query", "bulk2 load",
		"bulk2 load of unknown, malformed and deleted Ids", "bulk of version 1 is refused in its own words",
		"create, retrieve, upsert, destroy", "update and destroy of unknown Ids",
		"identity, limits, describe, updated, deleted", "search", "tooling",
		"SOAP query, queryMore, getUserInfo, getServerTimestamp", "files in parts of a form, and blobs",
	} {
		all = append(all, check{"jsforce", name, func(o *org) error { return o.jsforce(name) }})
	}
	return all
}

// jsforce runs one check of jsforce.cjs, which may be about records.
func (o *org) jsforce(name string, ids ...string) error {
	about, err := json.Marshal(map[string]string{
		"url": o.URL, "username": o.Username, "password": o.Password, "access_token": o.AccessToken,
	})
	if err != nil {
		return err
	}
	cmd := exec.Command(node, append([]string{"jsforce.cjs", name}, ids...)...)
	cmd.Env = append(os.Environ(), "ORG="+string(about))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("jsforce: %w: %s", err, out)
	}
	return nil
}
