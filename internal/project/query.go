package project

import (
	"strings"

	"catchment/internal/plan"
	"catchment/internal/warehouse/query"
)

// OpenQuery opens what answers statements about the warehouse. Nothing is made or changed, and no
// right given: who asks may have the right to read alone. Its caller closes it.
func (p *Project) OpenQuery() (query.Session, error) {
	driver, path, err := p.Drivers.warehouse(p.File.Warehouse.URL)
	if err != nil {
		return nil, err
	}
	if driver.Query == nil {
		return nil, plan.Fixf("ask with a tool of its own, as a user who may only read; catchment query asks "+
			strings.Join(p.Drivers.Queried(), " and "),
			"catchment query doesn't ask %s: it isn't known how to have any statement there read only", driver.Title)
	}
	return driver.Query(path, p.WarehouseOptions())
}
