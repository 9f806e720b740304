// Package reach has the words for how functions on AWS get to a warehouse: each
// driver tells it of its URLs, and deployment makes roles of it. It knows no
// warehouse, and grants nothing by itself. Start at Way.
package reach

// A Way is what functions on AWS need for one warehouse.
type Way struct {
	// Password: it is reached over a socket, with a password of Secrets Manager.
	Password bool

	// Rights are those of who sends statements by a service of AWS.
	Rights []Right

	// Secret is the ARN of what the service logs in with, for its callers.
	Secret string

	// Parameter is what no URL says and a right names; its Name is "" for nothing.
	Parameter Parameter

	// Files: it reads pages out of S3 by itself, by a role of its own, and a list of
	// them is put beside. FilesIn is where, as bucket/prefix; "" for beside the pages.
	Files   bool
	FilesIn string

	// Upkeep: its tables are made of files, which a step of each run keeps few.
	Upkeep bool

	// Job are the arguments by which a job of somebody else's can CALL
	// consolidated_of_tables(); nil where none can.
	Job map[string]string
}

// A Right is an action, what it is done to, and why.
type Right struct {
	Action string
	On     string // an ARN as Sub of CloudFormation reads it; "" where the action knows no resources
	Why    string
}

// A Parameter is one of the template.
type Parameter struct{ Name, Default, Description string }
