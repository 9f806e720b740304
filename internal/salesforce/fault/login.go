package fault

import (
	"strings"

	"catchment/internal/plan"
)

// byLogin is the part of the table that is about who may log in: what a token
// endpoint answers, and the first call after it.
func byLogin(e *Error) (verdict, bool) {
	if e.Code == "rate_limit_exceeded" {
		return verdict{plan.Wait, false,
			"too many logins in the last hour: wait, and look for what else logs in as this user"}, true
	}
	r, ok := refusalOf(e)
	return verdict{plan.Fix, false, r.hint}, ok
}

// RefreshEnded is what helps where Salesforce takes a refresh token no more. It says
// invalid_grant to each of these.
const RefreshEnded = "the refresh token expired after 30 days without use, was revoked, or was replaced elsewhere " +
	"(used a second time, where the app rotates tokens): the login history in Setup tells which; log in through " +
	"the app again, and store the new one; where the app rotates tokens, keep it in a file:"

// refusalOf finds the row of an error.
func refusalOf(e *Error) (loginRefusal, bool) {
	for _, r := range loginRefusals() {
		if e.Code == r.code && strings.Contains(strings.ToLower(e.Message), r.words) {
			return r, true
		}
	}
	return loginRefusal{}, false
}

// A loginRefusal is an OAuth error code with words of its description, which
// alone tells the causes of invalid_grant apart.
type loginRefusal struct {
	code, words, hint string
	setup             setup // what an administrator looks at
}

// loginRefusals are ordered: of one code the row that says more comes first.
// The words are those that Salesforce was seen to answer with.
func loginRefusals() []loginRefusal {
	return []loginRefusal{
		{"invalid_client_id", "", "check org.login.client_id: it is the Consumer Key of the External Client App, " +
			"which may take ten minutes to appear", setupApp},
		{"invalid_client", "", "check org.login.client_secret: it is the Consumer Secret of the External Client App",
			setupApp},
		{"invalid_grant", "no client credentials user",
			"set the Run As user in the policies of the External Client App", setupFlow},
		{"invalid_grant", "audience", "leave out org.login.audience, or set it to the org's My Domain: " +
			"sandboxes don't take https://login.salesforce.com", setupNothing},
		{"invalid_grant", "assertion",
			"check that org.login.key belongs to the certificate that is uploaded to the External Client App",
			setupFlow},
		{"invalid_grant", "expired authorization code",
			"set this machine's clock: Salesforce takes the assertion for an old one", setupNothing},
		{"invalid_grant", "approved this consumer", "check org.login.username, and let an administrator " +
			"pre-authorize this user in the policies of the External Client App", setupUser},
		{"invalid_grant", "expired access/refresh token", RefreshEnded, setupFlow},
		{"invalid_grant", "token validity expired", RefreshEnded, setupFlow},
		{"invalid_grant", "authentication failure", "check username and password, with the security token behind it",
			setupFlow},
		{"invalid_grant", "", "check the user and the policies of the External Client App; " +
			"the user's login history in Setup tells the reason", setupUser},
		{"invalid_app_access", "", "let an administrator pre-authorize this user: " +
			"give its permission set to the policies of the External Client App", setupUser},
		{"app_not_found", "", "install the External Client App in this org, and name its My Domain in org.url",
			setupApp},
		{"unsupported_grant_type", "", "allow this OAuth flow in the External Client App's settings", setupFlow},
		{"unauthorized_client", "", "allow this OAuth flow in the External Client App's settings", setupFlow},
		{"inactive_user", "", "activate the user in Setup, or log in as another", setupUser},
		{"inactive_org", "", "the org is locked, closed or suspended: ask Salesforce", setupNothing},
		{"API_DISABLED_FOR_ORG", "",
			"give the user the permission API Enabled, and check that the org's edition has the API", setupUser},
		{"invalid_dpop_proof", "", "clear Require DPoP (Demonstrating Proof-of-Possession) in the OAuth settings of " +
			"the External Client App: catchment can't give such proofs", setupNothing},
		{"invalid_scope", "", "add the OAuth scopes api and refresh_token to the External Client App", setupApp},
		{"invalid_request", "", "set org.url to the org's My Domain: client credentials work nowhere else",
			setupNothing},
	}
}
