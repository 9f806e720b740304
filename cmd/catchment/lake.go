package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"catchment/internal/project"
	"catchment/internal/warehouse"
	"catchment/internal/warehouse/duckdb"
	"catchment/internal/warehouse/lake"
	ours "catchment/internal/warehouse/lake/columns"
	"catchment/internal/warehouse/lake/folder"
	"catchment/internal/warehouse/lake/live"
	"catchment/internal/warehouse/lake/tables"
	"catchment/internal/warehouse/query"
)

// queried is a lake's driver that answers statements, too: DuckDB is in this program.
func queried(d project.WarehouseDriver, open func(url string) (lake.Place, error)) project.WarehouseDriver {
	d.Query = func(url string, o warehouse.Options) (query.Session, error) {
		at, err := open(url)
		if err != nil {
			return nil, err
		}
		return &lakeQuery{duckdb.QueryOver(live.Tables(at, o.Schema), o.Schema), at}, nil
	}
	return d
}

// A lakeQuery is a session that gives its lake back.
type lakeQuery struct {
	query.Session
	at lake.Place
}

// Close ends both.
func (q *lakeQuery) Close() error { return errors.Join(q.Session.Close(), q.at.Close()) }

// engines are the lines by which others count the live rows of a table of a lake in a folder.
func engines(path, namespace, name string) (lines []string, err error) {
	at, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	p, err := folder.Read(at)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, p.Close()) }()
	t, err := (&tables.Lake{Catalog: p.Catalog}).Find(context.Background(), tables.Name(namespace, name))
	if err != nil {
		return nil, err
	}

	catalog, live := filepath.Join(at, folder.File), ours.Deleted+" IS NULL"
	return []string{
		"DuckDB:    INSTALL iceberg; LOAD iceberg;",
		fmt.Sprintf("           SELECT count(*) FROM iceberg_scan('%s') WHERE %s;", t.MetadataLocation(), live),
		`PyIceberg: pip install "pyiceberg[pyarrow,sql-sqlite]"`,
		"           from pyiceberg.catalog.sql import SqlCatalog",
		fmt.Sprintf(`           SqlCatalog("%s", uri="sqlite:///%s")`, folder.Name, catalog) +
			fmt.Sprintf(`.load_table("%s.%s").scan("%s").count()`, namespace, name, live),
		`PySpark:   pyspark --packages ` +
			`org.apache.iceberg:iceberg-spark-runtime-3.5_2.12:1.10.0,org.xerial:sqlite-jdbc:3.50.3.0 \`,
		`             --conf spark.sql.catalog.lake=org.apache.iceberg.spark.SparkCatalog \`,
		`             --conf spark.sql.catalog.lake.type=jdbc \`,
		`             --conf spark.sql.catalog.lake.jdbc.schema-version=V1 \`,
		`             --conf spark.sql.catalog.lake.uri=jdbc:sqlite:` + catalog + ` \`,
		`             --conf spark.sql.catalog.lake.warehouse=file://` + at,
		fmt.Sprintf(`           spark.table("lake.%s.%s").where("%s").count()`, namespace, name, live),
	}, nil
}
