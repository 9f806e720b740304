package admin

import (
	"crypto/subtle"
	"mime"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"catchment/internal/fakeorg/chance"
	"catchment/internal/fakeorg/reply"
)

// A Guard keeps the admin API from those whom the org isn't served for. It does
// whatever it is told, so two strangers must not reach it: a web page that this
// machine's browser shows (it can post to any port, and by a name of its own that
// suddenly means 127.0.0.1 it can read the answers too), and the network, where
// the org listens to it.
type Guard struct {
	dice  *chance.Dice
	token string // empty: none is asked for
}

// NewGuard makes a Guard that lets this machine in without a token.
func NewGuard(dice *chance.Dice) *Guard { return &Guard{dice: dice.Another()} }

// Close makes the guard ask everybody for a token, this machine too: what a request
// says of its host, and a proxy of its sender, is no proof where strangers call.
func (g *Guard) Close() (token string) {
	g.token = g.dice.Secret(40)
	return g.token
}

// Check refuses a request that the admin API isn't for.
func (g *Guard) Check(r *http.Request) error {
	if fromAnotherPage(r) {
		return strange("a web page can't use the admin API")
	}
	switch {
	case g.token != "":
		return g.checkToken(r)
	case !isLoopback(hostOf(r.Host)):
		return strange("the admin API answers where the host of the URL is localhost or a loopback address, "+
			"not %q", r.Host)
	case !isNear(r.RemoteAddr):
		return strange("the admin API answers this machine only")
	}
	return nil
}

func strange(format string, args ...any) error {
	return reply.Refuse(http.StatusForbidden, "INSUFFICIENT_ACCESS", format, args...)
}

// checkToken wants Authorization: Bearer TOKEN.
func (g *Guard) checkToken(r *http.Request) error {
	kind, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(kind, "Bearer") || subtle.ConstantTimeCompare([]byte(token), []byte(g.token)) != 1 {
		return reply.Refuse(http.StatusUnauthorized, "INVALID_SESSION_ID",
			"the admin API of an org that listens beyond this machine wants Authorization: Bearer, with the "+
				"admin_token of its first line")
	}
	return nil
}

// fromAnotherPage tells whether a browser sent the request for a page that didn't
// come from the org itself. Browsers name the page's origin with all that isn't
// merely looked at; those that say more say where it came from with everything. A
// body as only forms have it comes from nothing else.
func fromAnotherPage(r *http.Request) bool {
	switch site := r.Header.Get("Sec-Fetch-Site"); site {
	case "", "none", "same-origin":
	default:
		return true
	}
	for _, origin := range r.Header.Values("Origin") {
		from, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(from.Host, r.Host) {
			return true
		}
	}
	body, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return body == "text/plain" || body == "multipart/form-data"
}

// hostOf is a Host without its port and the brackets of IPv6.
func hostOf(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
}

// isLoopback tells whether a host is this machine by any name that nobody else can
// give a meaning to.
func isLoopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return err == nil && address.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// isNear tells whether a request came from this machine. Where it has no address it
// came over no network.
func isNear(sender string) bool {
	from, err := netip.ParseAddrPort(sender)
	return err != nil || from.Addr().Unmap().IsLoopback()
}
