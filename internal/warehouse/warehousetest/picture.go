package warehousetest

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// A picture is what the tables hold that a fault may spoil, but for moments of
// the clock and the mark: a line for each row, each column and each table.
type picture []string

// of is what tables hold of a trial, without its name.
func (p picture) of(trial string) string {
	var lines []string
	for _, line := range p {
		if strings.Contains(line, trial) {
			lines = append(lines, strings.ReplaceAll(line, trial, "trial"))
		}
	}
	return strings.Join(lines, "\n")
}

// others is what tables hold of no trial.
func (p picture) others() string {
	return strings.Join(slices.DeleteFunc(slices.Clone(p), ofTrial.MatchString), "\n")
}

var (
	// watched are the tables that everything looks into.
	watched = regexp.MustCompile(`^(account|t\d{3}|t\d{3}_landing|_catchment_(flow|page|log|tombstone))$`)
	// ofTrial finds the name of a trial.
	ofTrial = regexp.MustCompile(`\bt\d{3}(\b|_)`)
)

// everything takes a picture of the tables.
func (r *rig) everything() (lines picture) {
	r.t.Helper()
	for _, side := range []Side{Final, Staging} {
		for _, table := range r.subject.Tables(r.t, side) {
			lines = append(lines, fmt.Sprintf("table %s.%s", side, table))
			switch {
			case table == "account":
				for _, column := range r.subject.Columns(r.t, side, table) {
					lines = append(lines, fmt.Sprintf("column %s.%s.%s", side, table, column))
				}
			case !watched.MatchString(table):
				continue
			}
			for _, row := range r.subject.Look(r.t, side, table) {
				if table != "_catchment_flow" || *row["flow"] != r.fence.Flow {
					lines = append(lines, fmt.Sprintf("row of %s.%s: %s", side, table, timeless(row)))
				}
			}
		}
	}
	slices.Sort(lines)
	return lines
}

// timeless writes what a row says, but for moments of the clock.
func timeless(row Row) string {
	var texts []string
	for _, column := range slices.Sorted(maps.Keys(row)) {
		switch column {
		case "_catchment_synced_at", "synced_at", "newest", "removed_at":
			continue
		}
		if value := row[column]; value != nil {
			texts = append(texts, column+"="+*value)
		}
	}
	return strings.Join(texts, " ")
}
