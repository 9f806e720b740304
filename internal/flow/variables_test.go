package flow

import (
	"strings"
	"testing"
)

// Variables are filled in where a url or a path stands, and nowhere else.
func TestVariables(t *testing.T) {
	t.Parallel()
	k := known()
	k.Variable = func(name string) string {
		return map[string]string{"HOST": "acme.my.salesforce.com", "DIR": "/srv", "ODD": "x: {y}\n# z"}[name]
	}
	f, err := Parse("c.yaml", []byte(`version: 1
org:
  url: https://${HOST}
  login: {flow: jwt, client_id: "env:ID", username: "file:${DIR}/${DIR}/user", key: "file:key$",
    audience: "https://${HOST}/"}
warehouse: {url: "duckdb:${DIR}/c.duckdb"}
stage: {url: "dir:${ODD}"}
control:
  url: |-
    sqlite:${DIR}/control.db
flows: [{object: Account, where: "Name = '${HOST}'"}]
`), k)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{f.Org.URL, "https://acme.my.salesforce.com"}, {f.Org.Login.Username, "file:/srv//srv/user"},
		{f.Org.Login.Key, "file:key$"}, {f.Org.Login.Audience, "https://acme.my.salesforce.com"},
		{f.Warehouse.URL, "duckdb:/srv/c.duckdb"}, {f.Stage.URL, "dir:x: {y}\n# z"},
		{f.Control.URL, "sqlite:/srv/control.db"}, {f.Flows[0].Where, "Name = '${HOST}'"},
		{strings.Join(f.Variables, " "), "HOST DIR ODD"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}

// What is wrong with a variable is told with its line, and never with what it holds.
func TestVariablesThatAreWrong(t *testing.T) {
	t.Parallel()
	k := known()
	k.Variable = func(name string) string { return map[string]string{"PASS": "me:hunter2@db", "EMPTY": ""}[name] }
	for url, want := range map[string]string{
		"postgres://${PASS}/x": "holds a password",
		"dir:${NOWHERE}":       "names the variable NOWHERE, which is not set: export it, or write it into the",
		"dir:${EMPTY}":         "names the variable EMPTY, which is not set",
		"dir:${PASS":           "has a ${ that begins no name of a variable, as in ${NAME}",
		"dir:${}":              "has a ${ that begins no name",
		"dir:${A B}":           "has a ${ that begins no name",
		"dir:${1}":             "has a ${ that begins no name",
	} {
		text := small + "stage: {url: \"" + url + "\"}\n"
		_, err := Parse("c.yaml", []byte(text), k)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") ||
			!strings.HasPrefix(err.Error(), "c.yaml:7:14: stage.url: ") {
			t.Errorf("%s: %v", url, err)
		}
	}
	k.Variable = nil // on AWS
	_, err := Parse("c.yaml", []byte(small+"stage: {url: \"dir:${A}\"}\n"), k)
	if err == nil || !strings.Contains(err.Error(), "variables are for catchment.yaml on this machine alone") {
		t.Error(err)
	}
}
