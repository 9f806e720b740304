package readers

import (
	"strings"

	"catchment/internal/warehouse/sql/dialect"
)

// trino reads by a catalog of its connector for Iceberg.
func trino() engine {
	return engine{
		name: "trino", title: "Trino", text: dialect.Literal, column: plain,
		ways: map[catalog]func(names) way{glue: glueByTrino, s3Tables: bucketByTrino, rest: restByTrino},
		notes: []string{
			"CREATE CATALOG needs catalog.management=dynamic. Without it the same lines go into " +
				"etc/catalog/NAME.properties, with connector.name=iceberg.",
			"Older releases, 475 among them, call fs.s3.enabled fs.native-s3.enabled.",
		},
	}
}

// connected is the way by some properties of a catalog.
func (n names) connected(properties ...[2]string) way {
	var lines []string
	for _, p := range properties {
		lines = append(lines, n.dialect.Quote(p[0])+" = "+n.text(p[1]))
	}
	w := way{tables: []string{n.tables, n.schema}, views: []string{n.tables, n.live}}
	w.statements = []string{
		"CREATE CATALOG IF NOT EXISTS " + n.path(n.tables) + " USING iceberg\nWITH (" +
			strings.Join(lines, ",\n  ") + ")",
		"CREATE SCHEMA IF NOT EXISTS " + n.path(w.views...),
	}
	return w
}

func glueByTrino(n names) way {
	at := or(n.region, aRegion)
	properties := [][2]string{{"iceberg.catalog.type", "glue"}, {"hive.metastore.glue.region", at},
		{"fs.s3.enabled", "true"}, {"s3.region", at}}
	if n.account != "" {
		properties = append(properties, [2]string{"hive.metastore.glue.catalogid", n.account})
	}
	w := n.connected(properties...)
	w.replace = n.unknown(aRegion)
	w.notes = []string{"Trino needs the rights " + n.rights() + "; for the views also glue:CreateDatabase, " +
		"CreateTable and UpdateTable on database " + n.live + "."}
	return w
}

func bucketByTrino(n names) way {
	at := or(n.region, aRegion)
	w := n.connected([][2]string{{"iceberg.catalog.type", "rest"},
		{"iceberg.rest-catalog.uri", "https://s3tables." + at + ".amazonaws.com/iceberg"},
		{"iceberg.rest-catalog.warehouse", n.tableBucket()}, {"iceberg.rest-catalog.security", "SIGV4"},
		{"iceberg.rest-catalog.signing-name", "s3tables"}, {"iceberg.rest-catalog.view-endpoints-enabled", "false"},
		{"fs.s3.enabled", "true"}, {"s3.region", at}}...)
	w.views = []string{aCatalog, n.live}
	w.statements[1] = "CREATE SCHEMA IF NOT EXISTS " + n.path(w.views...)
	w.replace = append(n.unknown(anAccount, aRegion, aBucket),
		word{aCatalog, "a catalog of Trino that takes views, which S3 Tables don't"})
	return w
}

func restByTrino(n names) way {
	properties := [][2]string{{"iceberg.catalog.type", "rest"}, {"iceberg.rest-catalog.uri", n.url}}
	if n.warehouse != "" {
		properties = append(properties, [2]string{"iceberg.rest-catalog.warehouse", n.warehouse})
	}
	switch n.login {
	case credential:
		properties = append(properties, [2]string{"iceberg.rest-catalog.security", "OAUTH2"},
			[2]string{"iceberg.rest-catalog.oauth2.credential", aClient + ":" + aSecret})
	case token:
		properties = append(properties, [2]string{"iceberg.rest-catalog.security", "OAUTH2"},
			[2]string{"iceberg.rest-catalog.oauth2.token", aToken})
	}
	if n.scope != "" {
		properties = append(properties, [2]string{"iceberg.rest-catalog.oauth2.scope", n.scope})
	}
	if n.oauth != "" {
		properties = append(properties, [2]string{"iceberg.rest-catalog.oauth2.server-uri", n.oauth})
	}
	if n.schema != strings.ToLower(n.schema) { // Trino asks for names in small letters, however they are quoted
		properties = append(properties, [2]string{"iceberg.rest-catalog.case-insensitive-name-matching", "true"})
	}
	properties = append(properties, [2]string{"fs.s3.enabled", "true"}, [2]string{"s3.region", aRegion})
	w := n.connected(properties...)
	w.replace = append([]word{{aRegion, "the AWS region that the files are in"}}, n.asks()...)
	w.notes = []string{"Where the catalog takes no views, make them in another one of Trino's."}
	return w
}
