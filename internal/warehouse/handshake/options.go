package handshake

import (
	"errors"
	"io/fs"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/printable"
)

// options are those of a URL that pgx takes for the connection, apart from passwords
// (libpq, "Parameter Key Words"). It hands any other to the server as
// a setting, and the server refuses the connection for one that it doesn't know; psql
// refuses such a URL, and so does CheckOptions.
func options() []string {
	return []string{
		"application_name", "channel_binding", "connect_timeout", "dbname", "host", "krbspn", "krbsrvname",
		"max_protocol_version", "min_protocol_version", "options", "passfile", "port", "require_auth", "service",
		"servicefile", "ssl", "sslcert", "sslcertmode", "sslkey", "sslmode", "sslnegotiation", "sslrootcert", "sslsni",
		"target_session_attrs", "user",
	}
}

// sslModes are the values of sslmode.
func sslModes() []string {
	return []string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}
}

// wordRE is what an option can be called. Whatever else stands there may be the end of
// a password, and isn't repeated.
var wordRE = regexp.MustCompile(`^[a-z_]{1,40}$`)

// CheckOptions refuses what stands behind the ? of a URL and means nothing. It looks at
// no file, and connects to nothing.
func CheckOptions(given url.Values) error {
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if slices.Contains(options(), name) {
			continue
		}
		if !wordRE.MatchString(name) {
			name = "one of its options"
		}
		return plan.Fixf("there are "+strings.Join(options(), ", ")+
			"; a setting of the server goes as options=-c%20NAME%3DVALUE", "warehouse.url has no option %s", name)
	}
	if mode := given.Get("sslmode"); given.Has("sslmode") && !slices.Contains(sslModes(), mode) {
		return plan.Fixf("write one of "+strings.Join(sslModes(), ", "), "warehouse.url has no such sslmode")
	}
	return nil
}

// Unread says that a file which a URL names can't be read, where that is why Config
// failed; else nil.
func Unread(err error) error {
	file, ok := errors.AsType[*fs.PathError](err)
	if !ok {
		return nil
	}
	return plan.Fixf("look at sslrootcert, sslcert, sslkey, passfile and servicefile in warehouse.url, "+
		"and at PGSSLROOTCERT", "warehouse.url names a file that can't be read: %w", printable.Error(file))
}
