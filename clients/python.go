package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// python has the clients of Python, as make clients has installed them.
const python = "bin/python/bin/python"

// pythonChecks are those of pyforce, which does all by SOAP, and of
// simple-salesforce, which speaks https only.
func pythonChecks() []check {
	var all []check
	for _, name := range []string{
		"login, getUserInfo, logout", "query and queryMore", "describeGlobal and describeSObjects",
	} {
		all = append(all, check{"pyforce", name, func(o *org) error { return o.python("pyforce", name) }})
	}
	for _, name := range []string{
		"login by SOAP", "query_all over several pages", "search and quick_search", "toolingexecute",
		"bulk of version 1 is refused in its own words", "bulk2 update of unknown Ids", "get and delete of unknown Ids",
		"files of ContentVersion and Attachment, up and down",
	} {
		all = append(all, check{"simple-salesforce", name, func(o *org) error {
			return o.secure.python("simple-salesforce", name)
		}})
	}
	return all
}

// python runs one check of python.py, which may be about records.
func (o *org) python(client, name string, ids ...string) error {
	if _, err := os.Stat(python); err != nil {
		return errors.New("could not be installed: see what pip said above")
	}
	about, err := json.Marshal(map[string]string{
		"url": o.URL, "username": o.Username, "password": o.Password, "access_token": o.AccessToken,
	})
	if err != nil {
		return err
	}
	cmd := exec.Command(python, append([]string{"python.py", client, name}, ids...)...)
	cmd.Env = append(os.Environ(), "ORG="+string(about), "PYTHONDONTWRITEBYTECODE=1")
	if o.Certificate != "" {
		cmd.Env = append(cmd.Env, "REQUESTS_CA_BUNDLE="+filepath.Join(o.dir, "tls.pem"))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", client, err, out)
	}
	return nil
}
