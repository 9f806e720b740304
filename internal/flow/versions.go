package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/merger"
	"catchment/internal/upkeep"
)

// This file has the keys of a warehouse that keeps every version of a record, as a lake does.

const (
	historyPattern = `all|off|[1-9][0-9]{0,3}d`
	agePattern     = `[1-9][0-9]{0,3}d`
	longPattern    = `[1-9][0-9]{0,2}[mh]`
	aDay           = 24 * time.Hour
)

// historyKeys are the keys of history.
func historyKeys(h *upkeep.History) []key {
	return []key{
		{name: "keep", about: "How long every version of a record stays that was read: a number of days, " +
			"all for good, or off, and only the newest one does",
			form: parsed(h, like(historyPattern), parseHistory), otherwise: "all", example: "400d"},
	}
}

// maintainKeys are the keys of maintain.
func maintainKeys(m *upkeep.Maintain) []key {
	age := func(dst *time.Duration) form { return parsed(dst, like(agePattern), parseAge) }
	return []key{
		{name: "by", about: "Who merges small files and removes old ones: catchment, the service that has the " +
			"catalog, or nobody",
			form: choice(&m.By, upkeep.ByUs, upkeep.ByService, upkeep.ByNobody), otherwise: "catchment",
			example: "service"},
		{name: "snapshots", about: "How long a table can be read as it was before",
			form: age(&m.Snapshots), otherwise: "5d", example: "30d"},
		{name: "orphans", about: "How old a file is that no table names, when it is removed",
			form: age(&m.Orphans), otherwise: "3d", example: "7d"},
	}
}

// bySpark is what merge.by says where Spark may merge.
var bySpark = oneOf(merger.Spark, merger.Auto)

// mergeKeys are the keys of merge.
func mergeKeys(m *merger.Merger) []key {
	word := func(s *string) form { return plain(s) }
	return []key{
		{name: "by", about: "Who merges what was loaded: this program, a Spark that start begins, or whichever is " +
			"taken to be quicker at that size",
			form: choice(&m.By, merger.Go, merger.Spark, merger.Auto), otherwise: "go", example: "auto"},
		{name: "start", about: "The program that begins Spark, and its arguments; behind them come a script's path, " +
			"and those of its request and its answer",
			form: listOf(&m.Start, word), example: "[spark-submit, --master, \"local[2]\"]"},
		{name: "patience", about: "How long a merge by Spark may take before it is ended",
			form: parsed(&m.Patience, like(longPattern), parseLong), otherwise: "2h", example: "30m"},
	}
}

// parseLong reads a number of minutes or hours.
func parseLong(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || !longRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a number of minutes or hours, as in 30m or 2h", s)
	}
	return d, nil
}

var (
	longRE    = regexp.MustCompile(whole(longPattern))
	historyRE = regexp.MustCompile(whole(historyPattern))
	ageRE     = regexp.MustCompile(whole(agePattern))
)

// parseHistory reads how long versions stay.
func parseHistory(s string) (upkeep.History, error) {
	switch {
	case s == "all":
		return upkeep.History{}, nil
	case s == "off":
		return upkeep.History{Off: true}, nil
	case historyRE.MatchString(s):
		keep, err := parseAge(s)
		return upkeep.History{Keep: keep}, err
	}
	return upkeep.History{}, fmt.Errorf("%q is neither all, off nor a number of days, as in 400d", s)
}

// parseAge reads a number of days, of which there is at least one.
func parseAge(s string) (time.Duration, error) {
	days, err := strconv.Atoi(strings.TrimSuffix(s, "d"))
	if err != nil || !ageRE.MatchString(s) {
		return 0, fmt.Errorf("%q is not a number of days, as in 5d", s)
	}
	return time.Duration(days) * aDay, nil
}

// ofLakes refuses what is said of a warehouse that keeps no versions.
func (r *reader) ofLakes(at string, w *Warehouse, found map[string]ast.Node) {
	for _, name := range []string{"history", "maintain", "merge"} {
		if n, ok := found[name]; ok && !slices.Contains(r.known.Lakes, r.known.scheme(w.URL)) {
			r.problem(n, at+"."+name, "is for a lake: other warehouses keep one row of each record; leave it out")
		}
	}
	if n, ok := found["merge"]; ok && w.Merge.By != merger.Go {
		r.ofSpark(n, at+".merge", w)
	}
}

// ofSpark refuses a Spark that nobody starts, or that doesn't reach the lake.
func (r *reader) ofSpark(n ast.Node, at string, w *Warehouse) {
	if len(w.Merge.Start) == 0 {
		r.problem(n, at, "start is missing: which program begins Spark, as in [spark-submit]")
	}
	if strings.HasPrefix(w.URL, "iceberg:rest:") || strings.HasPrefix(w.URL, "iceberg:glue:") {
		r.problem(n, at, "Spark merges lakes in a folder so far: write by: go")
	}
}
