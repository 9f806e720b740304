package project

import (
	"catchment/internal/plan"
)

// ReaderFor is what tells an engine of others how to read the warehouse where it is. Nothing is opened.
func (p *Project) ReaderFor(engine string) (Reader, error) {
	driver, path, err := driverOf(p.Drivers.Warehouses, "warehouse.url", p.File.Warehouse.URL)
	if err != nil {
		return nil, err
	}
	if driver.Reader == nil {
		return nil, plan.Fixf("leave --external out for the SQL of a run; engines of others read a lake, as "+
			"warehouse.url: iceberg:glue:s3://BUCKET/PREFIX (docs/howto/lake.md)",
			"warehouse.url is %s, whose tables no engine but itself reads where they are", driver.Title)
	}
	return driver.Reader(path, engine)
}
