package login

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"regexp"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
	"catchment/internal/salesforce/wire"
	"catchment/internal/schema"
)

// SalesforceCLI takes the session that the Salesforce CLI, sf, has for an org.
// sf renews its session by itself whenever it is asked.
type SalesforceCLI struct {
	Alias string // or username: how sf knows the org

	// Run runs a program found on PATH and gives its stdout, also where it
	// fails; exec.ErrNotFound where there is none of that name.
	Run func(ctx context.Context, name string, args ...string) ([]byte, error)
}

// shown is what sf answers with --json.
type shown struct {
	Status  int
	Name    string // of the error
	Message string
	Result  struct {
		ID          string // of the org
		InstanceURL string
		AccessToken string
	}
}

// Login gets a session. Since May 2026 `sf org display` shows a text instead
// of the token, which then comes from a command of its own
// (salesforcecli/plugin-org, pull requests 1667 and 1673).
func (l SalesforceCLI) Login(ctx context.Context, at Endpoint) (Session, error) {
	org, err := l.ask(ctx, at.URL, "org", "display")
	if err != nil {
		return Session{}, err
	}
	base, err := wire.Base(org.Result.InstanceURL)
	if err != nil {
		return Session{}, plan.Failf(plan.Bug, l.tryHint(), "sf org display tells no instance URL")
	}
	if base != at.URL {
		return Session{}, plan.Fixf("set org.url to "+base+
			", or org.login.alias to the org that is meant; sf org list shows them",
			"sf's org %s is at %s, and org.url is %s", l.Alias, base, at.URL)
	}
	token := org.Result.AccessToken
	if !sessionRE.MatchString(token) {
		secret, err := l.ask(ctx, at.URL, "org", "auth", "show-access-token")
		if err != nil {
			return Session{}, err
		}
		if token = secret.Result.AccessToken; !sessionRE.MatchString(token) {
			return Session{}, plan.Fixf("update it with: sf update", "sf shows no access token")
		}
	}
	s := Session{Token: token, InstanceURL: base}
	s.OrgID, err = schema.ID18(org.Result.ID)
	return s, err
}

// sessionRE is the form of an access token, a session Id or a JWT; what sf
// shows in place of one has blanks.
var sessionRE = regexp.MustCompile(`^(00D[A-Za-z0-9]{12,15}!|eyJ)\S+$`)

// ask runs one command of sf. The alias is all that it is told: no secret is
// in its arguments, which every user of the machine may see.
func (l SalesforceCLI) ask(ctx context.Context, url string, command ...string) (shown, error) {
	text, err := l.Run(ctx, "sf", append(command, "--target-org", l.Alias, "--json")...)
	if cause := context.Cause(ctx); cause != nil {
		return shown{}, cause
	}
	if errors.Is(err, exec.ErrNotFound) {
		return shown{}, plan.Fixf("install the Salesforce CLI (npm install --global @salesforce/cli), "+
			"or use another login flow",
			"there is no program sf on the PATH")
	}
	var answer shown
	if json.Unmarshal(text, &answer) != nil {
		// What it wrote isn't repeated: a token may be in it.
		return shown{}, plan.Fixf(l.tryHint(), "sf %s didn't answer in JSON", strings.Join(command, " "))
	}
	if answer.Status == 0 {
		return answer, nil
	}
	hint := l.tryHint()
	switch answer.Name {
	case "NamedOrgNotFoundError", "NoOrgFound", "AuthInfoCreationError", "RefreshTokenAuthError":
		hint = l.stale(url)
	}
	return shown{}, plan.Fixf(hint, "sf %s: %s: %s", strings.Join(command, " "),
		fault.Bearable(answer.Name), tokenRE.ReplaceAllString(fault.Bearable(answer.Message), "[hidden]"))
}

// tokenRE finds access tokens in foreign text.
var tokenRE = regexp.MustCompile(`(00D[A-Za-z0-9]{12,15}!|eyJ)[A-Za-z0-9._-]+`)

func (l SalesforceCLI) tryHint() string {
	return "see what it says to: sf org display --target-org " + l.Alias
}

// stale is what helps when sf's session has ended too.
func (l SalesforceCLI) stale(url string) string {
	return "log in again: sf org login web --alias " + l.Alias + " --instance-url " + url
}
