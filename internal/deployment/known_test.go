package deployment_test

import (
	"strings"

	"catchment/internal/deployment"
	"catchment/internal/flow"
	"catchment/internal/plan"
	"catchment/internal/warehouse/reach"
	"catchment/internal/warehouse/redshift"
)

// known are the warehouses of both programs, as cmd lists them.
type known struct{}

func (known) Servers() []string { return []string{"postgres://..."} }

func (known) Reach(url string) (reach.Way, error) {
	switch scheme, _, _ := strings.Cut(url, ":"); scheme {
	case "redshift":
		return redshift.ReachWire(url)
	case "redshift-data":
		return redshift.ReachData(url)
	case "postgres":
		return reach.Way{Password: true}, nil
	}
	return reach.Way{}, plan.Fixf("write postgres://...", "no such warehouse")
}

// render renders for these.
func render(file *flow.File) (deployment.Files, error) { return deployment.Render(file, known{}) }
