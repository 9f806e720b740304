package flow

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"

	"catchment/internal/upkeep"
)

// This file has the keys of a warehouse that keeps every version of a record, as a lake does.

const (
	historyPattern = `all|off|[1-9][0-9]{0,3}d`
	agePattern     = `[1-9][0-9]{0,3}d`
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

var (
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
	for _, name := range []string{"history", "maintain"} {
		if n, ok := found[name]; ok && !slices.Contains(r.known.Lakes, schemeOf(w.URL)) {
			r.problem(n, at+"."+name, "is for a lake: other warehouses keep one row of each record; leave it out")
		}
	}
}
