package duckdb

import (
	"net/url"
	"regexp"
	"slices"
	"strings"

	"catchment/internal/plan"
)

// A setting is one of DuckDB's own that a url may give, as in
// duckdb:catchment.duckdb?memory_limit=2GB&threads=2.
type setting struct {
	name, example string
	allowed       *regexp.Regexp
}

var settings = []setting{
	{"memory_limit", "2GB", regexp.MustCompile(`^[1-9][0-9]*(\.[0-9]+)?[KMGT]i?B$`)},
	{"threads", "2", regexp.MustCompile(`^[1-9][0-9]{0,3}$`)},
}

// place takes the settings off a path, and writes them as DuckDB wants them
// behind those that are ours.
func place(path string) (file, given string, err error) {
	file, query, _ := strings.Cut(path, "?")
	values, err := url.ParseQuery(query)
	if file == "" || strings.HasPrefix(file, ":memory:") || err != nil {
		return "", "", plan.Fixf("write `url: duckdb:catchment.duckdb`, with the path of a file", "duckdb: %q is not the path of a file", path)
	}
	for name, all := range values {
		at := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
		if at < 0 {
			return "", "", plan.Fixf("there are memory_limit and threads, as in `duckdb:catchment.duckdb?memory_limit=2GB&threads=2`",
				"duckdb: the url has no setting %q", name)
		}
		if s := settings[at]; len(all) != 1 || !s.allowed.MatchString(all[0]) {
			return "", "", plan.Fixf("write `"+s.name+"="+s.example+"`", "duckdb: %s is %q", name, strings.Join(all, ", "))
		}
		given += "&" + name + "=" + all[0]
	}
	return file, given, nil
}
