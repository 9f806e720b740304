package reading

import (
	"cmp"
	"fmt"
	"slices"

	"catchment/internal/control"
	"catchment/internal/warehouse"
)

// Groups takes columns out of a part that is too wide for one URI, and gives the
// parts that read them: they patch the rows that p makes. All of them read the same
// records, so what changes between two of them is torn. taken is how many parts there
// are, for names that are not.
func Groups(p *control.Part, taken int) []control.Part {
	always, others := Apart(p.Fields)
	if len(p.IDs) > 0 || len(others) == 0 || fitsURI(p.Query) {
		return nil
	}
	whole, groups := *p, []control.Part(nil)
	for first := true; len(others) > 0; first = false {
		n := 1
		for n < len(others) && fitsURI(selecting(whole, always, others[:n+1]).Query) {
			n++
		}
		one := selecting(whole, always, others[:n])
		others = others[n:]
		if first {
			*p = one
			continue
		}
		name := fmt.Sprintf("%s-columns-%d", whole.Name, taken+len(groups)+1)
		groups = append(groups, following(whole, one, name))
	}
	return groups
}

// Beside takes the fields out of a part that Bulk can't carry, and gives the part that
// reads them by the named mover, REST, and patches the rows that p makes.
func Beside(p *control.Part, byREST func(field string) bool, mover string) []control.Part {
	bulk := slices.DeleteFunc(slices.Clone(p.Fields), byREST)
	if len(bulk) == len(p.Fields) {
		return nil
	}
	always, _ := Apart(bulk)
	rest := slices.DeleteFunc(slices.Clone(p.Fields), func(c string) bool { return !byREST(c) })
	further := following(*p, selecting(*p, always, rest), p.Name+"-by-rest")
	further.Mover = mover
	*p = selecting(*p, bulk)
	return []control.Part{further}
}

// Halves lets half of a reading's columns be read by a part of its own, for each
// range one, which patches what the first half makes. All of them are read anew.
func Halves(a *control.Attempt, name string) error {
	further := "" // the part that the second halves are named after
	for _, p := range a.Reading(name) {
		always, others := Apart(p.Fields)
		if len(others) < 2 {
			continue
		}
		if err := Restart(p, shrunk); err != nil {
			return err
		}
		p.Failed, p.GivenUp = nil, false
		second := selecting(*p, always, others[len(others)/2:])
		second.Name = fmt.Sprintf("%s-columns-%d", name, len(a.Parts)+1)
		second.Of, second.Jobs = further, 0
		second.Follows, second.Op = cmp.Or(second.Follows, name), string(warehouse.Patch)
		if further == "" {
			further = second.Name
		}
		p.Jobs = min(p.Jobs, 1) // the next one has to forget what that has staged
		*p = selecting(*p, always, others[:len(others)/2])
		a.Add(second)
	}
	return nil
}

// selecting is p with other columns.
func selecting(p control.Part, columns ...[]string) control.Part {
	p.Fields = slices.Concat(columns...)
	return p
}

// following makes one a part that completes what p reads.
func following(p, one control.Part, name string) control.Part {
	one.Name, one.Follows, one.Op = name, cmp.Or(p.Follows, p.Name), string(warehouse.Patch)
	one.Job, one.Jobs, one.Failed, one.GivenUp = nil, 0, nil, false
	return one
}

// LeaveOut takes a field out of all parts that read it, since Salesforce refuses to read
// it, and gives these parts as they were: their jobs are still to be dropped. A part that
// was there for nothing else reads nothing any more.
func LeaveOut(a *control.Attempt, field string) (obsolete []control.Part, err error) {
	for _, p := range a.Parts {
		if Nothing.Is(*p) || !slices.Contains(p.Fields, field) {
			continue
		}
		obsolete = append(obsolete, *p)
		if err := Restart(p, shrunk); err != nil {
			return nil, err
		}
		p.Fields = slices.DeleteFunc(slices.Clone(p.Fields), func(name string) bool { return name == field })
		p.Jobs = min(p.Jobs, 1) // the next one has to forget what that has staged
		if _, others := Apart(p.Fields); len(others) == 0 && p.Op == string(warehouse.Patch) {
			p.Mover = string(Nothing)
		}
	}
	return obsolete, nil
}
