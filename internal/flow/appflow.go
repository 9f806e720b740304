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

func (r *reader) appflow(at string, n ast.Node, a *AppFlow) {
	*a = AppFlow{given: true}
	found := r.mapping(at, n, []key{
		{"salesforce", plain(&a.Salesforce)}, {"redshift", plain(&a.Redshift)},
		{"bucket", plain(&a.Bucket)}, {"prefix", plain(&a.Prefix)}, {"deployment", plain(&a.Deployment)},
		{"flows", either(&a.Lasting, "stack", "lasting")},
		{"landing", either(&a.Apart, "staging", "apart")},
	})
	r.required(n, at, found, "salesforce", "redshift", "bucket")
}

// needsAppFlow is what a flow by AppFlow lacks without its section.
const needsAppFlow = "appflow needs a section appflow with the keys salesforce, redshift and bucket"
