package project_test

import (
	"errors"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"catchment/internal/blob"
	"catchment/internal/blob/dir"
	"catchment/internal/control/sqlite"
	"catchment/internal/control/versioned"
	"catchment/internal/flow"
	"catchment/internal/project"
	"catchment/internal/replicate"
	"catchment/internal/warehouse"
)

// What a step has no need of isn't opened: publish comes to its end where neither the
// org's secrets nor the warehouse can be reached, and drop without the warehouse.
func TestOpenForAStep(t *testing.T) {
	t.Parallel()
	noWarehouse := errors.New("no warehouse")
	folder := t.TempDir()
	file := &flow.File{Warehouse: flow.Warehouse{URL: "lake:"}, Stage: flow.Stage{URL: "dir:" + folder},
		Control: flow.Control{URL: "sqlite:" + filepath.Join(folder, "control.db")},
		Org: flow.Org{URL: "https://acme.my.salesforce.com", APIVersion: "66.0",
			Login: flow.Login{Flow: "token", Token: "env:TOKEN"}}}
	world := func(readable bool) project.World {
		return project.World{
			Now: time.Now, HTTP: http.DefaultClient,
			Getenv: func(string) string {
				if !readable {
					t.Error("a secret was read")
				}
				return "00D!token"
			},
			Drivers: project.Drivers{
				Warehouses: map[string]project.WarehouseDriver{"lake": {
					Open: func(string, warehouse.Options) (warehouse.Warehouse, error) { return nil, noWarehouse }}},
				Stages: map[string]func(string) (blob.Store, error){
					"dir": func(path string) (blob.Store, error) { return dir.New(path) }},
				Controls: map[string]func(string) (versioned.Table, error){
					"sqlite": func(path string) (versioned.Table, error) { return sqlite.Open(path) }},
			},
		}
	}
	for step, want := range map[string]error{replicate.Publish: nil, replicate.Drop: nil, replicate.Load: noWarehouse,
		replicate.List: noWarehouse, replicate.Consolidate: noWarehouse} {
		p := project.New(world(step != replicate.Publish), file)
		if err := p.OpenFor(t.Context(), replicate.NeedsOf(step)); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", step, err, want)
		}
		if step == replicate.Publish && p.Org != nil {
			t.Error("publish has a client of the org")
		}
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
}
