package login

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/publicsuffix"

	"catchment/internal/plan"
	"catchment/internal/salesforce/wire"
)

// homes are the domains below which orgs are: those of the help's list of domains that a
// firewall lets through (help 000003652, as forcedotcom/sfdx-core has them in
// src/util/sfdcUrl.ts) as far as APIs answer there, the older cloudforce.com and database.com,
// those of the Government Cloud, and that of Salesforce on Alibaba Cloud.
func homes() []string {
	return []string{
		"salesforce.com", "force.com", "cloudforce.com", "database.com", "my-salesforce.com",
		"salesforce.mil", "cloudforce.mil", "sfcrmproducts.cn",
	}
}

// A place is where an org answers. A port that goes without saying is "".
type place struct{ scheme, host, port string }

func (p place) String() string { return p.scheme + "://" + p.address() }

func (p place) address() string {
	host := p.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if p.port != "" {
		host += ":" + p.port
	}
	return host
}

var hostRE = regexp.MustCompile(`^[a-z0-9]([a-z0-9._-]{0,251}[a-z0-9])?$`)

// placeOf reads scheme, host and port of a URL. ok is false for what is no plain one.
func placeOf(text string) (p place, ok bool) {
	u, err := url.Parse(text)
	if err != nil || u.User != nil {
		return place{}, false
	}
	p = place{u.Scheme, strings.ToLower(u.Hostname()), u.Port()}
	if p.scheme == "https" && p.port == "443" || p.scheme == "http" && p.port == "80" {
		p.port = ""
	}
	named := hostRE.MatchString(p.host) || net.ParseIP(p.host) != nil
	return p, named && (p.scheme == "https" || p.scheme == "http")
}

// instance gives scheme and host of the instance URL that a login answered with, if a token
// may be sent there: to org.url itself, to a host of its site, to one of Salesforce's, or to
// one that the configuration allows. Else whoever answers the login, or stands between,
// would get the token.
func instance(text, org string, allowed []string) (string, error) {
	to, ok := placeOf(text)
	if !ok {
		return "", plan.Strangef("the token endpoint answered without an instance URL that is one")
	}
	home, _ := placeOf(org)
	this := wire.Loopback(to.host)
	switch {
	case to == home || allows(allowed, to, this):
	case to.scheme != "https" && !this:
		return "", plan.Fixf("look for a proxy that answers in Salesforce's place, and at what org.url names",
			"the login names the instance %s: a token isn't sent without TLS", to)
	case this && wire.Loopback(home.host) && sameMachine(to.host, home.host):
	case !this && to.port == "" && (isSalesforces(to.host) || sameSite(to.host, home.host)):
	default:
		return "", plan.Fixf("if that is an address of your org, allow it under org: instance_hosts: ["+
			to.address()+"]; else look for what answers in Salesforce's place",
			"the login names the instance %s, which is neither Salesforce's nor of the site of org.url", to)
	}
	return to.String(), nil
}

// allows tells whether the configuration names a host; of this machine any port is meant.
func allows(allowed []string, to place, this bool) bool {
	named := func(host string) bool { return slices.Contains(allowed, host) }
	return (to.scheme == "https" || this) &&
		(named(to.address()) || named(to.host) && (to.port == "" || this))
}

// sameMachine tells whether two loopback hosts are one: any address of 127.0.0.0/8 is
// somebody else's server, but for the three names of the first.
func sameMachine(a, b string) bool {
	usual := []string{"localhost", "127.0.0.1", "::1"}
	return a == b || slices.Contains(usual, a) && slices.Contains(usual, b)
}

func isSalesforces(host string) bool {
	return slices.ContainsFunc(homes(), func(home string) bool { return strings.HasSuffix(host, "."+home) })
}

// sameSite tells whether whoever registered one host's domain has the other's too.
func sameSite(a, b string) bool {
	siteA, err := publicsuffix.EffectiveTLDPlusOne(a)
	if err != nil || net.ParseIP(a) != nil {
		return false
	}
	siteB, err := publicsuffix.EffectiveTLDPlusOne(b)
	return err == nil && siteA == siteB
}
