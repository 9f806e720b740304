package postgres

import (
	"net/url"

	"catchment/internal/plan"
	"catchment/internal/warehouse/handshake"
)

// form is how a URL is written, for hints.
const form = "write it as in postgres://user@host:5432/database?sslmode=require"

// CheckURL tells what is wrong with a URL, as far as it can be seen without its server.
func CheckURL(text string) error {
	if err := noPassword(text); err != nil {
		return err
	}
	u, err := url.Parse(text)
	if err != nil {
		return plan.Fixf(form, "warehouse.url is not a URL")
	}
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return plan.Fixf(form, "the options of warehouse.url can't be read")
	}
	return handshake.CheckOptions(given)
}

// noPassword refuses a URL that holds a password, without repeating it
// (invariant 9).
func noPassword(text string) error {
	const hint = "take it out of warehouse.url; give it by PGPASSWORD, or by a file: ?passfile=PATH or PGPASSFILE"
	u, err := url.Parse(text)
	if err != nil {
		return plan.Fixf(form, "warehouse.url is not a URL")
	}
	_, has := u.User.Password()
	for _, name := range []string{"password", "sslpassword"} {
		has = has || u.Query().Has(name)
	}
	if has {
		return plan.Fixf(hint, "warehouse.url holds a password")
	}
	return nil
}
