package handshake

import (
	"crypto/x509"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/plan"
)

// hintTLS is what to do where a server has no TLS.
const hintTLS = "have the server offer TLS (ssl = on, with a certificate); or, where nobody can read along on the " +
	"way to it, ask for less by name: ?sslmode=disable in warehouse.url"

// hintRoot is what to do where a certificate can't be verified.
const hintRoot = "name the root that the certificate is from: ?sslmode=verify-full&sslrootcert=FILE in warehouse.url " +
	"(sslrootcert=system takes those of this machine); ?sslmode=require encrypts and verifies nothing"

// Refused tells what kept a session from coming about where that is encryption, in
// words that name place; nil where it is something else.
func Refused(place string, err error) error {
	tried := last(err)
	guarded := errors.Is(tried, errPlain) || errors.Is(tried, errUnverified)
	if guarded { // what was wrong with the better ways is why
		tried = err
	}
	text := tried.Error()
	switch {
	case strings.Contains(text, "require_auth check failed") && strings.Contains(text, "requested password auth"):
		return plan.Fixf("have the server take scram-sha-256 (pg_hba.conf), or offer TLS; to send the password in "+
			"clear, ask for it by name: ?sslmode=disable in warehouse.url",
			"%s: the server asks for the password in clear, and the connection is not encrypted", place)
	case strings.Contains(text, "require_auth check failed"):
		return plan.Fixf("look at require_auth in warehouse.url and at pg_hba.conf",
			"%s: the server asks for another login than require_auth allows", place)
	}
	if why := certificate(tried); why != "" {
		return plan.Fixf(hintRoot, "%s: no TLS connection came about: %s", place, why)
	}
	if strings.Contains(text, "server refused TLS connection") {
		return plan.Fixf(hintTLS, "%s: the server offers no TLS, so no password is sent", place)
	}
	if guarded {
		return plan.Fixf(hintTLS, "%s: the connection is not encrypted as it has to be, so no password is sent", place)
	}
	return nil
}

// last is the error of the way that was tried last: those before it were better ways.
func last(err error) error {
	tried, ok := errors.AsType[*pgconn.ConnectError](err)
	if !ok {
		return err
	}
	if all, ok := tried.Unwrap().(interface{ Unwrap() []error }); ok && len(all.Unwrap()) > 0 {
		return all.Unwrap()[len(all.Unwrap())-1]
	}
	return tried.Unwrap()
}

// certificate says what is wrong with a server's certificate, "" where nothing is. The
// names in it are the server's words, and are left out.
func certificate(err error) string {
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "the server's certificate is from no root that is known here"
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "the server's certificate is for another host"
	}
	if e, ok := errors.AsType[x509.CertificateInvalidError](err); ok {
		if e.Reason == x509.Expired {
			return "the server's certificate has expired, or isn't valid yet"
		}
		return "the server's certificate is not valid"
	}
	return ""
}
