package flow

import "github.com/goccy/go-yaml/ast"

// AppFlow is how Amazon AppFlow lands records, for flows whose mover it is.
type AppFlow struct {
	Salesforce string // connector profiles
	Redshift   string
	Bucket     string // AppFlow's intermediate bucket
	Prefix     string // in it
	Deployment string // tells the flows of this catchment from another one's
	Lasting    bool   // one flow for each object, changed before each run, not one in a stack for each attempt
	Apart      bool   // it lands in a table of its own, not in the staging table beside our columns
	given      bool
}

// needsAppFlow is what a flow by AppFlow lacks without its section.
const needsAppFlow = "appflow needs a section appflow with the keys salesforce, redshift and bucket"

func (a *AppFlow) form() form {
	keys := []key{
		{name: "salesforce", needed: true, about: "AppFlow's connection to Salesforce",
			form: plain(&a.Salesforce), example: "sf-prod"},
		{name: "redshift", needed: true, about: "AppFlow's connection to the warehouse",
			form: plain(&a.Redshift), example: "dwh"},
		{name: "bucket", needed: true, about: "AppFlow's intermediate bucket",
			form: plain(&a.Bucket), example: "acme-appflow"},
		{name: "prefix", about: "The folder in the bucket", form: plain(&a.Prefix), example: "catchment"},
		{name: "deployment", about: "Tells the flows of this catchment from another one's",
			form: plain(&a.Deployment), example: "prod"},
		{name: "flows", about: "One flow in a stack for each attempt, or one that lasts for each object",
			form: either(&a.Lasting, "stack", "lasting"), otherwise: "stack", example: "lasting"},
		{name: "landing", about: "In the staging table beside our columns, or in a table of its own",
			form: either(&a.Apart, "staging", "apart"), otherwise: "staging", example: "apart"},
	}
	f := section(keys)
	read := f.read
	f.read = func(r *reader, at string, n ast.Node) {
		a.given = true
		read(r, at, n)
	}
	return f
}
