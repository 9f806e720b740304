package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"catchment/internal/plan"
	"catchment/internal/warehouse/sql"
)

func TestFailure(t *testing.T) {
	t.Parallel()
	for code, want := range map[string]plan.Class{
		"28P01": plan.Fix, "28000": plan.Fix, "3D000": plan.Fix, "42501": plan.Fix, "53100": plan.Full,
		"53200": plan.Fix, "25006": plan.Fix,
		"40001": plan.Retry, "40P01": plan.Retry, "55P03": plan.Retry, "53300": plan.Retry, "57P01": plan.Retry,
		"57P03": plan.Retry, "08006": plan.Retry, "25P03": plan.Retry,
		"42P01": plan.Bug, "22P02": plan.Bug, "23505": plan.Bug, "XX000": plan.Bug,
	} {
		err := failure("here", &pgconn.PgError{Code: code, Message: "text"})
		if got := plan.ClassOf(err); got != want {
			t.Errorf("%s: got %s, want %s", code, got, want)
		}
		if want == plan.Fix && plan.HintOf(err) == "" {
			t.Errorf("%s: no hint", code)
		}
		cancelled := code == "40001" || code == "40P01"
		if got := errors.Is(err, sql.ErrConflict); got != cancelled {
			t.Errorf("%s: a conflict: %t, want %t", code, got, cancelled)
		}
	}
	for _, err := range []error{io.ErrUnexpectedEOF, errors.New("conn closed"),
		&net.OpError{Op: "read", Err: errors.New("connection reset by peer")}} {
		if got := plan.ClassOf(failure("here", fmt.Errorf("x: %w", err))); got != plan.Retry {
			t.Errorf("%v: %s", err, got)
		}
	}
	together := failure("here", &pgconn.PgError{Code: "XX000", Message: "tuple concurrently updated"})
	if !errors.Is(together, sql.ErrConflict) || plan.ClassOf(together) != plan.Retry {
		t.Errorf("two that grant the same: %v", together)
	}
	twice := failure("here", &pgconn.PgError{Code: "23505", ConstraintName: "pg_namespace_nspname_index"})
	if plan.ClassOf(twice) != plan.Retry {
		t.Errorf("two that make the same: %v", twice)
	}
	if err := failure("here", &pgconn.PgError{Code: "23505", ConstraintName: "account_pkey"}); !errors.Is(err,
		sql.ErrDuplicate) {
		t.Errorf("got %v", err)
	}
	wide := failure("here", &pgconn.PgError{Code: "54000", Routine: "RelationGetBufferForTuple"})
	if !errors.Is(wide, sql.ErrTooWide) || plan.ClassOf(wide) != plan.Fix || plan.HintOf(wide) == "" {
		t.Errorf("a row that is too big: %v", wide)
	}
	if err := failure("here", &pgconn.PgError{Code: "54000", Routine: "index_form_tuple"}); errors.Is(err,
		sql.ErrTooWide) {
		t.Errorf("a value that is too big for an index: %v", err)
	}
	role := failure("here", &pgconn.PgError{Code: "42704", Message: `role "reader" does not exist`})
	if plan.ClassOf(role) != plan.Fix || !strings.Contains(role.Error(), "reader") {
		t.Errorf("got %v", role)
	}
	if err := failure("here", &net.DNSError{Name: "h", IsNotFound: true}); plan.ClassOf(err) != plan.Retry {
		t.Errorf("got %v", err)
	}
}

// Hosts are found as the options say; one that isn't there passes by itself.
func TestHostThatIsNotThere(t *testing.T) {
	t.Parallel()
	asked := ""
	find := func(_ context.Context, host string) ([]string, error) {
		asked = host
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	d, err := Open("postgres://u@acme.example/d", Options{Lookup: find})
	if err != nil {
		t.Fatal(err)
	}
	err = d.View(t.Context(), func(sql.Tx) error { return nil })
	if asked != "acme.example" || plan.ClassOf(err) != plan.Retry || plan.HintOf(err) == "" ||
		!strings.Contains(err.Error(), "no host was found by this name") {
		t.Errorf("%v (asked for %q, hint %q)", err, asked, plan.HintOf(err))
	}
}

// No error holds a value of a record (invariant 9).
func TestWithoutValues(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]*pgconn.PgError{
		"here: a value is not of the column's type (22P02) in column employees on line 7": {Code: "22P02",
			Message: `invalid input syntax: "secret"`,
			Where:   `COPY account, line 7, column employees: "secret"`},
		"here: a row is not as its header says (22P04) on line 9": {Code: "22P04", Message: "extra data",
			Where: `COPY account, line 9: "secret"`},
		"here: a row is too long for a page of PostgreSQL (54000)": {Code: "54000",
			Message: "row is too big: size 10824", Where: "COPY account, line 12"},
		"here: a value or row was refused (22003)": {Code: "22003", Message: `"secret" is out of range`,
			Where: "SQL statement"},
		"here: a second row of one key": {Code: "23505", ConstraintName: "account_pkey",
			Detail: "Key (id)=(secret) already exists."},
		"here: a value or row was refused (23502)": {Code: "23502", Message: "null value",
			Detail: "Failing row contains (secret)."},
		`here: relation "x" does not exist (42P01)`: {Code: "42P01", Message: `relation "x" does not exist`},
	} {
		if got := failure("here", e).Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	if got := failure("here", errors.New("cannot encode secret")).Error(); strings.Contains(got, "secret") {
		t.Errorf("got %q", got)
	}
}

func TestCancelledIsNoFailure(t *testing.T) {
	t.Parallel()
	why := errors.New("stopped")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if err := (&driver{}).classify(ctx, io.ErrUnexpectedEOF); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

// A server's words command no terminal, and stay in their line.
func TestFailureIsPrintable(t *testing.T) {
	t.Parallel()
	for _, code := range []string{"42501", "42704", "42P01"} {
		e := &pgconn.PgError{Code: code, Message: "role \"a\x1b[2J\" is\nok\u202e no"}
		if got := failure("here", e).Error(); !strings.Contains(got, `role "a\x1b[2J" is ok\u202e no`) {
			t.Errorf("%s: %q", code, got)
		}
	}
}
