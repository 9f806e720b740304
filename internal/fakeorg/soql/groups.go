package soql

import (
	"slices"
	"strconv"
	"strings"
)

// Groups puts records into the groups that a statement asks for, and works
// out what it asks of them. It is for one goroutine.
type Groups struct {
	bound  *Bound
	now    Clock
	groups map[string]*group
	list   []*group // in the order of their first records
	keys   []string // scratch: the values of the keys of a record
}

// A group is the records that have the same values in a set of keys.
type group struct {
	set     uint
	keys    []string
	tallies []tally // by slot; nil for what isn't an aggregate
}

// A Group is what is known of a group in the end. It is a Record: each Column
// of the statement finds its value in it.
type Group []string

// Value implements Record.
func (g Group) Value(p *Path) string { return g[p.slot] }

// Groups makes the groups of a statement, at the moment of now.
func (b *Bound) Groups(now Clock) *Groups {
	g := &Groups{bound: b, now: now, groups: map[string]*group{}, keys: make([]string, len(b.grouping.keys))}
	if len(b.grouping.keys) == 0 { // there is one group, even of no records
		g.group(0)
	}
	return g
}

// Add counts a record into its groups.
func (g *Groups) Add(r Record) {
	for i, key := range g.bound.grouping.keys {
		g.keys[i] = key.value(r, key.kind, g.now)
	}
	for _, set := range g.bound.grouping.sets {
		group := g.group(set)
		for i, t := range group.tallies {
			if t == nil {
				continue
			}
			s := &g.bound.grouping.slots[i]
			if v := s.value(r, kindOf(s.scalar.path.Field.Type), g.now); v != "" {
				t.add(v)
			}
		}
	}
}

// group finds the group of the present keys in a set, or makes it.
func (g *Groups) group(set uint) *group {
	var name strings.Builder
	name.WriteString(strconv.FormatUint(uint64(set), 36))
	for i, key := range g.bound.grouping.keys {
		if set&(1<<i) != 0 {
			v := key.kind.same(g.keys[i])
			name.WriteString(":" + strconv.Itoa(len(v)) + ":" + v)
		}
	}
	found, ok := g.groups[name.String()]
	if ok {
		return found
	}
	found = &group{set: set, keys: slices.Clone(g.keys)}
	for _, s := range g.bound.grouping.slots {
		found.tallies = append(found.tallies, newTally(s))
	}
	g.groups[name.String()] = found
	g.list = append(g.list, found)
	return found
}

// All gives the groups that HAVING leaves, in the order of ORDER BY, within
// LIMIT and OFFSET.
func (g *Groups) All() []Group {
	b := g.bound
	var all []Group
	for _, one := range g.list {
		values := one.values(b.grouping.slots)
		if b.grouping.having == nil || at(b.grouping.having, g.now, nil).match(values, g.now) {
			all = append(all, values)
		}
	}
	slices.SortStableFunc(all, func(x, y Group) int { return b.Compare(x, y) })
	all = all[min(max(0, b.Offset), len(all)):]
	if b.Limit >= 0 {
		all = all[:min(b.Limit, len(all))]
	}
	return all
}

// values works out the slots of a group. In a subtotal the keys that were
// left out are null, and GROUPING says so.
func (g *group) values(slots []slot) Group {
	values := make(Group, len(slots))
	for i, s := range slots {
		within := g.set&(1<<s.key) != 0
		switch {
		case g.tallies[i] != nil:
			values[i] = g.tallies[i].result()
		case s.function != "" && within:
			values[i] = "0"
		case s.function != "":
			values[i] = "1"
		case within:
			values[i] = g.keys[s.key]
		}
	}
	return values
}
