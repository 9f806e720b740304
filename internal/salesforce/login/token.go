package login

import (
	"context"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/schema"
)

// Token uses an access token that somebody else got. When it ends, so does
// the work: it can't be renewed.
type Token struct{ Token string }

// Login gets a session.
func (l Token) Login(_ context.Context, at Endpoint) (Session, error) {
	if l.Token == "" {
		return Session{}, plan.Fixf("set org.login.token", "the access token is empty")
	}
	s := Session{Token: l.Token, InstanceURL: at.URL}
	// A session Id starts with the Id of its org and a "!".
	if org, _, found := strings.Cut(l.Token, "!"); found && len(org) == 15 {
		s.OrgID, _ = schema.ID18(org)
	}
	return s, nil
}

// stale is what helps when the token has ended.
func (Token) stale(string) string {
	return "the access token has ended, or is that of another org than org.url: get a new one, " +
		"or use a login flow that renews itself"
}
