package fault

import (
	"errors"

	"catchment/internal/platform"
)

// A setup is a part of what an administrator sets up for a login.
type setup int

const (
	setupNothing setup = iota // it isn't the org's setup that is wrong
	setupApp                  // the app, the flow in it, and the user
	setupFlow                 // the flow in the app
	setupUser                 // which users the app lets in
)

// LoginSetup says what an administrator has to set up in Salesforce, one step
// a line, where err shows that a login flow of this name isn't; nil where
// something else is wrong.
func LoginSetup(flow string, err error) []string {
	e, ok := errors.AsType[*Error](err)
	if !ok {
		return nil
	}
	r, _ := refusalOf(e)
	switch r.setup {
	case setupApp:
		return append(append([]string{
			"Setup > External Client App Manager > New External Client App; enable OAuth with the scopes api " +
				"and refresh_token",
		}, flowSetup(flow)...), userSetup(flow)...)
	case setupFlow:
		return flowSetup(flow)
	case setupUser:
		return userSetup(flow)
	}
	return nil
}

// flowSetup is what the app needs for one flow.
func flowSetup(flow string) []string {
	switch flow {
	case "client_credentials":
		return []string{
			"in the app's settings, under Flow Enablement: Enable Client Credentials Flow",
			"in the app's policies: Enable Client Credentials Flow, and as Run As the username of the integration user",
		}
	case "jwt":
		return []string{
			"in the app's settings, under Flow Enablement: Enable JWT Bearer Flow, " +
				"and upload the certificate that belongs to the key",
		}
	case "refresh_token":
		return []string{
			"in the app's policies: a Refresh Token Policy that lets a token live as long as you need it",
			"log in through the app once as the integration user, and store the refresh token that comes",
		}
	case "password":
		return []string{
			"Setup > OAuth and OpenID Connect Settings: Allow OAuth Username-Password Flows, until " +
				platform.PasswordEnds() + "; better now, and needed then: client_credentials or jwt",
		}
	}
	return nil
}

// userSetup is what lets the integration user in, and see every record.
func userSetup(flow string) []string {
	steps := []string{SightSetup}
	if flow == "jwt" || flow == "client_credentials" {
		steps = append(steps, "in the app's policies: Permitted Users, Admin approved users are pre-authorized; "+
			"select that permission set")
	}
	return steps
}

// SightSetup is how the integration user gets to see every record.
const SightSetup = "Setup > Permission Sets: one with API Enabled, View All Data, " +
	"View All Users and Query All Files; assign it to the integration user"
