package login

import (
	"io"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// answerAtMost bounds the token endpoint's answer, which has some 2 kB.
const answerAtMost = 1 << 20

// A granted is what the token endpoint answered.
type granted struct {
	AccessToken string `json:"access_token"`
	InstanceURL string `json:"instance_url"`
	ID          string `json:"id"` // https://host/id/ORG/USER
	Refresh     string `json:"refresh_token"`
	Kind        string `json:"token_type"`
}

// readGranted reads an answer as far as a token in it can be used.
func readGranted(from io.Reader) (granted, error) {
	var answer granted
	d := wire.NewDecoder(from, wire.Bounds{Value: answerAtMost})
	if err := d.Value(&answer); err != nil {
		return granted{}, err
	}
	if err := d.End(); err != nil {
		return granted{}, err
	}
	switch {
	case strings.EqualFold(answer.Kind, "DPoP"):
		return granted{}, plan.Fixf("clear Require DPoP (Demonstrating Proof-of-Possession) in the OAuth settings of "+
			"the External Client App", "the token is one that only works with a proof of possession (DPoP), "+
			"which catchment can't give")
	case answer.Kind != "" && !strings.EqualFold(answer.Kind, "Bearer"):
		return granted{}, plan.Strangef("the token endpoint answered with a token of a kind that nobody " +
			"asked for")
	case answer.AccessToken == "" || strings.ContainsFunc(answer.AccessToken, isNoToken):
		return granted{}, plan.Strangef("the token endpoint answered without a token")
	}
	return answer, nil
}

// isNoToken tells what can't stand in a header.
func isNoToken(r rune) bool { return r <= ' ' || r >= 0x7F }

// session is what an answer grants, at an org. Where that is refused, it has the next refresh
// token all the same: the one that was used works no more.
func (g granted) session(at Endpoint) (Session, error) {
	base, err := instance(g.InstanceURL, at.URL, at.Instances)
	if err != nil {
		return Session{next: g.Refresh}, err
	}
	s := Session{Token: g.AccessToken, InstanceURL: base, next: g.Refresh}
	s.OrgID, s.UserID, err = Identity(g.ID)
	return s, err
}
