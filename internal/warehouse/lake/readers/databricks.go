package readers

import "catchment/internal/warehouse/shape"

// databricks reads what Glue lists as a foreign catalog of Unity Catalog.
func databricks() engine {
	e := engine{
		name: "databricks", title: "Databricks", text: escaped, column: plain,
		ways: map[catalog]func(names) way{glue: byDatabricks},
		lacks: map[shape.Kind]string{
			shape.Time: "Left out, since Spark reads no time of day; where it refuses the table for its sake, leave " +
				"the field out of the flow",
		},
		notes: []string{"Grant USE CATALOG, USE SCHEMA and SELECT on the views to who is to read."},
	}
	e.dialect.Quotes = "`"
	return e
}

func byDatabricks(n names) way {
	const key, root = "YOUR_CREDENTIAL", "s3://YOUR_UNITY_PLACE"
	location := or(n.location, aLocation)
	return way{
		tables: []string{n.tables, n.schema}, views: []string{aCatalog, n.live},
		statements: []string{
			"CREATE CONNECTION IF NOT EXISTS " + n.path(n.tables) + " TYPE glue\nOPTIONS (aws_region " +
				n.text(or(n.region, aRegion)) + ",\n  aws_account_id " + n.text(or(n.account, anAccount)) +
				",\n  credential " + n.text(key) + ")",
			"CREATE FOREIGN CATALOG IF NOT EXISTS " + n.path(n.tables) + " USING CONNECTION " + n.path(n.tables) +
				"\nOPTIONS (authorized_paths " + n.text(location) + ",\n  storage_root " + n.text(root) + ")",
			"CREATE SCHEMA IF NOT EXISTS " + n.path(aCatalog, n.live),
		},
		replace: append(n.unknown(anAccount, aRegion, aLocation),
			word{key, "a service credential of Unity Catalog, whose role has the rights " + n.rights()},
			word{root, "a place of Unity Catalog's own, outside of the lake, for what it knows of Iceberg tables"},
			word{aCatalog, "a catalog of Unity Catalog, for the views"}),
		notes: []string{"An external location has to cover " + location + "; one that is READ ONLY is enough."},
	}
}
