package place

import (
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// REST is a lake whose catalog speaks the REST protocol of Iceberg, as Polaris, Nessie, Unity, Lakekeeper and Amazon
// S3 Tables do.
type REST struct {
	URL       string // of the catalog: what /v1/config follows
	Warehouse string // which of the server's; "" where it has one
	Location  string // outside of which no file is touched; "" to go where the catalog says
	// Credential and Token are references to secrets: a client's id and secret, as ID:SECRET, or a token.
	Credential, Token string
	OAuth             string // where a credential is changed for a token; "" for the catalog itself
	Scope             string // of that token
	Sign              string // the service of AWS for which requests are signed; "" for none
}

const (
	restForm = "write it as in iceberg:rest:https://HOST/PATH?warehouse=NAME"
	// #nosec G101 -- says how to refer to a secret
	secretForm = "write env:NAME, aws-sm:NAME#KEY, or file: and a path from /, and put the secret there"
)

var (
	secrets  = regexp.MustCompile(`^(env|file|aws-sm):.`)
	services = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)
)

// ReadREST reads what stands behind iceberg:rest: in warehouse.url.
func ReadREST(text string) (REST, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Fragment != "" {
		return REST{}, plan.Fixf(restForm, "warehouse.url names no catalog")
	}
	if u.User != nil {
		return REST{}, plan.Fixf("take it out of warehouse.url, and "+secretForm+": ?credential=env:NAME",
			"warehouse.url holds a user or a password")
	}
	q, err := parameters(u, "warehouse", "location", "credential", "token", "oauth", "scope", "sign")
	if err != nil {
		return REST{}, err
	}
	r := REST{Warehouse: q.Get("warehouse"), Credential: q.Get("credential"), Token: q.Get("token"),
		OAuth: q.Get("oauth"), Scope: q.Get("scope"), Sign: q.Get("sign")}
	u.RawQuery = ""
	r.URL = strings.TrimRight(u.String(), "/")
	if text := q.Get("location"); text != "" {
		if r.Location, err = location(text); err != nil {
			return REST{}, err
		}
	}
	return r, r.check()
}

// check tells what is wrong with what was read.
func (r REST) check() error {
	for name, address := range map[string]string{"": r.URL, "oauth in ": r.OAuth} {
		if address != "" && !safe(address) {
			return plan.Fixf("write https://: what is sent is worth a login", "%swarehouse.url goes without TLS", name)
		}
	}
	for name, reference := range map[string]string{"credential": r.Credential, "token": r.Token} {
		if reference != "" && !isSecret(reference) {
			return plan.Fixf(secretForm, "%s in warehouse.url is no reference to a secret", name)
		}
	}
	ways := 0
	for _, way := range []string{r.Credential, r.Token, r.Sign} {
		if way != "" {
			ways++
		}
	}
	switch {
	case ways > 1:
		return plan.Fixf("leave all but one out",
			"warehouse.url has more than one of credential, token and sign: each says who asks")
	case r.Credential == "" && r.OAuth+r.Scope != "":
		return plan.Fixf("they go with credential; leave them out",
			"warehouse.url has oauth or scope, and no credential")
	case r.Sign != "" && !services.MatchString(r.Sign):
		return plan.Fixf("write sign=s3tables for Amazon S3 Tables, sign=glue for AWS Glue",
			"sign in warehouse.url is no service of AWS: %s", printable.Line(r.Sign))
	}
	return nil
}

// safe tells whether nobody reads along on the way to an address.
func safe(address string) bool {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	here := u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
	return u.Scheme == "https" || u.Scheme == "http" && here
}

// isSecret tells whether a text refers to a secret. A path has to begin at the root, since who opens a lake
// doesn't know where the configuration lies.
func isSecret(reference string) bool {
	path, file := strings.CutPrefix(reference, "file:")
	return secrets.MatchString(reference) && (!file || filepath.IsAbs(path))
}
