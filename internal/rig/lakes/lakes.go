// Package lakes gives a rig a lake for its warehouse: in a folder, with the catalog that a lake has there. A process
// that uses it may die, or meet a failure, before and after each commit of the catalog and each file.
//
// Only tests import it. It is apart from the rig, so that those that need no lake don't have Iceberg built in. Start at
// New; fated.go is how a process fares, eyes.go and snapshots.go read what is there, and
// hands.go does what nobody should.
package lakes

import (
	"testing"

	"catchment/internal/rig"
	"catchment/internal/upkeep"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/lake"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/pgtest"
)

// A Lake is the warehouse of one rig.
type Lake struct {
	History upkeep.History
	// Committed hears of each table that the catalog has changed, before the process does.
	Committed func(schema, table string)

	t  *testing.T
	at string      // the folder; "" until a process has opened it
	in *lake.Place // the lake, whatever processes die
}

// New is a lake that is made by the first process of a rig.
func New(t *testing.T) *Lake { return &Lake{t: t, Committed: func(string, string) {}} }

// NewShelf makes an empty warehouse as rig.NewShelf does, which knows no lakes: "lake", or one of those.
func NewShelf(t *testing.T, cluster *pgtest.Cluster, name string) rig.Shelf {
	t.Helper()
	if name == "lake" {
		return New(t).Shelf()
	}
	return rig.NewShelf(t, cluster, name)
}

// Shelf is what a rig's processes open it by.
func (l *Lake) Shelf() rig.Shelf { return rig.Shelf{Opens: l.open} }

func (l *Lake) open(r *rig.Rig, f *rig.Fate) (rig.Opened, error) {
	if l.in == nil {
		l.at = r.Path("lake")
		itself, err := folder.Open(l.at)
		if err != nil {
			return rig.Opened{}, err
		}
		l.in = &itself
		l.t.Cleanup(func() {
			if err := itself.Close(); err != nil {
				l.t.Error(err)
			}
		})
	}
	p, err := folder.Open(l.at)
	if err != nil {
		return rig.Opened{}, err
	}
	p.Catalog = &fated{Catalog: p.Catalog, lake: l, fate: f}
	var w warehouse.Warehouse
	return rig.Opened{
		Warehouse: func(o warehouse.Options) warehouse.Warehouse {
			o.History = l.History
			w = lake.New(p, o)
			return w
		},
		Eyes:  eyes{l},
		Close: func() error { return w.Close() },
	}, nil
}
