package flow

import (
	"errors"
	"fmt"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"catchment/internal/platform"
	"catchment/internal/schedule"
	"catchment/internal/secret"
)

// parseSize reads 20GB, 500MB or 64MiB.
func parseSize(s string) (int64, error) {
	wrong := fmt.Errorf("%q is not a size, as in 20GB, 500MB or 64MiB", s)
	digits := strings.TrimRight(s, "kKMGTiB")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n <= 0 || !sizeRE.MatchString(s) {
		return 0, wrong
	}
	unit, ok := map[string]int64{
		"B": 1, "kB": 1e3, "KB": 1e3, "MB": 1e6, "GB": 1e9, "TB": 1e12, "KiB": 1 << 10, "MiB": 1 << 20,
		"GiB": 1 << 30, "TiB": 1 << 40,
	}[s[len(digits):]]
	if !ok || n > math.MaxInt64/unit {
		return 0, wrong
	}
	return n * unit, nil
}

// parsePercent reads 0% to 99%: all of a limit can't be set aside.
func parsePercent(s string) (int, error) {
	n, err := strconv.ParseUint(strings.TrimSuffix(s, "%"), 10, 8)
	if err != nil || !percentRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a share from 0%% to 99%%", s)
	}
	return int(n), nil
}

// parseDays reads 1d to 366d.
func parseDays(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if err != nil || n < 1 || n > 366 || !strings.HasSuffix(s, "d") {
		return 0, fmt.Errorf("%q is not a number of days from 1d to 366d", s)
	}
	return n, nil
}

// parseZone reads the name of a time zone.
func parseZone(s string) (*time.Location, error) {
	zone, err := time.LoadLocation(s)
	if err != nil || !zoneRE.MatchString(s) || s == "Local" {
		return nil, fmt.Errorf("%q is not a time zone, as in Europe/Berlin, America/New_York or UTC", s)
	}
	return zone, nil
}

// parseCount reads a whole number from 1 to 100.
func parseCount(s string) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || !countRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a whole number from 1 to 100", s)
	}
	return n, nil
}

// parseCalls reads how many API calls may be made.
func parseCalls(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || !callsRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a whole number from 1 to %d", s, mostCalls)
	}
	return n, nil
}

// The expressions of patterns.go.
var (
	versionRE = regexp.MustCompile(whole(versionPattern))
	schemaRE  = regexp.MustCompile(whole(schemaPattern))
	driverRE  = regexp.MustCompile(driverPattern)
	objectRE  = regexp.MustCompile(whole(objectPattern))
	percentRE = regexp.MustCompile(whole(percentPattern))
	sizeRE    = regexp.MustCompile(whole(sizePattern))
	countRE   = regexp.MustCompile(whole(countPattern))
	callsRE   = regexp.MustCompile(whole(callsPattern))
	hostRE    = regexp.MustCompile(whole(hostPattern))
	zoneRE    = regexp.MustCompile(whole(zonePattern))
	aliasRE   = regexp.MustCompile(whole(aliasPattern)) // keeps out what sf would take for an option
)

// parseAPIVersion reads 67, 67.0 or v67.0.
func parseAPIVersion(s string) (string, error) {
	m := versionRE.FindStringSubmatch(s)
	if m == nil {
		return "", fmt.Errorf("%q is not an API version, as in %s", s, platform.Newest)
	}
	return m[1] + ".0", nil
}

func wrongSchema(s string) string {
	if !schemaRE.MatchString(s) {
		return fmt.Sprintf("%q is not a schema name of letters, digits and _", s)
	}
	return ""
}

// parseOrgURL reads the address of an org. Only a fake one, on this machine,
// may do without TLS.
func parseOrgURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery+u.Fragment != "" ||
		strings.Trim(u.Path, "/") != "" {
		return "", errors.New("wants the org's address and nothing after it, as in https://acme.my.salesforce.com")
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return "", errors.New("must start with https://")
	}
	return u.Scheme + "://" + u.Host, nil
}

// parsePubSub reads the address of the Pub/Sub API.
func parsePubSub(s string) (string, error) {
	url, err := parseOrgURL(s)
	if err != nil {
		return "", errors.New("wants the address of the Pub/Sub API and nothing after it, as in " +
			"https://api.pubsub.salesforce.com:7443")
	}
	return url, nil
}

// parseHost reads the host of an org, with its port where it has one of its own.
func parseHost(s string) (string, error) {
	u, err := url.Parse("https://" + s)
	if err != nil || u.Host != s || !hostRE.MatchString(s) {
		return "", errors.New("wants a host and nothing else, as in acme.my.salesforce.com")
	}
	return strings.ToLower(s), nil
}

// parseWait reads how long somebody else is waited for, from 1s to 2h.
func parseWait(s string) (time.Duration, error) {
	d, err := schedule.ParseDuration(s)
	if err != nil || d < time.Second || d > 2*time.Hour {
		return 0, fmt.Errorf("%q is not a length of time from 1s to 2h, as in 90s or 10m", s)
	}
	return d, nil
}

// parseSettle reads how often windows prove what events brought.
func parseSettle(s string) (time.Duration, error) {
	d, err := schedule.ParseDuration(s)
	if err != nil || d < time.Minute || d > 24*time.Hour {
		return 0, fmt.Errorf("%q is not a length of time from 1m to 1d, as in 5m or 1h", s)
	}
	return d, nil
}

// parsePatience reads how long other programs are waited for, which is less than a lease
// lasts.
func parsePatience(s string) (time.Duration, error) {
	if s == "0" {
		return 0, nil
	}
	d, err := parseWait(s)
	if err != nil || d > patience {
		return 0, fmt.Errorf("%q is not a length of time from 1s to 30m, as in 90s or 10m, nor 0", s)
	}
	return d, nil
}

// patience is the longest.
const patience = 30 * time.Minute

// schemeOf is the driver that a url names.
func schemeOf(url string) string {
	scheme, _, _ := strings.Cut(url, ":")
	return scheme
}

// wrongSecret checks a reference to a secret. It repeats nothing of the text,
// since that may be the secret.
func wrongSecret(s string) string {
	if b, rest, ok := secret.BackendOf(s); ok && b.Valid(rest) {
		return ""
	}
	return "must be a reference, " + secret.Forms() + ", never the secret itself: put that into one of these"
}

// wrongWhere checks a filter as far as a mistake would change what a window
// reads: the filter is put in brackets behind the window's own condition, and
// must not close them.
func wrongWhere(s string) string {
	words := strings.Fields(strings.ToLower(s))
	if len(words) == 0 {
		return "is empty: leave the key out to copy every record"
	}
	if words[0] == "where" {
		return "starts with the word WHERE: leave that out"
	}
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '\'':
			quoted = !quoted
		case quoted:
		case c == '(':
			depth++
		case c == ')':
			if depth--; depth < 0 {
				return "closes a bracket that it didn't open"
			}
		}
	}
	if quoted {
		return "has a quote ' that is not closed"
	}
	if depth > 0 {
		return "has a bracket that is not closed"
	}
	return ""
}
