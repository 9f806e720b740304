package duckdb

import (
	stdsql "database/sql"
	"fmt"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/sql/dialect"
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

// CheckPath tells what is wrong with a path and its settings, as far as that can be seen
// without the file.
func CheckPath(path string) error {
	_, _, err := parse(path)
	return err
}

// parse takes the settings off a path, and writes them as DuckDB wants them
// behind those that are ours.
func parse(path string) (file, given string, err error) {
	file, query := split(path)
	values, err := url.ParseQuery(query)
	if file == "" || strings.HasPrefix(file, ":memory:") || err != nil {
		return "", "", plan.Fixf("write `url: duckdb:catchment.duckdb`, with the path of a file",
			"duckdb: %q is not the path of a file", path)
	}
	for _, name := range slices.Sorted(maps.Keys(values)) {
		at := slices.IndexFunc(settings, func(s setting) bool { return s.name == name })
		if at < 0 {
			return "", "", plan.Fixf("there are memory_limit and threads, "+
				"as in `duckdb:catchment.duckdb?memory_limit=2GB&threads=2`",
				"duckdb: the url has no setting %q", name)
		}
		if s := settings[at]; len(values[name]) != 1 || !s.allowed.MatchString(values[name][0]) {
			return "", "", plan.Fixf("write `"+name+"="+s.example+"`", "duckdb: %s is %q", name,
				strings.Join(values[name], ", "))
		}
		given += "&" + name + "=" + values[name][0]
	}
	return file, given, nil
}

// bound has DuckDB take half of the machine's memory at most, or of the container's, where the url doesn't say how
// much: left alone it takes four fifths for its buffers and something beside them, and whoever works on that machine
// has the rest. What it has no room for it writes to disk, beside the database, as long as it is open.
func (d *driver) bound(db *stdsql.DB) error {
	if strings.Contains(d.settings, "&memory_limit=") {
		return nil
	}
	var fourFifths, unit string
	err := db.QueryRow("SELECT split_part(own, ' ', 1), split_part(own, ' ', 2) "+
		"FROM (SELECT current_setting('memory_limit') AS own)").Scan(&fourFifths, &unit)
	if err != nil {
		return err
	}
	n, err := strconv.ParseFloat(fourFifths, 64)
	if err != nil {
		return fmt.Errorf("memory_limit is %q: %w", fourFifths, err)
	}
	_, err = db.Exec("SET GLOBAL memory_limit = " + dialect.Literal(fmt.Sprintf("%.1f %s", n*5/8, unit)))
	return err
}

// split takes a path and its settings apart. What has a folder behind it is part of the path:
// folders may have any name.
func split(path string) (file, query string) {
	i := strings.LastIndexByte(path, '?')
	if i < 0 || strings.ContainsRune(path[i:], '/') {
		return path, ""
	}
	return path[:i], path[i+1:]
}
