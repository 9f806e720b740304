// Package claim decides who may have what in a pair of schemas, from the marks that
// are there: they belong to the org of the first of them (invariant 13), and a table
// to one flow. Claim goes by it in every warehouse, and so does who looks before a
// run.
package claim

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// Strangers are the marks of other orgs than this one.
func Strangers(marks []warehouse.Mark, org string) []warehouse.Mark {
	return slices.DeleteFunc(slices.Clone(marks), func(m warehouse.Mark) bool { return m.Org == org })
}

// Enter refuses an org where the marks are all of others. Where an older version has
// let two orgs in, each goes on with the flows that are its own.
func Enter(marks []warehouse.Mark, org string) error {
	strangers := Strangers(marks, org)
	if len(strangers) < len(marks) || len(marks) == 0 {
		return nil
	}
	return othersCopy(strangers, org)
}

// Take tells why a flow of an org can't have a table beside the marks that are
// there, nil where it can.
func Take(marks []warehouse.Mark, flow, table, org string) error {
	i := slices.IndexFunc(marks, func(m warehouse.Mark) bool { return m.Flow == flow })
	strangers := Strangers(marks, org)
	switch {
	case i >= 0 && marks[i].Org != org:
		return othersCopy(marks[i:i+1], org)
	case i >= 0 && marks[i].Table != table:
		return plan.Fixf("keep `naming` and the object of a flow as they were, or give the flow another name",
			"the flow has written table %s, not %s", marks[i].Table, table)
	case i >= 0:
		return nil
	case len(strangers) > 0:
		return othersCopy(strangers, org)
	}
	// two flows of one table would take each other's rows for records that are gone
	taken := slices.IndexFunc(marks, func(m warehouse.Mark) bool { return m.Table == table })
	if taken < 0 {
		return nil
	}
	return plan.Fixf("give one of the two flows another `naming`, or its configuration another warehouse.schema and "+
		"staging_schema",
		"table %s is written by the flow %s already", table, marks[taken].Flow)
}

// othersCopy refuses an org beside the marks of others.
func othersCopy(strangers []warehouse.Mark, org string) error {
	return plan.Fixf("use another schema and staging_schema for this org; where it takes the place of the old one, "+
		"as a refreshed sandbox does, replace the copy with: catchment run --full --new-org",
		"the warehouse holds a copy of org %s, not of %s", Names(strangers), org)
}

// namedAtMost is how many flows of an org are named.
const namedAtMost = 5

// Names says of which orgs marks are, and which flows.
func Names(marks []warehouse.Mark) string {
	marks = slices.Clone(marks)
	slices.SortFunc(marks, func(a, b warehouse.Mark) int {
		return cmp.Or(cmp.Compare(a.Org, b.Org), cmp.Compare(a.Flow, b.Flow))
	})
	var orgs []string
	for len(marks) > 0 {
		n := slices.IndexFunc(marks, func(m warehouse.Mark) bool { return m.Org != marks[0].Org })
		if n < 0 {
			n = len(marks)
		}
		var flows []string
		for _, m := range marks[:min(n, namedAtMost)] {
			flows = append(flows, m.Flow)
		}
		more := ""
		if n > namedAtMost {
			more = fmt.Sprintf(" and %d more", n-namedAtMost)
		}
		orgs = append(orgs, fmt.Sprintf("%s (%s%s)", marks[0].Org, strings.Join(flows, ", "), more))
		marks = marks[n:]
	}
	return strings.Join(orgs, " and ")
}
