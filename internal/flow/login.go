package flow

import (
	"errors"
	"maps"
	"regexp"
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

func (r *reader) login(at string, n ast.Node, l *Login) {
	flows := loginFlows()
	found := r.mapping(at, n, []key{
		{"flow", choice(&l.Flow, slices.Sorted(maps.Keys(flows))...)},
		{"client_id", checked(&l.ClientID, wrongSecret)},
		{"client_secret", checked(&l.ClientSecret, wrongSecret)},
		{"username", checked(&l.Username, wrongSecret)},
		{"password", checked(&l.Password, wrongSecret)},
		{"refresh_token", checked(&l.RefreshToken, wrongRefreshToken)},
		{"token", checked(&l.Token, wrongSecret)},
		{"key", checked(&l.Key, wrongSecret)},
		{"audience", parsed(&l.Audience, parseAudience)},
		{"alias", checked(&l.Alias, wrongAlias)},
	})
	r.required(n, at, found, "flow")
	uses, ok := flows[l.Flow]
	if !ok {
		return
	}
	r.required(n, at, found, uses.needs...)
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

// aliasRE keeps out what sf would take for an option.
var aliasRE = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9_.@+-]{0,99}$`)

// wrongAlias checks what is told to sf, and shown in hints.
func wrongAlias(s string) string {
	if !aliasRE.MatchString(s) {
		return "wants an alias or a username as sf org list shows it, and no reference"
	}
	return ""
}

// wrongRefreshToken also refuses what can't be rewritten.
func wrongRefreshToken(s string) string {
	if wrong := wrongSecret(s); wrong != "" {
		return wrong
	}
	if b, _, _ := secret.BackendOf(s); b.Fixed {
		files := secret.FormsOf(func(b secret.Backend) bool { return b.File })
		return "must be " + files +
			": Salesforce may replace a refresh token at each login, and a variable can't be rewritten"
	}
	return ""
}
