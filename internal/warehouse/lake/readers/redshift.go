package readers

import (
	"catchment/internal/warehouse/shape"
	"catchment/internal/warehouse/sql/dialect"
)

// redshift reads by Spectrum, or Serverless by itself, what the catalog of Glue lists.
func redshift() engine {
	return engine{
		name: "redshift", title: "Redshift", text: dialect.Literal, column: plain, view: "\nWITH NO SCHEMA BINDING",
		ways: map[catalog]func(names) way{
			glue:     func(n names) way { return n.spectrum(n.schema) },
			s3Tables: bucketBySpectrum,
		},
		lacks: map[shape.Kind]string{
			shape.Time: "Left out, since Redshift knows no such column of Iceberg (a time of day)",
		},
		longest: 16384,
		notes: []string{
			"Who is to read needs USAGE on both schemas, and SELECT on the views.",
			"Where a column came or went, Redshift may refuse to replace a view: drop it first, and grant it anew.",
		},
	}
}

// spectrum is the way by an external schema over a database of the catalog.
func (n names) spectrum(database string) way {
	external := "CREATE EXTERNAL SCHEMA IF NOT EXISTS " + n.path(n.tables) + "\nFROM DATA CATALOG DATABASE " +
		n.text(database) + "\nREGION " + n.text(or(n.region, aRegion)) + "\nIAM_ROLE " + n.text(n.role())
	if n.account != "" {
		external += "\nCATALOG_ID " + n.text(n.account)
	}
	return way{
		tables: []string{n.tables}, views: []string{n.live},
		statements: []string{external, "CREATE SCHEMA IF NOT EXISTS " + n.path(n.live)},
		replace: append(n.unknown(anAccount, aRegion), word{aRole,
			"a role that Redshift has and may take, with the rights " + n.rights()}),
		notes: []string{"Redshift has to be in the region of the files."},
	}
}

// bucketBySpectrum is the way to S3 Tables, whose namespaces are reached by a link in the account's own catalog.
func bucketBySpectrum(n names) way {
	const link = "YOUR_LINK"
	w := n.spectrum(link)
	w.replace = append(n.unknown(anAccount, aRegion), word{link, "a resource link of the account's own catalog to " +
		"namespace " + n.schema + " of table bucket " + or(n.bucket, aBucket) + ", made in Lake Formation"},
		word{aRole, "a role that Redshift has and may take, which Lake Formation lets DESCRIBE and SELECT there"})
	return w
}
