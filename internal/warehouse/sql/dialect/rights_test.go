package dialect

import (
	"strings"
	"testing"

	"catchment/internal/plan"
)

func TestRefuse(t *testing.T) {
	t.Parallel()
	all := Right{Schema: "s", Enters: true, Makes: true, Kind: "r", Owns: true, Writes: true}
	but := func(change func(*Right)) Right {
		r := all
		change(&r)
		return r
	}
	nothing := but(func(r *Right) { r.Kind, r.Owns, r.Writes = "", false, false })
	writes := but(func(r *Right) { r.Makes, r.Owns, r.Keyed = false, false, true })
	seen := Need{Seen: true}
	for name, c := range map[string]struct {
		right      Right
		need       Need
		want, hint string // "" for what is taken
	}{
		"a new table":          {nothing, Need{Changes: true, Loads: true, Keys: true}, "", ""},
		"ours":                 {all, Need{Seen: true, Changes: true, Loads: true, Keys: true}, "", ""},
		"somebody's, as it is": {writes, Need{Seen: true, Keys: true}, "", ""},
		"somebody's, to be changed": {writes, Need{Seen: true, Changes: true},
			"table s.t belongs to another user", `ALTER TABLE "s"."t" OWNER TO`},
		"somebody's, to be loaded": {writes, Need{Seen: true, Loads: true}, "belongs to another user", "OWNER"},
		"somebody's, without a key": {but(func(r *Right) { r.Owns = false }), Need{Seen: true, Keys: true},
			"belongs to another user", "OWNER"},
		"may only read": {but(func(r *Right) { r.Writes = false }), seen,
			"this user may not write table s.t", `GRANT SELECT, INSERT, UPDATE, DELETE ON "s"."t"`},
		"hidden":   {all, Need{}, "table s.t is there already, and this user has no right to it", "rename that table"},
		"an index": {but(func(r *Right) { r.Kind = "i" }), Need{}, "s.t is in the way", "rename it"},
		"kept out": {but(func(r *Right) { r.Enters = false }), seen,
			"this user may not use what is in schema s", `GRANT USAGE ON SCHEMA "s"`},
		"may make nothing": {but(func(r *Right) { r.Kind, r.Makes = "", false }), Need{},
			"this user may not make table s.t", `GRANT CREATE ON SCHEMA "s"`},
	} {
		err := c.right.Refuse(&Dialect{}, "t", c.need)
		switch {
		case c.want == "" && err == nil:
		case err == nil || c.want == "" || plan.ClassOf(err) != plan.Fix ||
			!strings.Contains(err.Error(), c.want) || !strings.Contains(plan.HintOf(err), c.hint):
			t.Errorf("%s: %v (hint %s)", name, err, plan.HintOf(err))
		}
	}
}
