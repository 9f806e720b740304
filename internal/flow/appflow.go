package flow

import "github.com/goccy/go-yaml/ast"

// AppFlow is how Amazon AppFlow lands records, for flows whose mover it is.
type AppFlow struct {
	Files      bool   // it leaves files in S3, which are loaded into any warehouse, instead of rows in one
	Salesforce string // connector profiles
	Redshift   string // "" where the destination is S3
	Bucket     string // AppFlow's intermediate bucket, or that of the files
	Parquet    bool   // the format of the files; else they are CSV
	Prefix     string // in it
	Deployment string // tells the flows of this catchment from another one's
	Lasting    bool   // one flow for each object, changed before each run, not one in a stack for each attempt
	Apart      bool   // it lands in a table of its own, not in the staging table beside our columns
	given      bool
}

// needsAppFlow is what a flow by AppFlow lacks without its section.
const needsAppFlow = "appflow needs a section appflow with the keys salesforce, redshift and bucket, " +
	"or with destination: s3 and the keys salesforce and bucket"

func (a *AppFlow) form() form {
	keys := []key{
		{name: "destination", about: "Rows that land in Redshift, or files in S3 for any warehouse",
			form: either(&a.Files, "redshift", "s3"), otherwise: "redshift", example: "s3"},
		{name: "salesforce", needed: true, about: "AppFlow's connection to Salesforce",
			form: plain(&a.Salesforce), example: "sf-prod"},
		{name: "redshift", about: "AppFlow's connection to the warehouse; needed where rows land in it",
			form: plain(&a.Redshift), example: "dwh"},
		{name: "bucket", needed: true, about: "AppFlow's intermediate bucket, or that of the files",
			form: plain(&a.Bucket), example: "acme-appflow"},
		{name: "format", about: "How AppFlow writes files; goes with destination: s3",
			form: either(&a.Parquet, "csv", "parquet"), otherwise: "csv", example: "parquet"},
		{name: "prefix", about: "The folder in the bucket", form: plain(&a.Prefix), example: "catchment"},
		{name: "deployment", about: "Tells the flows of this catchment from another one's",
			form: plain(&a.Deployment), example: "prod"},
		{name: "flows", about: "One flow in a stack for each attempt, or one that lasts for each object",
			form: either(&a.Lasting, "stack", "lasting"), otherwise: "stack", example: "lasting"},
		{name: "landing", about: "In the staging table beside our columns, or in a table of its own",
			form: either(&a.Apart, "staging", "apart"), otherwise: "staging", example: "apart"},
	}
	toS3 := has("destination", shape{"const": "s3"})
	f := sectionThen(keys, a.agree,
		shape{"if": toS3, "then": lacks("redshift", "landing"),
			"else": shape{"required": []string{"redshift"}, "not": shape{"required": []string{"format"}}}})
	read := f.read
	f.read = func(r *reader, at string, n ast.Node) {
		a.given = true
		read(r, at, n)
	}
	return f
}

// agree holds the keys against the destination: each has its own.
func (a *AppFlow) agree(r *reader, at string, n ast.Node, found map[string]ast.Node) {
	to, strangers := "redshift", []string{"format"}
	if a.Files {
		to, strangers = "s3", []string{"redshift", "landing"}
	} else if found["redshift"] == nil {
		r.missing(n, at, "redshift")
	}
	for _, key := range strangers {
		if value := found[key]; value != nil {
			r.problem(value, at+"."+key, "doesn't go with destination: %s; leave it out", to)
		}
	}
}
