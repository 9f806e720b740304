package project_test

import (
	"errors"
	"maps"
	"slices"
	"testing"

	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/project"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/reach"
)

// A warehouse without SQL, and one that isn't there.
func lakes() project.Drivers {
	return project.Drivers{
		Warehouses: map[string]project.WarehouseDriver{
			"lake": {Title: "Lake", Text: true,
				Reach: func(string) (reach.Way, error) { return reach.Way{}, nil }},
			"pond": {Title: "Pond", File: true, Adopts: true,
				Open: func(path string, _ warehouse.Options) (warehouse.Warehouse, error) {
					return nil, errors.New("no water at " + path)
				}},
		},
		Local: project.Local{Scheme: "pond", File: "catchment.pond", Tip: "?deep=yes"},
	}
}

func TestWarehouseWithoutSQL(t *testing.T) {
	d := lakes()
	if got := d.Dialects(); len(got) != 0 {
		t.Errorf("speaks %q", got)
	}
	if got := d.Adopters(); !slices.Equal(got, []string{"Pond"}) {
		t.Errorf("%q adopt", got)
	}
	if got := d.Servers(); !slices.Equal(got, []string{"lake://..."}) {
		t.Errorf("servers %q", got)
	}
	known := d.Known()
	if known.Local != "pond:catchment.pond" || known.Tip != "?deep=yes" ||
		!slices.Equal(known.Files, []string{"pond"}) || !maps.Equal(known.Text, map[string]string{"lake": "Lake"}) {
		t.Errorf("%+v", known)
	}
}

func TestOpenWarehouse(t *testing.T) {
	for url, want := range map[string]string{
		"pond:deep/down": "no water at deep/down",
		"sea://north":    "warehouse.url: no driver for sea",
	} {
		p := project.New(project.World{Drivers: lakes()}, &flow.File{Warehouse: flow.Warehouse{URL: url}})
		err := p.OpenWarehouse()
		if err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", url, err, want)
		}
		if p.Warehouse != nil {
			t.Errorf("%s: %v is open", url, p.Warehouse)
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
		if hint := plan.HintOf(err); url == "sea://north" && hint != "this program has: lake, pond" {
			t.Errorf("hint %q", hint)
		}
	}
}

// The longest scheme that a URL begins with is its own, whatever the others are.
func TestSchemesOfWarehouses(t *testing.T) {
	d := project.Drivers{Warehouses: map[string]project.WarehouseDriver{
		"lake": {}, "lake:north": {}, "pond": {Also: []string{"ponds", "lake:small"}},
	}}
	for url, want := range map[string]string{
		"lake:here":         "lake",
		"lake:north:a:b":    "lake:north",
		"lake:northern":     "lake",
		"lake:small:":       "pond",
		"ponds:many":        "pond",
		"ponds":             "pond",
		"lakes:here":        "",
		"lake-north:a":      "",
		"sea:lake:north:ab": "",
		"":                  "",
	} {
		if got := d.Scheme(url); got != want {
			t.Errorf("%q is of %q, want %q", url, got, want)
		}
	}
}

// A lake that functions don't reach is told apart from a warehouse that no network reaches.
func TestLakesAreNotDeployed(t *testing.T) {
	d := lakes()
	d.Warehouses["sea"] = project.WarehouseDriver{Title: "Sea", Lake: true}
	for url, want := range map[string]string{
		"sea:north": "warehouse.url is a lake, which no template makes functions for yet",
		"pond:here": "warehouse.url is a warehouse that AWS can't reach",
	} {
		if _, err := d.Reach(url); plan.ClassOf(err) != plan.Fix || err.Error() != want {
			t.Errorf("%s: %v", url, err)
		}
	}
}
