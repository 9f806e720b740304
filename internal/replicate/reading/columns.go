package reading

import (
	"cmp"
	"fmt"
	"slices"

	"catchment/internal/control"
	"catchment/internal/warehouse"
)

// Groups divides a part that is too wide for one URI into groups of columns. The
// first stays what it was; the others patch the rows that it makes. All of them
// read the same records, so what changes between two of them is torn. taken is how
// many parts there are, for names that are not.
func Groups(p control.Part, taken int) []control.Part {
	always, others := Apart(p.Fields)
	if len(p.IDs) > 0 || len(others) == 0 || fitsURI(p.Query) {
		return []control.Part{p}
	}
	var groups []control.Part
	for len(others) > 0 {
		n := 1
		for n < len(others) && fitsURI(selecting(p, always, others[:n+1]).Query) {
			n++
		}
		one := selecting(p, always, others[:n])
		if others = others[n:]; len(groups) > 0 {
			taken++
			one = following(p, one, fmt.Sprintf("%s-columns-%d", p.Name, taken))
		}
		groups = append(groups, one)
	}
	return groups
}

// Beside takes the fields out of a part that Bulk can't carry: another part reads
// them by REST, and patches the rows that the first one makes.
func Beside(p control.Part, byREST func(field string) bool) []control.Part {
	bulk := slices.DeleteFunc(slices.Clone(p.Fields), byREST)
	if len(bulk) == len(p.Fields) {
		return []control.Part{p}
	}
	always, _ := Apart(bulk)
	rest := slices.DeleteFunc(slices.Clone(p.Fields), func(c string) bool { return !byREST(c) })
	further := following(p, selecting(p, always, rest), p.Name+"-by-rest")
	further.Mover = "rest"
	return []control.Part{selecting(p, bulk), further}
}

// Halves lets half of a reading's columns be read by a part of its own, for each
// range one, which patches what the first half makes. All of them are read anew.
func Halves(parts []control.Part, name string) []control.Part {
	further := "" // the part that the second halves are named after
	var added []control.Part
	for i, p := range parts {
		always, others := Apart(p.Fields)
		if p.Planned() != name || len(others) < 2 {
			continue
		}
		p.Reset()
		second := selecting(p, always, others[len(others)/2:])
		second.Name = fmt.Sprintf("%s-columns-%d", name, len(parts)+len(added)+1)
		second.Of, second.Jobs = further, 0
		second.Follows, second.Op = cmp.Or(second.Follows, name), string(warehouse.Patch)
		if further == "" {
			further = second.Name
		}
		added = append(added, second)
		p.Jobs = min(p.Jobs, 1) // the next one has to forget what that has staged
		parts[i] = selecting(p, always, others[:len(others)/2])
	}
	return append(parts, added...)
}

// selecting is p with other columns.
func selecting(p control.Part, columns ...[]string) control.Part {
	p.Fields = slices.Concat(columns...)
	return p
}

// following makes one a part that completes what p reads.
func following(p, one control.Part, name string) control.Part {
	one.Name, one.Follows, one.Op = name, cmp.Or(p.Follows, p.Name), string(warehouse.Patch)
	one.Job, one.Jobs = nil, 0
	return one
}
