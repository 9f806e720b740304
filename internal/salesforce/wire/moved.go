package wire

import (
	"net/http"
	"net/url"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/salesforce/fault"
)

// hopsAtMost bounds how often one request is sent on.
const hopsAtMost = 5

// A redirect is followed only to the very scheme, host and port that the request was for,
// and only as the request that it was: its body may hold a secret, its header a token.
// next gives the path to go on with.
func next(r *Request, status int, location, org string) (path string, err error) {
	base, err := url.Parse(r.Base)
	if err != nil {
		return "", plan.Strangef("%s %s: not a request", r.Method, r.Resource())
	}
	to, err := base.Parse(location)
	switch {
	case location == "" || err != nil || to.Host == "" || to.User != nil:
		return "", fault.Astray(status, r.Resource(), "a redirect that leads nowhere")
	case origin(to) != origin(base):
		return "", fault.Moved(fault.Move{Status: status, Resource: r.Resource(), Instance: r.Base != org,
			From: origin(base), To: origin(to), Secrets: r.Secrets})
	case !keepsMethod(status) && r.Method != http.MethodGet:
		return "", fault.Astray(status, r.Resource(), "a redirect where "+r.Method+" has to be answered")
	}
	return to.RequestURI(), nil
}

// isRedirect tells the statuses that send a request on.
func isRedirect(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther:
		return true
	}
	return keepsMethod(status)
}

// keepsMethod tells the statuses that leave a request what it was. The others make a GET of it.
func keepsMethod(status int) bool {
	return status == http.StatusTemporaryRedirect || status == http.StatusPermanentRedirect
}

// origin is scheme, host and port of a URL, written in one way.
func origin(u *url.URL) string {
	scheme, port := strings.ToLower(u.Scheme), u.Port()
	if scheme == "https" && port == "443" || scheme == "http" && port == "80" {
		port = ""
	}
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if port != "" {
		host += ":" + port
	}
	return scheme + "://" + host
}
