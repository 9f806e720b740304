package project

import (
	"catchment/internal/plan"
	"catchment/internal/warehouse"
)

// A Reader writes down how an engine of others reads a warehouse where it is.
type Reader interface {
	// Opening makes its tables visible there.
	Opening(o warehouse.Options) string
	// View has the live rows of one of them.
	View(o warehouse.Options, p warehouse.Procedure) (string, error)
}

// ReaderFor is what tells an engine of others how to read the warehouse of a URL. Nothing is opened.
func (d Drivers) ReaderFor(url, engine string) (Reader, error) {
	driver, path, err := d.warehouse(url)
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
