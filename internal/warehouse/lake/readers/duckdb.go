package readers

import "catchment/internal/warehouse/sql/dialect"

// duckdb reads by its extension for Iceberg.
func duckdb() engine {
	return engine{
		name: "duckdb", title: "DuckDB", text: dialect.Literal, column: plain,
		ways: map[catalog]func(names) way{glue: glueByDuckDB, s3Tables: bucketByDuckDB, rest: restByDuckDB},
		notes: []string{
			"Extension, secret and ATTACH are of a session: execute all but the views in each.",
		},
	}
}

// attached is the way by a catalog that is attached under a name, with a secret.
func (n names) attached(secret, warehouse, options string) way {
	w := way{tables: []string{n.tables, n.schema}, views: []string{n.live}}
	w.statements = []string{"INSTALL iceberg", "LOAD iceberg", "INSTALL httpfs", "LOAD httpfs"}
	if n.catalog != rest {
		w.statements = append(w.statements, "INSTALL aws", "LOAD aws")
	}
	if secret != "" {
		w.statements = append(w.statements, "CREATE OR REPLACE SECRET "+n.path(n.tables)+" ("+secret+")")
	}
	w.statements = append(w.statements,
		"ATTACH IF NOT EXISTS "+n.text(warehouse)+" AS "+n.path(n.tables)+" (TYPE iceberg, "+options+")",
		"CREATE SCHEMA IF NOT EXISTS "+n.path(n.live))
	return w
}

// chain is a secret of whoever AWS's own tools would be.
func (n names) chain() string {
	return "TYPE s3, PROVIDER credential_chain, REGION " + n.text(or(n.region, aRegion))
}

func glueByDuckDB(n names) way {
	w := n.attached(n.chain(), or(n.account, anAccount), "ENDPOINT_TYPE 'glue'")
	w.replace = n.unknown(anAccount, aRegion)
	w.notes = []string{"Who asks needs the rights glue:GetCatalog and " + n.rights() + "."}
	return w
}

func bucketByDuckDB(n names) way {
	w := n.attached(n.chain(), n.tableBucket(), "ENDPOINT_TYPE 's3_tables'")
	w.replace = n.unknown(anAccount, aRegion, aBucket)
	return w
}

func restByDuckDB(n names) way {
	secret, options := "", "ENDPOINT "+n.text(n.url)
	switch n.login {
	case credential:
		secret = "TYPE iceberg, CLIENT_ID " + n.text(aClient) + ", CLIENT_SECRET " + n.text(aSecret)
		if n.oauth != "" {
			secret += ", OAUTH2_SERVER_URI " + n.text(n.oauth)
		}
		if n.scope != "" {
			secret += ", OAUTH2_SCOPE " + n.text(n.scope)
		}
	case token:
		secret = "TYPE iceberg, TOKEN " + n.text(aToken)
	}
	if secret != "" {
		options += ", SECRET " + n.path(n.tables)
	} else {
		options += ", AUTHORIZATION_TYPE 'none'"
	}
	w := n.attached(secret, or(n.warehouse, aWarehouse), options)
	w.replace = append(n.unknown(aWarehouse), n.asks()...)
	return w
}
