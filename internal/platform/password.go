package platform

import (
	"fmt"
	"time"
)

// passwordEnds is when Salesforce ends the OAuth username-password flow, for all orgs
// (help 005461976; Winter '27 release notes, Identity and Access Management).
func passwordEnds() time.Time { return time.Date(2027, time.February, 20, 0, 0, 0, 0, time.UTC) }

// PasswordEnds is that day in words.
func PasswordEnds() string { return passwordEnds().Format("2 January 2006") }

// instead is what to log in with when the flow has ended.
const instead = "change org.login.flow to client_credentials or jwt: docs/howto/logins.md shows both"

// OfPassword tells of the username-password flow's end, to who uses it at a time by the
// org's clock. It still worked then, or nobody has tried.
func OfPassword(now time.Time) Ending {
	e := Ending{What: "login flow password", Hint: instead}
	day := passwordEnds().Sub(now.UTC().Truncate(24 * time.Hour))
	switch days := int(day / (24 * time.Hour)); {
	case days > 1:
		e.Text = fmt.Sprintf("Salesforce ends the username-password flow on %s, in %d days", PasswordEnds(), days)
	case days == 1:
		e.Text = fmt.Sprintf("Salesforce ends the username-password flow on %s, tomorrow", PasswordEnds())
	default:
		e.Text = fmt.Sprintf("Salesforce has announced the end of the username-password flow for %s: "+
			"it may stop at any moment", PasswordEnds())
	}
	return e
}

// PasswordRefused is what to do where an org refuses the flow at a time by its clock.
// Salesforce gives one answer to a wrong password and to a flow that isn't allowed.
func PasswordRefused(now time.Time) string {
	if !now.Before(passwordEnds()) {
		return "Salesforce ended the username-password flow on " + PasswordEnds() + ": " + instead
	}
	return "check username and password, with the security token behind it; new orgs block the username-password " +
		"flow, and Salesforce ends it on " + PasswordEnds() + ": " + instead
}
