package handshake

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"catchment/internal/plan"
)

// What psql knows is taken, and nothing else: pgx would hand it to the server.
func TestCheckOptions(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ query, says string }{
		{"", ""},
		{"sslmode=verify-full&sslrootcert=system&passfile=%2Fx&connect_timeout=5", ""},
		{"options=-c%20search_path%3Dx", ""},
		{"flavour=mint", "no option flavour"},
		{"ssl_mode=require", "no option ssl_mode"},
		{"sslmode=on", "no such sslmode"},
		{"sslmode=", "no such sslmode"},
		{"sslmode=require&Hunter2!=", "no option one of its options"},
	} {
		given, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		err = CheckOptions(given)
		if test.says == "" {
			if err != nil {
				t.Errorf("%s: %v", test.query, err)
			}
			continue
		}
		if plan.ClassOf(err) != plan.Fix || !strings.Contains(err.Error(), test.says) || plan.HintOf(err) == "" ||
			strings.Contains(err.Error(), "Hunter2") {
			t.Errorf("%s: %v (hint %q), want %q", test.query, err, plan.HintOf(err), test.says)
		}
	}
}

// pgx takes each option that is allowed for the connection's, and sends none of them to
// the server, but the two that are meant for it.
func TestOptionsAreThoseOfPgx(t *testing.T) {
	values := map[string]string{
		"channel_binding": "prefer", "connect_timeout": "5", "max_protocol_version": "3.0",
		"min_protocol_version": "3.0", "port": "5433", "require_auth": "scram-sha-256", "ssl": "true",
		"sslcertmode": "allow", "sslmode": "require", "sslnegotiation": "postgres", "sslsni": "1",
		"target_session_attrs": "any",
	}
	files := map[string]bool{"service": true, "servicefile": true, "sslcert": true, "sslkey": true, "sslrootcert": true}
	for _, name := range options() {
		if files[name] {
			continue // they would have to be there
		}
		value := values[name]
		if value == "" {
			value = "x"
		}
		c, err := pgxpool.ParseConfig("postgres://u@h/d?" + name + "=" + value)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		_, sent := c.ConnConfig.RuntimeParams[name]
		if meant := name == "options" || name == "application_name"; sent != meant {
			t.Errorf("%s: sent to the server: %v", name, sent)
		}
	}
}

// A certificate that isn't there is another mistake than a URL that is none.
func TestUnread(t *testing.T) {
	_, err := Config("postgres://u@h/d?sslmode=verify-full&sslrootcert=" + t.TempDir() + "/none.pem")
	unread := Unread(err)
	if plan.ClassOf(unread) != plan.Fix || !strings.Contains(fmt.Sprint(unread), "none.pem") ||
		!errors.Is(unread, fs.ErrNotExist) {
		t.Errorf("%v, of %v", unread, err)
	}
	if err := Unread(errors.New("another")); err != nil {
		t.Error(err)
	}
}
