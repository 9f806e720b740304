package readers

import (
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// athena reads what the catalog of Glue lists, without more.
func athena() engine {
	return engine{
		name: "athena", title: "Athena", text: dialect.Literal, column: inUTC,
		ways: map[catalog]func(names) way{glue: byAthena, s3Tables: bucketByAthena},
		lacks: map[shape.Kind]string{
			shape.Time: "Left out, since Athena lists no type for it (a time of day)",
		},
		notes: []string{
			"Athena takes one statement at a time.",
			"Moments are in UTC, and without a zone: a view in Glue's catalog has no type that says one.",
		},
	}
}

// inUTC is a column as a view in Glue's catalog can have it.
func inUTC(e engine, c shape.Column) string {
	quoted := plain(e, c)
	if c.Kind == shape.Timestamp {
		return "CAST(" + quoted + " AS timestamp(6)) AS " + quoted
	}
	return quoted
}

// byAthena is the way by a database of Glue, which Athena knows; that of another account under a name of its own.
func byAthena(n names) way {
	// Hive's DDL quotes otherwise than the SQL of views.
	hive := dialect.Dialect{Quotes: "`"}
	w := way{
		tables: []string{n.schema}, views: []string{n.live},
		statements: []string{"CREATE DATABASE IF NOT EXISTS " + hive.Quote(n.live)},
	}
	if n.account != "" {
		w.tables = []string{aCatalog, n.schema}
		w.replace = []word{{aCatalog, "what Athena calls the catalog of account " + n.account + ", which is " +
			"registered there as a data source; leave it out where that is your own"}}
	}
	return w
}

// bucketByAthena is the way to S3 Tables, by the catalog that Glue has of them.
func bucketByAthena(n names) way {
	w := byAthena(n)
	w.tables = []string{"s3tablescatalog/" + or(n.bucket, aBucket), n.schema}
	w.replace = n.unknown(aBucket)
	w.notes = []string{"The table bucket has to be integrated with AWS analytics services, by which Glue has the " +
		"catalog s3tablescatalog; Lake Formation says who may read there."}
	return w
}
