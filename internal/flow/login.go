package flow

import (
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/secret"
)

// loginKeys are the keys that a login flow takes.
type loginKeys struct{ needs, takes []string }

// loginFlows says of each login flow which keys it needs, and which it takes.
func loginFlows() map[string]loginKeys {
	return map[string]loginKeys{
		"client_credentials": {needs: []string{"client_id", "client_secret"}},
		"jwt":                {needs: []string{"client_id", "username", "key"}, takes: []string{"audience"}},
		// a public client has none
		"refresh_token": {needs: []string{"client_id", "refresh_token"}, takes: []string{"client_secret"}},
		"sf_cli":        {needs: []string{"alias"}},
		"password":      {needs: []string{"client_id", "client_secret", "username", "password"}},
		"token":         {needs: []string{"token"}},
	}
}

func (l *Login) keys() []key {
	flows := slices.Sorted(maps.Keys(loginFlows()))
	ref := func(name, about string, dst *string, example string) key {
		return key{name: name, about: about, form: secretRef(dst, anyBackend), example: example}
	}
	return []key{
		{name: "flow", needed: true, about: "Which way", form: choice(&l.Flow, flows...), example: "jwt"},
		ref("client_id", "The consumer key of the connected app", &l.ClientID, "env:SF_CLIENT_ID"),
		ref("client_secret", "The consumer secret of the connected app", &l.ClientSecret, "env:SF_CLIENT_SECRET"),
		ref("username", "The integration user", &l.Username, "env:SF_USERNAME"),
		ref("password", "The user's password, with the security token behind it", &l.Password, "env:SF_PASSWORD"),
		{name: "refresh_token", about: "A refresh token; Salesforce may replace it at each login",
			form: secretRef(&l.RefreshToken, rewritable, wrongRefreshToken), example: "file:refresh_token"},
		ref("token", "An access token, as long as it lasts", &l.Token, "env:SF_TOKEN"),
		ref("key", "The private key, PEM", &l.Key, "file:catchment.key"),
		{name: "audience", about: "Whom the assertion of jwt is made for; without it the org's own address",
			form: located(parsed(&l.Audience, orgAddress(), parseAudience)), example: "https://login.salesforce.com"},
		{name: "alias", about: "How the Salesforce CLI knows the org", form: checked(&l.Alias, shape{
			"type": []string{"string", "number"}, "minimum": 0, "pattern": whole(aliasPattern)}, wrongAlias),
			example: "acme"},
	}
}

func (l *Login) form() form {
	var rules []shape
	for _, flow := range slices.Sorted(maps.Keys(loginFlows())) {
		uses := loginFlows()[flow]
		rules = append(rules, whenIn("flow", shape{"const": flow}, shape{
			"required":      uses.needs,
			"propertyNames": shape{"enum": slices.Concat([]string{"flow"}, uses.needs, uses.takes)},
		}))
	}
	return sectionThen(l.keys(), l.finish, rules...)
}

// finish judges which keys the login flow needs, and which it takes.
func (l *Login) finish(r *reader, at string, n ast.Node, found map[string]ast.Node) {
	uses, ok := loginFlows()[l.Flow]
	if !ok || found == nil {
		return
	}
	for _, name := range uses.needs {
		if _, is := found[name]; !is {
			r.missing(n, at, name)
		}
	}
	all := slices.Concat(uses.needs, uses.takes)
	for name, value := range found {
		if name != "flow" && !slices.Contains(all, name) {
			r.problem(value, at+"."+name, "is not used by flow %s, which takes %s", l.Flow, strings.Join(all, ", "))
		}
	}
}

// parseAudience reads who an assertion is made for. It repeats nothing, since
// a secret may stand in the wrong place.
func parseAudience(s string) (string, error) {
	url, err := parseOrgURL(s)
	if err != nil {
		return "", errors.New("wants the address that the assertion is made for, as in https://login.salesforce.com; " +
			"leave it out for the org's own")
	}
	return url, nil
}

// wrongAlias checks what is told to sf, and shown in hints.
func wrongAlias(s string) string {
	if !aliasRE.MatchString(s) {
		return "wants an alias or a username as sf org list shows it, and no reference"
	}
	return ""
}

// wrongRefreshToken refuses what can't be rewritten.
func wrongRefreshToken(s string) string {
	if b, _, _ := secret.BackendOf(s); !rewritable(b) {
		files := secret.FormsOf(func(b secret.Backend) bool { return b.File })
		return "must be " + files +
			": Salesforce may replace a refresh token at each login, and a variable can't be rewritten"
	}
	return ""
}
