package cloud

import (
	"fmt"
	"os"

	"catchment/internal/printable"
	"catchment/internal/project"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/postgres"
	"catchment/internal/warehouse/query"
	"catchment/internal/warehouse/reach"
	"catchment/internal/warehouse/redshift"
	"catchment/internal/warehouse/sql"
	"catchment/internal/warehouse/sql/statements"
)

// warehouses are those that another machine reaches, by the scheme of their URLs.
func (a *AWS) warehouses() map[string]project.WarehouseDriver {
	return map[string]project.WarehouseDriver{
		"iceberg:rest": a.lakeByREST(),
		"iceberg:glue": a.lakeByGlue(),
		"postgres": {
			Title: "PostgreSQL",
			Also:  []string{"postgresql"},
			Check: func(place string) error { return postgres.CheckURL("postgres:" + place) },
			Open: func(place string, o warehouse.Options) (warehouse.Warehouse, error) {
				driver, err := postgres.Open("postgres:"+place, postgres.Options{Lookup: a.lookup()})
				if err != nil {
					return nil, err
				}
				return sql.New(driver, o), nil
			},
			Script: func(string) warehouse.Scripter { return statements.NewScripter(postgres.Dialect()) },
			Adopts: true,
			Query: func(place string, o warehouse.Options) (query.Session, error) {
				return postgres.OpenQuery("postgres:"+place, o.Schema, postgres.Options{})
			},
			Reach: func(string) (reach.Way, error) { return reach.Way{Password: true}, nil },
		},
		"redshift":      a.redshiftBy("redshift:", redshift.CheckWire, redshift.Open, redshift.ReachWire),
		"redshift-data": a.redshiftBy("redshift-data:", redshift.CheckData, redshift.OpenData, redshift.ReachData),
	}
}

// redshiftBy is Redshift by one of its ways. What it tells of is no result, and is
// told where a person or a log looks.
func (a *AWS) redshiftBy(
	scheme string, check func(url string) error, open func(url string, o redshift.Options) (sql.Driver, error),
	way func(url string) (reach.Way, error),
) project.WarehouseDriver {
	options := redshift.Options{AWS: a.config, Report: func(c redshift.Cut) {
		fmt.Fprintf(os.Stderr, "page %s: %d texts of column %s were cut off at 65,535 bytes, or end just there\n",
			printable.Line(c.Page), c.Texts, printable.Line(c.Column))
	}}
	return project.WarehouseDriver{
		Title: "Redshift",
		Check: func(place string) error { return check(scheme + place) },
		Open: func(place string, o warehouse.Options) (warehouse.Warehouse, error) {
			options := options
			options.Lookup = a.lookup()
			driver, err := open(scheme+place, options)
			if err != nil {
				return nil, err
			}
			return sql.New(driver, o), nil
		},
		Script: func(text string) warehouse.Scripter { // the way there makes no other SQL
			return statements.NewScripter(redshift.Dialect(redshift.LongText(text)))
		},
		Text:   true,
		Adopts: true,
		Reach:  func(place string) (reach.Way, error) { return way(scheme + place) },
	}
}

// local is the warehouse of one machine. The program that has its driver adds it;
// the other knows what a configuration means that names none.
func local() project.Local {
	return project.Local{
		Scheme: "duckdb", File: "catchment.duckdb", Tip: "?memory_limit=2GB&threads=2 leaves room on a small machine",
	}
}
