package readers

// bigquery reads a database of Glue as a dataset that follows it.
func bigquery() engine {
	e := engine{
		name: "bigquery", title: "BigQuery", text: escaped, column: plain,
		ways:  map[catalog]func(names) way{glue: byBigQuery},
		names: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_",
		notes: []string{
			"Numbers are decimal(38, s): BigQuery makes NUMERIC or BIGNUMERIC of them, by their scale.",
			"Datasets can't be moved: all of it has to be in one location.",
		},
	}
	e.dialect.Quotes = "`"
	return e
}

func byBigQuery(n names) way {
	const project, connection = "YOUR_PROJECT", "YOUR_CONNECTION"
	region, account := or(n.region, aRegion), or(n.account, anAccount)
	at, database := "aws-"+region, "aws-glue://arn:aws:glue:"+region+":"+account+":database/"+n.schema
	return way{
		tables: []string{n.tables}, views: []string{n.live},
		statements: []string{
			"CREATE EXTERNAL SCHEMA IF NOT EXISTS " + n.path(n.tables) + "\nWITH CONNECTION " +
				n.path(project, at, connection) + "\nOPTIONS (external_source = " + n.text(database) +
				",\n  location = " + n.text(at) + ")",
			"CREATE SCHEMA IF NOT EXISTS " + n.path(n.live) + "\nOPTIONS (location = " + n.text(at) + ")",
		},
		replace: append(n.unknown(anAccount, aRegion), word{project, "the project of Google Cloud"},
			word{connection, "a connection to AWS in location " + at + ", whose role has the rights " + n.rights()}),
	}
}
