package postgres

import (
	"net/url"

	"catchment/internal/plan"
)

// noPassword refuses a URL that holds a password, without repeating it
// (invariant 9).
func noPassword(text string) error {
	const hint = "take it out of warehouse.url; give it by PGPASSWORD, or by a file: ?passfile=PATH or PGPASSFILE"
	u, err := url.Parse(text)
	if err != nil {
		return plan.Fixf("write it as in postgres://user@host:5432/database?sslmode=require",
			"warehouse.url is not a URL")
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
