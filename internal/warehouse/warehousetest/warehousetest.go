// Package warehousetest is the contract of a warehouse in tests.
//
// Run is the whole suite. A warehouse's test is one line, which names the roles
// that it has beside those that every warehouse has:
//
//	func TestDriver(t *testing.T) { warehousetest.Run(t, open, warehousetest.Eraser) }
//
// The tests are in groups by the roles whose promises they check. They speak to
// the warehouse as replicate and verify do; through a Subject they look at its
// tables, change them behind its back, and have it go wrong. Histories is the
// property test: random histories against a map.
package warehousetest

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"catchment/internal/warehouse"
)

// A Role is one that a warehouse may have, as warehouse.Roles names it.
type Role string

// The roles that a warehouse may have.
const (
	Detacher   Role = "detacher"
	Procedures Role = "procedures"
	Lands      Role = "lands"
	Eraser     Role = "eraser"
	Adopter    Role = "adopter"
)

// A Consolidator is a way to consolidate: Warehouse.Consolidate, or whatever
// promises the same.
type Consolidator func(context.Context, warehouse.Warehouse, warehouse.Fence,
	warehouse.Merge) (warehouse.Counts, error)

func byConsolidate(
	ctx context.Context, w warehouse.Warehouse, f warehouse.Fence, m warehouse.Merge,
) (warehouse.Counts, error) {
	return w.Consolidate(ctx, f, m)
}

// A test is one promise of the contract.
type test struct {
	name string
	run  func(*rig)
}

// A group is the promises of one role.
type group struct {
	name string
	all  []test
}

// Run holds the warehouse that open makes to the contract, and to that of the
// roles that it is said to have. Each call of open is an empty warehouse of its
// own: the promises are checked side by side.
func Run(t *testing.T, open func(t testing.TB) Subject, roles ...Role) {
	groups := append(everyones(), group{"faults", faults(roles)},
		group{"roles", []test{{"those that it is said to have", hasRoles(roles)}}})
	for _, optional := range optionals() {
		if slices.Contains(roles, Role(optional.name)) {
			groups = append(groups, optional)
		}
	}
	each(t, groups, consolidating(open))
}

// RunBy checks what a consolidation promises of another way to do it, which open
// makes with the subject.
func RunBy(t *testing.T, open func(t testing.TB) (Subject, Consolidator)) {
	each(t, []group{{"merger", consolidations()}}, open)
}

func each(t *testing.T, groups []group, open func(t testing.TB) (Subject, Consolidator)) {
	for _, g := range groups {
		for _, test := range g.all {
			t.Run(g.name+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				subject, by := open(t)
				test.run(newRig(t, subject, by))
			})
		}
	}
}

// consolidating opens a subject for the usual way to consolidate.
func consolidating(open func(t testing.TB) Subject) func(t testing.TB) (Subject, Consolidator) {
	return func(t testing.TB) (Subject, Consolidator) { return open(t), byConsolidate }
}

// hasRoles proves that a warehouse has these roles and no other.
func hasRoles(want []Role) func(*rig) {
	return func(r *rig) {
		has := r.roles()
		for role, is := range map[Role]bool{
			Detacher: has.Detacher != nil, Procedures: has.Procedures != nil, Lands: has.Lands != nil,
			Eraser: has.Eraser != nil, Adopter: has.Adopter != nil,
		} {
			same(r.t, fmt.Sprintf("it is %s", role), is, slices.Contains(want, role))
		}
	}
}
